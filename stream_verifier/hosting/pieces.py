"""What is sent in tiny pieces: each costs the event loop as much as a large one.

A parser in Python takes some 5 microseconds for each chunk of a body, line of a header or frame of
a WebSocket. A stranger who sends nothing else, ten megabits a second, would keep the loop from all
calls.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

import h11

from stream_verifier.media.limits import Budget

SLICE_BYTES = 8 * 1024
"""So much is parsed before anybody looks at what it was."""
SMALL_BYTES = 256
"""Pieces below this count; larger ones cost little beside their own bytes."""
_SMALL_PER_S, _SMALL_BURST_S = 200.0, 5.0
MOST_LINES = 200
"""Of a request's header; browsers and the proxies before this server add up to some 40."""
MOST_HEAD_BYTES = 32 * 1024
MOST_AHEAD_BYTES = 32 * 1024
"""Of requests that are sent before the one before them was answered, which hardly anybody does."""
_END_OF_HEAD = re.compile(rb"\n\r?\n")


class TinyPiecesError(Exception):
    """A connection is not worth its costs."""


def small_pieces() -> Budget:
    """How many small pieces a connection may send."""
    return Budget(_SMALL_PER_S, burst_s=_SMALL_BURST_S)


def slices(data: bytes) -> Iterator[bytes]:
    """Data as it came, in parts that are parsed in a few milliseconds whatever they hold."""
    for start in range(0, len(data), SLICE_BYTES):
        yield data[start : start + SLICE_BYTES]


class WeighedHttp(h11.Connection):
    """h11's side of a server, which counts what costs more than it brings."""

    def __init__(self) -> None:
        super().__init__(h11.SERVER, max_incomplete_event_size=MOST_HEAD_BYTES)
        self._small = small_pieces()

    def next_event(self) -> Any:
        """The next event, as h11 has it.

        Raises:
            h11.RemoteProtocolError: also for a header of too many lines.
            TinyPiecesError: a body comes in chunks of a few bytes, or ends in too many lines, or
                many requests wait to be looked at.
        """
        if self.their_state is h11.IDLE and self._lines_of_head() > MOST_LINES:
            raise h11.RemoteProtocolError("too many lines", error_status_hint=431)
        event = super().next_event()
        if isinstance(event, h11.Data):
            if len(event.data) < SMALL_BYTES and not self._small.take(1, time.monotonic()):
                raise TinyPiecesError
        elif event is h11.NEED_DATA and self.their_state is h11.SEND_BODY:
            if self.trailing_data[0].count(b"\n") > MOST_LINES:
                raise TinyPiecesError
        elif event is h11.PAUSED and len(self.trailing_data[0]) > MOST_AHEAD_BYTES:
            raise TinyPiecesError
        return event

    def _lines_of_head(self) -> int:
        """Lines of the header that is to be parsed next, as far as it has come."""
        waiting, _ = self.trailing_data
        end = _END_OF_HEAD.search(waiting)
        return waiting.count(b"\n", 0, len(waiting) if end is None else end.end())
