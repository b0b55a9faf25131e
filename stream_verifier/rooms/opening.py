"""Puts together the desk of a server's rooms, alone or in a fleet."""

from __future__ import annotations

from typing import Protocol

from stream_verifier.calls.neighbours import Neighbours
from stream_verifier.calls.registry import SessionRegistry
from stream_verifier.identities.keys import parse_key
from stream_verifier.media.source import SourceFactory
from stream_verifier.rooms.sealing import RoomSeal
from stream_verifier.rooms.service import Rooms
from stream_verifier.rooms.sharing import SharedRooms
from stream_verifier.rooms.shelf import Shelf
from stream_verifier.settings import Settings


class Fleet(Protocol):
    """What is needed of a fleet."""

    @property
    def shelf(self) -> Shelf:
        """Rooms that are attached."""
        ...

    @property
    def member(self) -> Neighbours:
        """Other servers."""
        ...


def open_desk(
    calls: SessionRegistry, make_peer: SourceFactory, settings: Settings, fleet: Fleet | None
) -> Rooms | SharedRooms:
    """Make the desk of a server.

    Args:
        calls: where calls are opened.
        make_peer: makes what receives WebRTC.
        settings: which hosts, how many, who is asked.
        fleet: other servers, if there are any.
    """
    rooms = Rooms(calls, make_peer, settings)
    if fleet is None:
        return rooms
    key = settings.token_key
    seal = None if key is None else RoomSeal(parse_key(key.get_secret_value(), what="token key"))
    return SharedRooms(rooms, fleet.shelf, fleet.member, seal, most=settings.max_rooms)
