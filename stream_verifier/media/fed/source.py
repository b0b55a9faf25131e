"""The source of a call that is fed with decoded media."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter, deque
from concurrent.futures import Executor
from dataclasses import dataclass

from stream_verifier.decoded.frames import MAX_SOUND_S, Picture, Piece, Sound
from stream_verifier.errors import MediaError, ProtocolError
from stream_verifier.media.closing import Closing
from stream_verifier.media.fed.intake import Intake
from stream_verifier.media.fed.pictures import BEHIND, TOO_MANY, PictureRefusedError
from stream_verifier.media.inbox import MediaInbox
from stream_verifier.media.limits import Budget, MediaLimits
from stream_verifier.media.source import Mark, SourceStats, StreamStats

_logger = logging.getLogger(__name__)
_BURST_S = 3.0
_MOST_WAITING = 8
_TOO_MUCH = "too_many_packets"


@dataclass(frozen=True, slots=True)
class _Waiting:
    image: bytes
    time_s: float
    arrived_s: float


class FedSource:
    """Is handed sound and pictures as they come; a `MediaSource`.

    Sound goes into the inbox at once. Pictures wait for a decoder's thread, at most `_MOST_WAITING`
    of them: what a decoder has no time for is dropped, oldest first, and counted and told. So
    whoever feeds never waits, and what is taken is never old.

    Args:
        inbox: where sound, sampled pictures and gaps go.
        decoders: threads for pictures, which all calls of a server share.
        audio_hz: samples of sound a second.
        video_rate_hz: pictures per second of media that are scored.
        max_side_px: longer side of those, at most.
        limits: how much the call may send; what is more is dropped before it is decoded.
    """

    def __init__(
        self,
        *,
        inbox: MediaInbox,
        decoders: Executor,
        audio_hz: int = 16_000,
        video_rate_hz: float = 2.0,
        max_side_px: int = 640,
        limits: MediaLimits | None = None,
    ) -> None:
        self.closed = asyncio.Event()
        """Set when no more media will come, whoever ended it; `close` still has to be awaited."""
        limits = limits or MediaLimits()
        self._decoders = decoders
        self._most_bytes = 2 * round(audio_hz * MAX_SOUND_S)
        self._intake = Intake(
            inbox=inbox,
            audio_hz=audio_hz,
            video_rate_hz=video_rate_hz,
            max_side_px=max_side_px,
            limits=limits,
        )
        self._pieces = Budget(limits.packets_per_s, burst_s=_BURST_S)
        self._bytes = Budget(limits.bytes_per_s, burst_s=_BURST_S)
        self._pictures = Budget(limits.frames_per_s, burst_s=_BURST_S)
        self._counts: Counter[str] = Counter()
        self._came_s: dict[str, float] = {}
        self._waiting: deque[_Waiting] = deque()
        self._more = asyncio.Event()
        self._decoding: asyncio.Task[None] | None = None
        self._closing = Closing(self._close)

    @property
    def stats(self) -> SourceStats:
        """State and counts now; a packet is a piece of sound or a picture."""
        state = "new" if self._decoding is None else "connected"
        streams = {kind: self._stream_stats(kind) for kind in self._counts}
        synchronised = self._intake.clock.synchronised
        return SourceStats("closed" if self.closed.is_set() else state, synchronised, streams)

    @property
    def mark(self) -> Mark | None:
        """Where its media stands; None before any came, here or where it carries on."""
        return self._intake.mark

    def carry_on(self, mark: Mark) -> None:
        """Go on where another source of the same call stopped; before any media."""
        self._intake.carry_on(mark)

    async def start(self) -> str:
        """Be ready to be fed; there is nothing to tell whoever does.

        Raises:
            MediaError: it was started or closed already.
        """
        if self._decoding is not None or self.closed.is_set():
            raise MediaError("This call was fed already. Start a new one.")
        self._decoding = asyncio.create_task(self._decode())
        return ""

    def take(self, piece: Piece) -> None:
        """Take what came, or count it as refused; never waits.

        Raises:
            ProtocolError: a piece of sound is too long for anybody to say when it was heard.
        """
        if isinstance(piece, Sound) and len(piece.pcm) > self._most_bytes:
            raise ProtocolError(f"A piece of sound is at most {MAX_SOUND_S:g} s long: send more.")
        if self._decoding is None or self.closed.is_set():
            return
        kind, data = ("audio", piece.pcm) if isinstance(piece, Sound) else ("video", piece.image)
        now_s = self._came_s[kind] = time.monotonic()
        self._counts[kind] += 1
        if not (self._pieces.take(1, now_s) and self._bytes.take(len(data), now_s)):
            self._intake.refuse(kind, _TOO_MUCH, now_s)
        elif isinstance(piece, Sound):
            self._intake.take_sound(piece, now_s)
        else:
            self._line_up(piece, now_s)

    def silence(self) -> None:
        """Put nothing more into the inbox, from now on; `close` still has to be awaited."""
        self._intake.close()

    async def close(self) -> None:
        """Take nothing more; no picture is being decoded when this returns. Idempotent."""
        await self._closing()

    async def _close(self) -> None:
        self.silence()
        self.closed.set()
        self._waiting.clear()
        self._more.set()
        if self._decoding is not None:
            await asyncio.wait({self._decoding})

    def _line_up(self, picture: Picture, arrived_s: float) -> None:
        """Let a picture wait for the decoder, if it is one that may be decoded."""
        if not self._pictures.take(1, arrived_s):
            self._intake.refuse("video", TOO_MANY, arrived_s)
            return
        if (time_s := self._intake.date_picture(picture, arrived_s)) is None:
            return
        if len(self._waiting) >= _MOST_WAITING:
            self._waiting.popleft()
            self._intake.refuse("video", BEHIND, arrived_s)
        self._waiting.append(_Waiting(picture.image, time_s, arrived_s))
        self._more.set()

    async def _decode(self) -> None:
        try:
            while not self.closed.is_set():
                await self._more.wait()
                self._more.clear()
                while self._waiting:
                    await self._decode_one(self._waiting.popleft())
        except Exception:
            _logger.exception("a picture could not be looked at; its call's media ends")
            self.silence()
            self.closed.set()

    async def _decode_one(self, one: _Waiting) -> None:
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(
                self._decoders, self._intake.look, one.image, one.time_s, one.arrived_s
            )
        except PictureRefusedError as refused:
            self._intake.take_looked_at(refused, one.time_s)
        else:
            self._intake.take_looked_at(found, one.time_s)

    def _stream_stats(self, kind: str) -> StreamStats:
        return StreamStats(
            packets=self._counts[kind],
            frames=self._intake.frames[kind],
            silent_s=time.monotonic() - self._came_s[kind],
            refused=dict(self._intake.refused[kind]),
        )
