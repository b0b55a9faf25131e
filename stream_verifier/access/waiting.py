"""Bounds how many connections may wait that have not said yet who they are."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator

from stream_verifier.access.limiter import network_of
from stream_verifier.errors import RateLimitedError

_RETRY_AFTER_S = 10


class WaitingRoom:
    """Seats for connections between their opening and their first message.

    Args:
        seats: for all clients together.
        seats_per_client: of them, for one address.
    """

    def __init__(self, *, seats: int = 512, seats_per_client: int = 32) -> None:
        self._seats = seats
        self._seats_per_client = seats_per_client
        self._taken: Counter[str] = Counter()

    def __len__(self) -> int:
        """Seats taken."""
        return self._taken.total()

    @contextlib.contextmanager
    def seat(self, client: str) -> Iterator[None]:
        """Hold a seat while a connection waits.

        Raises:
            RateLimitedError: all seats, or all of that client, are taken.
        """
        key = network_of(client)
        if len(self) >= self._seats or self._taken[key] >= self._seats_per_client:
            raise RateLimitedError(
                "Too many connections wait for their first message: send it at once, and try "
                f"again in {_RETRY_AFTER_S} s.",
                retry_after_s=_RETRY_AFTER_S,
            )
        self._taken[key] += 1
        try:
            yield
        finally:
            self._taken[key] -= 1
            if not self._taken[key]:
                del self._taken[key]
