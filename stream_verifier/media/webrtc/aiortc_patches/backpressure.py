"""Holds a decoder while pictures that it made wait to be taken."""

from __future__ import annotations

import threading
from collections.abc import Coroutine
from typing import Any

from aiortc import MediaStreamTrack

from stream_verifier.media.webrtc.aiortc_patches.names import replace

_MOST_AHEAD = 4
_LONGEST_S = 0.5


class Backpressure:
    """Between aiortc's decoder thread, which puts, and the event loop, which takes.

    aiortc decodes whatever came, and FFmpeg keeps for ever as many pictures as once waited at a
    time: a second in which the event loop was busy costs a call 13 MB (640x480). Held here,
    pictures wait as packets, a twentieth of that, and of those there are only so many
    (`decoder_behind`).

    Args:
        track: that the decoder feeds; its queue is bounded from now on.
        most: pictures that may wait decoded.
        longest_s: so long is the decoder held; a consumer that is gone must not hold it for ever.
    """

    def __init__(
        self, track: MediaStreamTrack, *, most: int = _MOST_AHEAD, longest_s: float = _LONGEST_S
    ) -> None:
        self.ahead = 0
        """Pictures that wait now."""
        self._most = most
        self._longest_s = longest_s
        self._changed = threading.Condition()
        waiting: Any = track._queue  # type: ignore[attr-defined]
        self._put, self._get = waiting.put, waiting.get
        replace(waiting, "put", self._put_in_turn)
        replace(waiting, "get", self._take)

    def _put_in_turn(self, frame: object) -> Coroutine[Any, Any, None]:
        """Called by the decoder's thread, which waits here."""
        if frame is not None:  # the end waits for nobody
            with self._changed:
                self._changed.wait_for(lambda: self.ahead < self._most, self._longest_s)
                self.ahead += 1
        put: Coroutine[Any, Any, None] = self._put(frame)
        return put

    async def _take(self) -> Any:
        frame = await self._get()
        if frame is not None:
            with self._changed:
                self.ahead -= 1
                self._changed.notify()
        return frame
