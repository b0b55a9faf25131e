"""The ledger's entries in 256 parts, so that a change rewrites one of them; pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from stream_verifier.errors import LedgerError

COUNT = 256
NO_DIGEST = ""
"""Of a part that holds nobody, of which there is no file."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One record: its version, and the id of the identity it is of."""

    version: int
    id: str


class Shard:
    """The current records of those names whose look-ups begin alike.

    Args:
        entries: by look-up; never changed afterwards.
    """

    def __init__(self, entries: Mapping[str, Entry]) -> None:
        self.entries = entries

    @classmethod
    def parse(cls, content: bytes, digest: str) -> Shard:
        """Read what :attr:`content` gave.

        Raises:
            LedgerError: it is not what has that digest.
        """
        if hashlib.sha256(content).hexdigest() != digest:
            raise LedgerError("a part of it is damaged or was changed")
        shard = cls({lookup: Entry(*entry) for lookup, entry in json.loads(content).items()})
        shard.__dict__["digest"] = digest
        return shard

    @cached_property
    def digest(self) -> str:
        """SHA-256 of its content, hexadecimal: it names the file, and the ledger signs it."""
        return hashlib.sha256(self.content).hexdigest() if self.entries else NO_DIGEST

    @property
    def content(self) -> bytes:
        """The entries in one spelling."""
        entries = {lookup: [one.version, one.id] for lookup, one in self.entries.items()}
        return json.dumps(entries, sort_keys=True, separators=(",", ":")).encode()


_EMPTY = Shard({})


class Shards(Mapping[str, Entry]):
    """Who is enrolled now: the current record of each name, by the hexadecimal look-up of the name.

    Never changes: :meth:`changed` gives another one that shares all parts but one with it.

    Args:
        parts: `COUNT` of them, by the first two digits of what is in them.
    """

    __slots__ = ("parts",)

    def __init__(self, parts: tuple[Shard, ...] = (_EMPTY,) * COUNT) -> None:
        self.parts = parts

    @classmethod
    def of(cls, entries: Mapping[str, Entry]) -> Shards:
        """Sort entries into parts."""
        if isinstance(entries, Shards):
            return entries
        parts: list[dict[str, Entry]] = [{} for _ in range(COUNT)]
        for lookup, entry in entries.items():
            parts[_place(lookup)][lookup] = entry
        return cls(tuple(Shard(part) if part else _EMPTY for part in parts))

    def changed(self, lookup: str, entry: Entry | None) -> Shards:
        """With another entry of one name, or none."""
        place = _place(lookup)
        entries = {key: one for key, one in self.parts[place].entries.items() if key != lookup}
        if entry is not None:
            entries[lookup] = entry
        part = Shard(entries) if entries else _EMPTY
        return Shards((*self.parts[:place], part, *self.parts[place + 1 :]))

    def __getitem__(self, lookup: str) -> Entry:
        """The current record of a name."""
        return self.parts[_place(lookup)].entries[lookup]

    def __iter__(self) -> Iterator[str]:
        """All look-ups."""
        return (lookup for part in self.parts for lookup in part.entries)

    def __len__(self) -> int:
        """How many are enrolled."""
        return sum(len(part.entries) for part in self.parts)

    def __repr__(self) -> str:
        """Short, however many there are."""
        return f"Shards of {len(self)} entries"


def differing(one: Shards, other: Shards) -> list[tuple[Mapping[str, Entry], Mapping[str, Entry]]]:
    """The parts in which two differ."""
    pairs = zip(one.parts, other.parts, strict=True)
    return [
        (part.entries, its.entries)
        for part, its in pairs
        if part is not its and part.digest != its.digest
    ]


def _place(lookup: str) -> int:
    """Which part a look-up is in."""
    try:
        return int(lookup[:2], 16)
    except ValueError:
        raise KeyError(lookup) from None
