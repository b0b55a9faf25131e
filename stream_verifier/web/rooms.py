"""Rooms of other servers, over HTTP: attached, listed, detached; for back ends."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path
from starlette.requests import Request

from stream_verifier.access.scopes import Scope
from stream_verifier.audit.deed import Actor, Deed, Kind
from stream_verifier.rooms.requests import RoomDescription, RoomList, RoomRequest
from stream_verifier.web.access import Token, actor_of_request, admit, client_of, count_opening
from stream_verifier.web.state import state_of

AttachmentId = Annotated[
    str, Path(min_length=1, max_length=64, description="Id of an attached room.")
]


async def attach_room(request: Request, wanted: RoomRequest, token: Token) -> RoomDescription:
    """Enter a room and have those verified who publish in it; answers once it is entered.

    The calls belong to this token; it may not be bound to an identity or a call.
    """
    grant = admit(request, token, Scope.ROOMS)
    await count_opening(request, grant)
    state = state_of(request)
    await state.journal.settle()
    room = await state.rooms.attach(wanted, grant, client_of(request))
    deed = _deed(Kind.ROOM_ATTACHED, actor_of_request(request, grant), room)
    try:
        await state.store.audit.append(deed)
    except BaseException:
        await state.rooms.detach(room.id)
        raise
    return room


async def list_rooms(request: Request, token: Token) -> RoomList:
    """List the rooms that are attached, and who is in them with which call."""
    admit(request, token, Scope.ROOMS)
    return RoomList(rooms=[*await state_of(request).rooms.list()])


async def show_room(request: Request, attachment: AttachmentId, token: Token) -> RoomDescription:
    """Show one attached room."""
    admit(request, token, Scope.ROOMS)
    return await state_of(request).rooms.show(attachment)


async def detach_room(request: Request, attachment: AttachmentId, token: Token) -> None:
    """Leave a room and end its calls."""
    grant = admit(request, token, Scope.ROOMS)
    state = state_of(request)
    room = await state.rooms.detach(attachment)
    state.journal.owe(_deed(Kind.ROOM_DETACHED, actor_of_request(request, grant), room))


def _deed(kind: Kind, actor: Actor, room: RoomDescription) -> Deed:
    return Deed(kind, actor, details={"attachment": room.id, "host": room.host})
