"""The ledger: which records of the store are current; pure.

A database can be put back from a copy, and a deleted person would be back with it. The ledger lies
outside of the database and names the one current record of each name. A record that it does not
name was deleted or replaced, however well it is sealed. Of the deleted it keeps nothing at all, so
that it never holds more entries than people.

Its entries lie in parts, each a file that is never changed and called by its digest; the ledger's
own file signs their digests. A change writes one part and that file, however many are enrolled.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from dataclasses import replace as _replace
from typing import Literal, TypeAlias, TypedDict

from stream_verifier.errors import LedgerError
from stream_verifier.identities.shards import Entry, Shard, Shards

Sign: TypeAlias = "Callable[[bytes], str]"
Load: TypeAlias = "Callable[[str], Shard]"
Standing: TypeAlias = Literal["current", "replaced", "deleted", "ahead"]
EntryPair: TypeAlias = "tuple[int, str]"
"""A record's version and id; a list in JSON."""
PendingPair: TypeAlias = "tuple[str, EntryPair | None]"
"""A name's look-up, and its record after the change; a list in JSON."""


class LedgerFields(TypedDict):
    """A whole ledger as JSON has it."""

    counter: int
    live: dict[str, EntryPair]
    pending: PendingPair | None


_MAGIC = b"stream-verifier-ledger-3"
_WHOLE_MAGIC = b"stream-verifier-ledger-2"
"""Of a release that had all entries in the one file."""
_OLD_MAGIC = b"stream-verifier-ledger-1"
SIGNATURE_CHARS = 64
HEADER_BYTES = len(_MAGIC) + 1 + SIGNATURE_CHARS + 1
"""It holds the signature of all that follows: the same header, the same ledger."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A change that was begun: the name's lookup, and its record afterwards (None: deleted)."""

    lookup: str
    after: Entry | None


@dataclass(frozen=True, slots=True)
class Ledger:
    """Which record of each name is current.

    Attributes:
        counter: the number of the newest change; a record's version is that of its storing.
        live: the current record of each name, by the hexadecimal lookup of the name.
        pending: the change under way. Whether it came about is for the database to say: there it
            is one transaction.
    """

    counter: int = 0
    live: Shards = field(default_factory=Shards)
    pending: Pending | None = None

    def begun(self, lookup: str, after: Entry | None) -> Ledger:
        """With a change of one name under way, the next in number."""
        return Ledger(self.counter + 1, self.live, Pending(lookup, after))

    def settled(self, found: Entry | None) -> Ledger:
        """Without the change under way, which came about if its record is what was found."""
        if self.pending is None or found != self.pending.after:
            return _replace(self, pending=None)
        return Ledger(self.counter, self.live.changed(self.pending.lookup, found))

    def standing(self, lookup: str, entry: Entry) -> Standing:
        """What a record is: current, replaced or deleted since, or ahead of this ledger."""
        current = self.live.get(lookup)
        if current == entry:
            return "current"
        if entry.version > self.counter:
            return "ahead"
        return "deleted" if current is None else "replaced"


@dataclass(frozen=True, slots=True)
class Written:
    """A ledger as it lies in its file; nothing in it is to be believed before it is checked.

    Attributes:
        old: whether it is of a release before wrapped keys, which had no secret in it.
        in_parts: whether its entries lie in parts, and not in it.
        key_ids: name the master keys that records may be under, the present one first.
        secret: the store's secret, wrapped by the first; empty in an old one.
        signature: 64 hexadecimal digits.
        signed: what they sign.
        body: the JSON.
    """

    old: bool
    in_parts: bool
    key_ids: tuple[str, ...]
    secret: bytes
    signature: str
    signed: bytes
    body: bytes

    def checked(self, sign: Sign, load: Load) -> Ledger:
        """The ledger.

        Args:
            sign: as in :func:`to_bytes`.
            load: gives the part of a digest.

        Raises:
            LedgerError: it is not as it was written.
        """
        if not hmac.compare_digest(sign(self.signed).encode(), self.signature.encode()):
            raise LedgerError("it is damaged or was changed")
        body = json.loads(self.body)
        if not self.in_parts:
            return from_json(body)
        live = Shards(tuple(map(load, body["parts"])))
        return Ledger(body["counter"], live, _pending_from_json(body["pending"]))


def to_bytes(ledger: Ledger, *, key_ids: Sequence[str], secret: bytes, sign: Sign) -> bytes:
    """Write a ledger without its parts: a line with the signature, one with key and secret, JSON.

    Args:
        ledger: what to write.
        key_ids: name the master keys that records may be under, the present one first.
        secret: the store's secret, wrapped by the first.
        sign: gives 64 hexadecimal digits that only the secret's owner can.
    """
    root = {
        "counter": ledger.counter,
        "pending": _pending_to_json(ledger.pending),
        "parts": [part.digest for part in ledger.live.parts],
    }
    body = json.dumps(root, separators=(",", ":")).encode()
    signed = f"{','.join(key_ids)} {secret.hex()}\n".encode() + body
    return b"%b %b\n%b" % (_MAGIC, sign(signed).encode(), signed)


def from_bytes(content: bytes) -> Written:
    """Take apart what :func:`to_bytes` wrote, or an older release.

    Raises:
        LedgerError: it is no ledger.
    """
    first, _, rest = content.partition(b"\n")
    magic, _, words = first.partition(b" ")
    try:
        if magic == _OLD_MAGIC:
            key_id, signature = words.decode("ascii").split(" ")
            return Written(True, False, (key_id,), b"", signature, rest, rest)
        if magic in (_MAGIC, _WHOLE_MAGIC):
            in_parts = magic == _MAGIC
            signature = words.decode("ascii")
            second, _, body = rest.partition(b"\n")
            key_ids, secret = second.decode("ascii").split(" ")
            ids = tuple(key_ids.split(","))
            return Written(False, in_parts, ids, bytes.fromhex(secret), signature, rest, body)
    except ValueError as error:
        raise LedgerError("it is damaged or was changed") from error
    raise LedgerError("it is no ledger")


def to_json(ledger: Ledger) -> LedgerFields:
    """A whole ledger as JSON has it, as in a backup."""
    return {
        "counter": ledger.counter,
        "live": {key: (one.version, one.id) for key, one in ledger.live.items()},
        "pending": _pending_to_json(ledger.pending),
    }


def from_json(body: LedgerFields) -> Ledger:
    """What :func:`to_json` gave."""
    live = {key: Entry(*entry) for key, entry in body["live"].items()}
    return Ledger(body["counter"], Shards.of(live), _pending_from_json(body["pending"]))


def _pending_to_json(pending: Pending | None) -> PendingPair | None:
    if pending is None:
        return None
    after = pending.after
    return pending.lookup, None if after is None else (after.version, after.id)


def _pending_from_json(pending: PendingPair | None) -> Pending | None:
    if pending is None:
        return None
    return Pending(pending[0], None if pending[1] is None else Entry(*pending[1]))
