"""What a publisher's call tells, read for the room: which layer to ask for, and its verdict."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass

from stream_verifier.calls.connection import Connection
from stream_verifier.calls.session import Session
from stream_verifier.errors import RoomError
from stream_verifier.events.event import Event
from stream_verifier.events.schema import Score, State, StateChanged
from stream_verifier.media.source import MediaSource
from stream_verifier.rooms.host import Publisher, Room, RoomSource
from stream_verifier.rooms.layers import LayerChoice, Look
from stream_verifier.rooms.terms import Terms

_logger = logging.getLogger(__name__)
_NO_FACE = "no_face"
"""Of a window whose pictures were looked at; of others that have no boxes nothing is known."""


@dataclass(slots=True)
class Seat:
    """Where a publisher is now.

    Attributes:
        publisher: as he was seen last.
        room: that he is in; None while its host is gone.
        source: that reads what he sends, once one was made.
    """

    publisher: Publisher
    room: Room | None
    source: RoomSource | None = None


class CallReader:
    """Reads a call's events, as its client.

    Args:
        seat: of the publisher.
        terms: of the room.
    """

    def __init__(self, seat: Seat, terms: Terms) -> None:
        self._seat = seat
        self._terms = terms

    async def read(self, session: Session) -> None:
        """Read over all connections of a call, until it ends."""
        while True:
            connection = session.connection
            choice = LayerChoice()
            async for event in connection.outbox:
                await self._take(event, connection, choice)
            if connection is session.connection:
                return

    async def _take(self, event: Event, connection: Connection, choice: LayerChoice) -> None:
        payload = event.payload
        try:
            if isinstance(payload, Score) and (payload.faces or _NO_FACE in payload.notes):
                await self._choose_layer(payload.faces, connection, choice)
            elif isinstance(payload, StateChanged) and payload.state != payload.previous:
                choice.rejected = payload.state is State.REJECTED
                await self._tell(event, payload)
        except RoomError as error:
            _logger.info("room %s: %s", self._terms.attachment, error)

    async def _choose_layer(
        self,
        faces: Iterable[tuple[float, float, float, float]],
        connection: Connection,
        choice: LayerChoice,
    ) -> None:
        source = self._seat.source
        if source is None or source is not connection.source:
            return
        picture_px = picture_px_of(source)
        if picture_px is None or not any(one.layered for one in self._seat.publisher.streams):
            return
        layer = choice.look(Look([*faces], picture_px), time.monotonic())
        if layer is not None:
            await source.choose_layer(layer)

    async def _tell(self, event: Event, payload: StateChanged) -> None:
        """Say in the room what all may know: the state, and neither reasons nor who it is."""
        room = self._seat.room
        if self._terms.tells and room is not None:
            said = {
                "type": "verdict",
                "feed": self._seat.publisher.feed,
                "session": event.session,
                "state": payload.state,
                "wall": event.wall,
            }
            await room.tell(json.dumps(said))


def picture_px_of(source: MediaSource) -> tuple[int, int] | None:
    """Width and height of the newest picture; None before any came."""
    video = source.stats.streams.get("video")
    return None if video is None else video.picture_px
