"""The master keys that are valid at once: one for what is new, older ones to unwrap with."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from stream_verifier.errors import KeyMismatchError
from stream_verifier.identities.legacy import LegacyVault
from stream_verifier.identities.master import LocalKey, MasterKey


class KeyRing:
    """Finds a master key by its id.

    Which key a store is under is for its ledger to say, so that all processes change over at once;
    the first of the ring is what a new store, or a rotation, takes.

    Args:
        keys: the first is the one to change to; one at least.
        reload: reads the keys again when one is missing: a rotation may have put a new one into
            the file since. May block as a disk does.
    """

    def __init__(
        self, keys: Sequence[MasterKey], *, reload: Callable[[], Sequence[MasterKey]] | None = None
    ) -> None:
        self._keys = tuple(keys)
        self._reload = reload

    @property
    def first(self) -> MasterKey:
        """What a new store is under, and a rotation changes to."""
        return self._keys[0]

    @property
    def ids(self) -> list[str]:
        """Ids of all keys, the first one first."""
        return [one.key_id for one in self._keys]

    def get(self, key_id: str) -> MasterKey:
        """The key of an id.

        Raises:
            KeyMismatchError: it is not there.
        """
        found = self._find(key_id)
        if found is None and self._reload is not None:
            fresh = tuple(self._reload())
            known = {one.key_id for one in fresh}
            # Those that left the file stay for as long as this process: rows may be half way.
            self._keys = (*fresh, *(one for one in self._keys if one.key_id not in known))
            found = self._find(key_id)
        if found is None:
            raise self.other_key(key_id)
        return found

    def legacy(self, key_id: str) -> LegacyVault:
        """Opens what older releases sealed with a key.

        Raises:
            KeyMismatchError: it is not there, or lies in a device, where no old release had it.
        """
        found = self.get(key_id)
        if not isinstance(found, LocalKey):
            raise self.other_key(key_id)
        return found.legacy()

    def other_key(self, key_id: object) -> KeyMismatchError:
        """The error about a store, or a record, that is under a key which is not here."""
        # Somebody may have written anything into that column.
        shown = key_id if isinstance(key_id, str) and key_id.isalnum() else ascii(key_id)[:20]
        return KeyMismatchError(
            f"This was written with another key: the identity store needs key {shown}, and the "
            f"keys given are {', '.join(self.ids)}. Please give back the key file or the key "
            "setting it was made with, also as an old key beside a new one "
            "(STREAM_VERIFIER_OLD_KEYS). If that key is lost, so are the references under it: move "
            "the store and its ledger away and enrol again."
        )

    def _find(self, key_id: str) -> MasterKey | None:
        return next((one for one in self._keys if one.key_id == key_id), None)
