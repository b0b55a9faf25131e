"""What the rest of the package knows of the place where the audit trail is kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from stream_verifier.audit.deed import Actor, Deed, Kind
from stream_verifier.audit.entry import Entry
from stream_verifier.audit.seal import Head


@dataclass(frozen=True, slots=True)
class Cut:
    """Entries whose time is over.

    Attributes:
        up_to: number of the newest of them; 0 for none.
        count: how many they are.
    """

    up_to: int = 0
    count: int = 0


class AuditTrail(Protocol):
    """Keeps entries, each chained to the one before, under a signed head.

    Every method may raise ``StoreError`` (it cannot be used, the message says what to do) and
    ``AuditError`` (it was changed). Safe to use from many tasks of one event loop, and from
    several processes of one machine. What `append` returned stays, whatever happens then; what it
    raised for is not there, unless it was cancelled, or a server was lost while it wrote: asked
    again with the very same deeds, it writes them once.
    """

    async def append(self, *deeds: Deed) -> list[Entry]:
        """Write what was done, all or nothing."""
        ...

    async def head(self) -> Head:
        """The signed end."""
        ...

    async def page(self, *, after: int = 0, limit: int) -> list[Entry]:
        """The entries that follow on a number, oldest first."""
        ...

    async def about(
        self,
        name: str,
        *kinds: Kind,
        after: int = 0,
        before: int | None = None,
        limit: int,
        newest_first: bool = False,
    ) -> list[Entry]:
        """The entries on one person, each checked by itself.

        Args:
            name: as the person is, or was, enrolled.
            kinds: only these; all without any.
            after: only those after this number.
            before: only those before this number; None: to the end.
            limit: so many at most.
            newest_first: from the end.
        """
        ...

    def export(self) -> AsyncIterator[str]:
        """All lines of one moment, the head last: what `chain.check` checks."""
        ...

    async def due(self, before: datetime) -> Cut:
        """What `cut` would take away; nothing is changed."""
        ...

    async def cut(self, before: datetime) -> Cut:
        """Take away the oldest entries, those before a time; a checkpoint tells where they ended.

        The newest entry stays, and no more go at once than a transaction should hold.
        """
        ...

    async def restart(self, actor: Actor) -> Entry:
        """Begin anew, by somebody's word, after the trail was found changed; numbers go on.

        What is there goes: whoever asks for this has exported it.
        """
        ...

    def pseudonym(self, name: str) -> str:
        """What entries call a person."""
        ...

    def public_pem(self) -> str:
        """The key to check exports with."""
        ...
