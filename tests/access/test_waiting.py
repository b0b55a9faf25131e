from __future__ import annotations

import contextlib

import pytest

from stream_verifier.access.waiting import WaitingRoom


class Visitors:
    """Takes seats and remembers who had to go."""

    def __init__(self, room: WaitingRoom) -> None:
        self.room = room
        self.gone: list[str] = []
        self.stack = contextlib.ExitStack()

    def come(self, client: str, name: str) -> None:
        def give_way() -> None:
            self.gone.append(name)

        self.stack.enter_context(self.room.seat(client, give_way=give_way))


def test_the_longest_waiting_of_a_client_gives_way_to_its_newest() -> None:
    visitors = Visitors(WaitingRoom(seats=5, seats_per_client=2))
    with visitors.stack:
        for name in ("first", "second", "third", "fourth"):
            visitors.come("192.0.2.1", name)
        visitors.come("192.0.2.2", "other")
        assert visitors.gone == ["first", "second"]
        assert len(visitors.room) == 3
    assert len(visitors.room) == 0


def test_the_longest_waiting_of_all_gives_way_where_all_seats_are_taken() -> None:
    visitors = Visitors(WaitingRoom(seats=3))
    with visitors.stack:
        for number in range(5):
            visitors.come(f"192.0.2.{number}", str(number))
        assert visitors.gone == ["0", "1"]
        assert len(visitors.room) == 3


def test_a_network_of_addresses_is_one_client() -> None:
    visitors = Visitors(WaitingRoom(seats_per_client=1))
    with visitors.stack:
        visitors.come("2001:db8::1", "one")
        visitors.come("2001:db8::2", "two")
    assert visitors.gone == ["one"]


def test_a_seat_is_given_back_when_the_connection_breaks() -> None:
    room = WaitingRoom(seats=1)
    for _ in range(3):
        with pytest.raises(ConnectionError), room.seat("192.0.2.1", give_way=lambda: None):
            raise ConnectionError
    assert len(room) == 0
