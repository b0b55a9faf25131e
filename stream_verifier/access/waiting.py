"""Bounds how many connections may wait that have not said yet who they are."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator

from stream_verifier.access.limiter import network_of


class WaitingRoom:
    """Seats for connections between their opening and their first message.

    Who is slow to speak holds nobody up: where all seats are taken, or all that one client may
    have, whoever of them has waited for longest gives way to the newest.

    Args:
        seats: for all clients together.
        seats_per_client: of them, for one address.
    """

    def __init__(self, *, seats: int = 512, seats_per_client: int = 32) -> None:
        self._seats = seats
        self._seats_per_client = seats_per_client
        # In the order in which they came.
        self._taken: dict[int, tuple[str, Callable[[], None]]] = {}
        self._numbers = itertools.count()

    def __len__(self) -> int:
        """Seats taken."""
        return len(self._taken)

    @contextlib.contextmanager
    def seat(self, client: str, *, give_way: Callable[[], None]) -> Iterator[None]:
        """Hold a seat while a connection waits.

        Args:
            client: its address.
            give_way: called, at most once, when it has to leave for another.
        """
        key = network_of(client)
        own = [number for number, (taker, _) in self._taken.items() if taker == key]
        if len(own) >= self._seats_per_client:
            self._evict(own[0])
        elif len(self) >= self._seats:
            self._evict(next(iter(self._taken)))
        number = next(self._numbers)
        self._taken[number] = key, give_way
        try:
            yield
        finally:
            self._taken.pop(number, None)

    def _evict(self, number: int) -> None:
        _, give_way = self._taken.pop(number)
        give_way()
