"""Where servers of a fleet write down which rooms are attached, so that another can take one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelved:
    """A room as the shelf has it.

    Attributes:
        attachment: its id.
        sealed: what is needed to attach it anew; encrypted.
        told: what is told of it, JSON; nothing secret.
        calls: ids of the calls that ran in it last.
    """

    attachment: str
    sealed: bytes = field(repr=False)
    told: str = field(repr=False)
    calls: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewed:
    """What a server learns of the rooms that it follows.

    Attributes:
        detached: those that are attached no more.
        taken: those that another server has.
        unknown: those of which the shelf knows nothing, as it has lost what it knew.
    """

    detached: Sequence[str] = ()
    taken: Sequence[str] = ()
    unknown: Sequence[str] = ()


class Shelf(Protocol):
    """All that servers share of rooms; used from the event loop only.

    All of its methods raise `FleetError` where it cannot be asked now.
    """

    async def put(self, room: Shelved, *, place: str, most: int) -> None:
        """Write down a room that this server follows, under a lease.

        Args:
            room: with all that is known of it.
            place: which room it is, the same at every attachment of it; digested.
            most: so many may be attached at once.

        Raises:
            AttachedAlreadyError: another attachment of it is written down.
            CapacityError: there are so many.
        """
        ...

    async def renew(self, rooms: Mapping[str, Shelved]) -> Renewed:
        """Renew the leases of those followed here, and write down how they are."""
        ...

    async def free(self) -> Sequence[Shelved]:
        """Those that nobody follows: their lease has lapsed, or was given back."""
        ...

    async def claim(self, attachment: str) -> bool:
        """Take the lease of one that nobody follows; False where another was faster."""
        ...

    async def release(self, attachment: str) -> None:
        """Give a lease back at once."""
        ...

    async def drop(self, attachment: str) -> Shelved | None:
        """Forget one that is detached; returns it as it was. Whoever follows it learns it."""
        ...

    async def all(self) -> Sequence[Shelved]:
        """All of them."""
        ...

    async def rank(self) -> int:
        """How many other servers have more room for calls than this one."""
        ...
