"""Where the ledger's parts lie: files that are never changed, each called by its digest."""

from __future__ import annotations

import os
from pathlib import Path

from stream_verifier.errors import LedgerError
from stream_verifier.identities.private_file import (
    folder_to_disk,
    private_folder,
    write_private,
)
from stream_verifier.identities.shards import NO_DIGEST, Shard, Shards


class PartFiles:
    """The parts of one ledger; its methods raise ``OSError`` where the disk fails.

    Args:
        folder: where; made for this user alone (0700) when there is a part to write.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # One value, replaced and never changed, since more than one reader may be at work.
        self._known: dict[str, Shard] = {}

    def load(self, digest: str) -> Shard:
        """The part of a digest, the same object while it is known.

        Raises:
            LedgerError: it is missing, or damaged.
        """
        if digest == NO_DIGEST:
            return Shard({})
        if digest in self._known:
            return self._known[digest]
        try:
            content = (self._folder / digest).read_bytes()
        except FileNotFoundError as error:
            raise LedgerError("a part of it is missing in its folder") from error
        return Shard.parse(content, digest)

    def remember(self, shards: Shards) -> None:
        """Keep the parts of the ledger that was read, so that none of them is read again."""
        self._known = {part.digest: part for part in shards.parts}

    def write(self, shards: Shards) -> None:
        """Write those that are not there, before a ledger names them."""
        # One that is there but was never read may be what a crash left of it.
        whole = self._listed() & self._known.keys() | {NO_DIGEST}
        missing = [part for part in shards.parts if part.digest not in whole]
        if missing:
            private_folder(self._folder)
            for part in missing:
                write_private(self._folder / part.digest, part.content)
            folder_to_disk(self._folder)

    def keep(self, shards: Shards) -> None:
        """Remove all but these: what was deleted is in the others."""
        for name in self._listed() - {part.digest for part in shards.parts}:
            (self._folder / name).unlink(missing_ok=True)

    def _listed(self) -> set[str]:
        try:
            return set(os.listdir(self._folder))
        except FileNotFoundError:
            return set()
