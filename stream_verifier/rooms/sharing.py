"""Rooms of a fleet: each followed by one server, and by another when that one is gone."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Sequence

from pydantic import ValidationError

from stream_verifier.access.grant import Grant
from stream_verifier.calls.neighbours import Neighbours
from stream_verifier.errors import (
    FleetError,
    SettingsError,
    StoppingError,
    StreamVerifierError,
    UnknownAttachmentError,
)
from stream_verifier.rooms.desk import NOT_ATTACHED
from stream_verifier.rooms.requests import RoomDescription, RoomRequest
from stream_verifier.rooms.sealing import RoomSeal
from stream_verifier.rooms.service import Rooms
from stream_verifier.rooms.shelf import Shelf, Shelved

_logger = logging.getLogger(__name__)
_EVERY_S = 1.0
_RANK_S = 1.0
"""An emptier server has so much time to take a room before the next one does."""
_LATEST_RANK = 3


class SharedRooms:
    """The `RoomDesk` of a server of a fleet.

    Args:
        rooms: that this server follows.
        shelf: what all servers share.
        neighbours: other servers, who know of calls.
        seal: encrypts what is shared; None where no key is.
        most: so many rooms may be attached in all.
    """

    def __init__(
        self,
        rooms: Rooms,
        shelf: Shelf,
        neighbours: Neighbours,
        seal: RoomSeal | None,
        *,
        most: int,
    ) -> None:
        self._rooms, self._shelf, self._neighbours = rooms, shelf, neighbours
        self._seal, self._most = seal, most
        self._free_since_s: dict[str, float] = {}
        self._busy = asyncio.Lock()

    @property
    def here(self) -> int:
        """So many does this server follow."""
        return self._rooms.here

    @property
    def publishers(self) -> Counter[str]:
        """How many publishers of those are in which state."""
        return self._rooms.publishers

    async def attach(self, request: RoomRequest, grant: Grant, client: str) -> RoomDescription:
        """Enter a room and follow it here, until it is detached or another server takes it."""
        seal = self._needed_seal()
        attachment = await self._rooms.enter(request, grant, client)
        try:
            # No call is opened before: the room may be another server's.
            await self._put(attachment, seal)
        except BaseException:
            await self._rooms.detach(attachment)
            raise
        try:
            return self._rooms.follow(attachment)
        except StoppingError:
            await self._shelf.drop(attachment)  # whoever attaches is refused, so nobody follows it
            raise

    async def list(self) -> Sequence[RoomDescription]:
        """All that are attached, at whichever server."""
        here = {room.id: room for room in await self._rooms.list()}
        there = [_told(one) for one in await self._shelf.all()]
        elsewhere = [room for room in there if room is not None and room.id not in here]
        return [*here.values(), *elsewhere]

    async def show(self, attachment: str) -> RoomDescription:
        """One of them."""
        for room in await self.list():
            if room.id == attachment:
                return room
        raise UnknownAttachmentError(NOT_ATTACHED)

    async def detach(self, attachment: str) -> RoomDescription:
        """Leave a room, whichever server follows it; that one learns it within a second."""
        async with self._busy:
            dropped = await self._shelf.drop(attachment)
            if self._rooms.has(attachment):
                return await self._rooms.detach(attachment)
        told = None if dropped is None else _told(dropped)
        if told is None:
            raise UnknownAttachmentError(NOT_ATTACHED)
        return told

    async def run(self) -> None:
        """Renew leases, and take rooms that nobody follows, until cancelled."""
        while True:
            try:
                async with self._busy:
                    await self._renew()
                    if self._rooms.closing:
                        await self._hand_over()
                    else:
                        await self._take_the_free()
            except FleetError as error:
                _logger.info("rooms are followed on without the fleet: %s", error)
            except Exception:  # it must go on: leases of all rooms hang on it
                _logger.exception("leases of rooms were not renewed as they should")
            await asyncio.sleep(_EVERY_S)

    async def close(self) -> None:
        """Leave all rooms to other servers, or to nobody until one comes."""
        async with self._busy:
            try:
                await self._hand_over(to_nobody=True)
            except FleetError as error:
                _logger.warning("rooms are left without a word to the fleet: %s", error)
        await self._rooms.close()

    async def _renew(self) -> None:
        followed = {one: self._shelved(one) for one in self._rooms.ids}
        for attachment in [one for one in followed if self._rooms.is_over(one)]:
            del followed[attachment]
            await self._shelf.drop(attachment)
        if not followed:
            return
        learnt = await self._shelf.renew(followed)
        for attachment in learnt.detached:
            await self._rooms.detach(attachment)
        for attachment in learnt.taken:
            _logger.warning("room %s is followed by another server", attachment)
            await self._rooms.hand_over(attachment)
        for attachment in learnt.unknown:
            await self._put(attachment, self._needed_seal())

    async def _take_the_free(self) -> None:
        free = {room.attachment: room for room in await self._shelf.free()}
        now_s = time.monotonic()
        self._free_since_s = {one: self._free_since_s.get(one, now_s) for one in free}
        if not free or self._seal is None:
            return
        patience_s = _RANK_S * min(_LATEST_RANK, await self._shelf.rank())
        for attachment, room in free.items():
            if now_s - self._free_since_s[attachment] >= patience_s:
                await self._take(room, self._seal)

    async def _take(self, room: Shelved, seal: RoomSeal) -> None:
        try:
            record = seal.open(room.attachment, room.sealed)
            self._rooms.check(record)
        except StreamVerifierError as error:
            _logger.error("room %s cannot be followed here: %s", room.attachment, error)
            return
        found = [await self._neighbours.find(session) for session in room.calls]
        if self._rooms.has(room.attachment) or not await self._shelf.claim(room.attachment):
            return
        _logger.warning("room %s is followed here now", room.attachment)
        terms = self._rooms.take(room.attachment, record)
        for call in found:
            if call is not None and call.movable:
                terms.lost.add_of_others(call)

    async def _hand_over(self, *, to_nobody: bool = False) -> None:
        """Leave all rooms to the others, where there are any."""
        if not to_nobody and await self._neighbours.peer() is None:
            return
        for attachment in self._rooms.ids:
            calls = self._shelved(attachment)
            await self._shelf.renew({attachment: calls})
            await self._rooms.hand_over(attachment)
            await self._shelf.release(attachment)

    async def _put(self, attachment: str, seal: RoomSeal) -> None:
        sealed = seal.seal(attachment, self._rooms.record(attachment))
        room = self._shelved(attachment, sealed)
        await self._shelf.put(room, place=self._rooms.place(attachment), most=self._most)

    def _shelved(self, attachment: str, sealed: bytes = b"") -> Shelved:
        told = self._rooms.describe(attachment)
        return Shelved(
            attachment=attachment,
            sealed=sealed,
            told=told.model_dump_json(),
            calls=self._rooms.sessions(attachment),
        )

    def _needed_seal(self) -> RoomSeal:
        if self._seal is None:
            raise SettingsError(
                "Servers of a fleet share rooms only with a key for tokens: set token_key, the "
                "same at all of them."
            )
        return self._seal


def _told(room: Shelved) -> RoomDescription | None:
    try:
        told = RoomDescription.model_validate_json(room.told)
    except ValidationError:
        return None
    return told.model_copy(update={"worker_here": False})
