from __future__ import annotations

import contextlib

import pytest

from stream_verifier.access.waiting import WaitingRoom
from stream_verifier.errors import RateLimitedError


def test_one_client_takes_its_share_of_seats_only() -> None:
    room = WaitingRoom(seats=5, seats_per_client=2)
    with contextlib.ExitStack() as stack:
        for client in ("192.0.2.1", "192.0.2.1", "192.0.2.2"):
            stack.enter_context(room.seat(client))
        with pytest.raises(RateLimitedError, match="first message"):
            stack.enter_context(room.seat("192.0.2.1"))
        stack.enter_context(room.seat("192.0.2.2"))
        stack.enter_context(room.seat("192.0.2.3"))
        with pytest.raises(RateLimitedError):
            stack.enter_context(room.seat("192.0.2.4"))
        assert len(room) == 5
    assert len(room) == 0


def test_a_seat_is_given_back_when_the_connection_breaks() -> None:
    room = WaitingRoom(seats=1)
    for _ in range(3):
        with pytest.raises(ConnectionError), room.seat("192.0.2.1"):
            raise ConnectionError
    assert len(room) == 0
