"""Who posts a lane's events: where several servers may, one of them at a time."""

from __future__ import annotations

import asyncio
from typing import Protocol

from stream_verifier.events.envelope import Position


class LaneLease(Protocol):
    """One lane's; used from the event loop only."""

    async def take(self, now: Position) -> Position | None:
        """Be the one that posts, if no other server is.

        Args:
            now: where a lane begins that nobody has posted from yet.

        Returns:
            The last event that was posted, by whichever server; None while another one posts.
        """
        ...

    async def note(self, position: Position) -> None:
        """Keep how far it was posted; what fails is made up for by the next."""
        ...

    async def lost(self) -> None:
        """Return once another server posts, or may; until then this one's turn is renewed."""
        ...

    async def release(self) -> None:
        """Leave it to others at once. Idempotent."""
        ...


class OnlyServer:
    """The lease of a server that is alone: always its own, and as old as itself."""

    async def take(self, now: Position) -> Position | None:
        """Begin at once, with what happens from now on."""
        return now

    async def note(self, position: Position) -> None:
        """Nobody else would ask."""

    async def lost(self) -> None:
        """Never."""
        await asyncio.Event().wait()

    async def release(self) -> None:
        """There is nobody to leave it to."""
