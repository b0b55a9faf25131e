"""The shelf of a fleet's rooms, in Redis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from stream_verifier.errors import AttachedAlreadyError, CapacityError
from stream_verifier.fleet import shelf_scripts
from stream_verifier.fleet.link import texts
from stream_verifier.fleet.member import Member
from stream_verifier.fleet.records import digest
from stream_verifier.rooms.shelf import Renewed, Shelved

_BETWEEN = ","


class RedisShelf:
    """A `Shelf`.

    Args:
        member: this worker.
        lease_s: so long a room is followed without a word.
    """

    def __init__(self, member: Member, *, lease_s: float) -> None:
        self._member = member
        self._lease_ms = round(1000 * lease_s)

    async def put(self, room: Shelved, *, place: str, most: int) -> None:
        """Write down a room that this server follows, under a lease."""
        status = await self._member.link.run(
            shelf_scripts.PUT,
            *(self._member.id, room.attachment, digest(place), most, self._lease_ms),
            *(room.sealed, room.told, _BETWEEN.join(room.calls)),
        )
        if status == b"attached":
            raise AttachedAlreadyError("That room is attached already: detach it first.")
        if status == b"full":
            raise CapacityError(f"{most} rooms are attached: detach one first.")

    async def renew(self, rooms: Mapping[str, Shelved]) -> Renewed:
        """Renew the leases of those followed here, and write down how they are."""
        said = [
            part
            for room in rooms.values()
            for part in (room.attachment, room.told, _BETWEEN.join(room.calls))
        ]
        detached, taken, unknown = await self._member.link.run(
            shelf_scripts.RENEW, self._member.id, self._lease_ms, *said
        )
        return Renewed(detached=texts(detached), taken=texts(taken), unknown=texts(unknown))

    async def free(self) -> Sequence[Shelved]:
        """Those that nobody follows."""
        return [_read(one) for one in await self._member.link.run(shelf_scripts.LIST, 1)]

    async def claim(self, attachment: str) -> bool:
        """Take the lease of one that nobody follows."""
        member = self._member
        return bool(
            await member.link.run(shelf_scripts.CLAIM, member.id, attachment, self._lease_ms)
        )

    async def release(self, attachment: str) -> None:
        """Give a lease back at once."""
        await self._member.link.run(shelf_scripts.RELEASE, self._member.id, attachment)

    async def drop(self, attachment: str) -> Shelved | None:
        """Forget one that is detached."""
        found = await self._member.link.run(shelf_scripts.DROP, attachment)
        return _read(found) if found else None

    async def all(self) -> Sequence[Shelved]:
        """All of them."""
        return [_read(one) for one in await self._member.link.run(shelf_scripts.LIST, 0)]

    async def rank(self) -> int:
        """How many other servers have more room for calls than this one."""
        about = {one.worker: one for one in await self._member.workers() if not one.leaving}
        own = about.pop(self._member.id, None)
        mine = (-1 if own is None else own.room, self._member.id)
        return sum((other.room, worker) > mine for worker, other in about.items())


def _read(found: Sequence[bytes]) -> Shelved:
    attachment, sealed, told, calls = found
    return Shelved(
        attachment=attachment.decode(),
        sealed=sealed,
        told=told.decode(),
        calls=tuple(one for one in calls.decode().split(_BETWEEN) if one),
    )
