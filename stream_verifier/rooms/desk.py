"""What routes ask of attached rooms, whoever follows them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from stream_verifier.access.grant import Grant
from stream_verifier.errors import CapacityError, UnknownAttachmentError
from stream_verifier.rooms.requests import RoomDescription, RoomRequest

NOT_ATTACHED = "No room of that id is attached."


class RoomDesk(Protocol):
    """Attached rooms; used from the event loop only."""

    @property
    def here(self) -> int:
        """So many does this server follow."""
        ...

    @property
    def publishers(self) -> Counter[str]:
        """How many publishers of those are in which state."""
        ...

    async def run(self) -> None:
        """Do what has to be done all the time, until cancelled."""
        ...

    async def attach(self, request: RoomRequest, grant: Grant, client: str) -> RoomDescription:
        """Enter a room and follow it until it is detached.

        Args:
            request: which room, and who is who there.
            grant: of the token that was shown; the calls belong to it.
            client: the address it was shown from, for the audit trail.

        Raises:
            RoomAddressError: a host that the settings do not name.
            AttachedAlreadyError: it is attached.
            CapacityError: as many are as may be, or the server is stopping.
            RoomError: the room cannot be entered.
            SettingsError: the rule is none.
        """
        ...

    async def list(self) -> Sequence[RoomDescription]:
        """All that are attached."""
        ...

    async def show(self, attachment: str) -> RoomDescription:
        """One of them.

        Raises:
            UnknownAttachmentError: none of that id is attached.
        """
        ...

    async def detach(self, attachment: str) -> RoomDescription:
        """Leave a room and end its calls; returns how it was.

        Raises:
            UnknownAttachmentError: none of that id is attached.
        """
        ...

    async def close(self) -> None:
        """Leave all rooms, to another server of the fleet where there is one. Idempotent."""
        ...


class NoRooms:
    """The desk of a server that attaches none."""

    here = 0
    publishers: Counter[str] = Counter()

    async def run(self) -> None:
        """There is nothing to do."""

    async def attach(self, request: RoomRequest, grant: Grant, client: str) -> RoomDescription:  # noqa: ARG002
        """Refuse."""
        raise CapacityError("This server attaches no rooms.")

    async def list(self) -> Sequence[RoomDescription]:
        """None."""
        return []

    async def show(self, attachment: str) -> RoomDescription:  # noqa: ARG002
        """There is none."""
        raise UnknownAttachmentError(NOT_ATTACHED)

    detach = show

    async def close(self) -> None:
        """There is nothing to leave."""
