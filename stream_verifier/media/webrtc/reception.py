"""The media of one call by WebRTC: each track's packets in, dated sound and pictures out."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import av
from aiortc import MediaStreamTrack, RTCRtpTransceiver
from aiortc.mediastreams import MediaStreamError

from stream_verifier.media.limits import MediaLimits
from stream_verifier.media.refusals import Refusals
from stream_verifier.media.source import StreamStats
from stream_verifier.media.webrtc import aiortc_patches
from stream_verifier.media.webrtc.intake import Intake

_logger = logging.getLogger(__name__)
_GATHER_S = 0.09
"""Sound is decoded five packets of 20 ms at a time."""

_Frame = av.AudioFrame | av.VideoFrame
_Tap = aiortc_patches.AudioTap | aiortc_patches.VideoTap


class Reception:
    """Taps what transceivers receive, one of each kind at most.

    Args:
        intake: dates what is decoded and puts it into the inbox.
        limits: how much the call may send; what is more is dropped before it is decoded.
        on_over: told when there is nothing more to come, or nothing more can be taken.
    """

    def __init__(self, intake: Intake, limits: MediaLimits, *, on_over: Callable[[], None]) -> None:
        self.tasks: list[asyncio.Task[None]] = []
        """One a track; whoever closes the call cancels them."""
        self._intake = intake
        self._limits = limits
        self._on_over = on_over
        self._refusals = Refusals(intake.lack)
        self._taps: dict[str, _Tap] = {}
        self._pictures: aiortc_patches.PictureDecoder | None = None
        self._picture_px: tuple[int, int] | None = None

    @property
    def streams(self) -> dict[str, StreamStats]:
        """Counts now, by kind."""
        return {kind: self._stream_stats(kind) for kind in self._taps}

    def silent_s(self, now_s: float, *, since_s: float) -> float:
        """How long no packet has come on any track, none having come before ``since_s``."""
        media_s = [tap.last_packet_s or since_s for tap in self._taps.values()]
        return now_s - max(media_s, default=now_s)

    async def tend(self, now_s: float, refused: Sequence[Counter[str]]) -> None:
        """Keep streams going, and tell where media is refused.

        Args:
            now_s: monotonic.
            refused: what was turned away before it could be told of which kind it was.
        """
        self._give_pictures()
        for kind, tap in self._taps.items():
            await tap.tend(now_s)
            for counts in (tap.refused, *refused):
                self._refusals.look(kind, counts, now_s, taken=self._intake.frames[kind])

    def receive(self, transceiver: RTCRtpTransceiver, parameter_sets: Mapping[int, bytes]) -> None:
        """Read a transceiver's track; there is one of each kind at most.

        Args:
            transceiver: of that track.
            parameter_sets: those of H.264 that the offer has, by payload type.
        """
        kind = transceiver.kind
        receiver: Any = transceiver.receiver
        clock = self._intake.clock
        if kind == "audio":
            self._taps[kind] = aiortc_patches.AudioTap(
                receiver, clock, self._take_sound, gather_s=_GATHER_S
            )
        else:
            tap = aiortc_patches.VideoTap(
                receiver, clock, limits=self._limits, parameter_sets=parameter_sets
            )
            self._taps[kind] = tap
            self._pictures = aiortc_patches.PictureDecoder(
                receiver, lambda *decoded: self._take_picture(tap, *decoded)
            )
        self._start_reader(self._read(receiver.track))

    def _take_sound(self, frame: av.AudioFrame) -> None:
        """Take decoded sound, and the pictures that were decoded meanwhile."""
        self._take(frame, self._taps["audio"], self._intake.take_sound)
        self._give_pictures()

    def _take_picture(
        self, tap: aiortc_patches.VideoTap, frame: av.VideoFrame, passed_over: bool
    ) -> None:
        """Take a decoded picture, unless it is larger than its header said."""
        if passed_over:
            tap.miss(frame.pts)
        if tap.check_decoded(frame.width, frame.height):
            self._picture_px = (frame.width, frame.height)
            self._take(frame, tap, self._intake.take_picture)

    def _take(self, frame: _Frame, tap: _Tap, take: Callable[[_Frame, _Tap], None]) -> None:
        """Take what was decoded; whatever fails there ends the call, and nothing else."""
        try:
            take(frame, tap)
        except Exception as error:
            _logger.error("what was decoded cannot be taken; the call ends", exc_info=error)
            self._intake.close()
            self._on_over()

    def _give_pictures(self) -> None:
        if self._pictures is not None:
            self._pictures.give()

    def _start_reader(self, reading: Awaitable[None]) -> None:
        task = asyncio.ensure_future(reading)
        task.add_done_callback(self._on_reader_done)
        self.tasks.append(task)

    async def _read(self, track: MediaStreamTrack) -> None:
        """Wait for a track's end: what it carries is taken before it gets there."""
        with contextlib.suppress(MediaStreamError):
            await track.recv()
        self._give_pictures()

    def _on_reader_done(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            return
        if (error := task.exception()) is not None:
            _logger.error("a track reader failed; the call ends", exc_info=error)
        if error is not None or all(reader.done() for reader in self.tasks):
            self._on_over()

    def _stream_stats(self, kind: str) -> StreamStats:
        tap = self._taps[kind]
        silent_s = None if tap.last_packet_s is None else time.monotonic() - tap.last_packet_s
        return StreamStats(
            packets=tap.packets,
            frames=self._intake.frames[kind],
            lost=tap.lost,
            restarts=tap.restarts if isinstance(tap, aiortc_patches.VideoTap) else 0,
            silent_s=silent_s,
            refused=dict(tap.refused),
            picture_px=self._picture_px if kind == "video" else None,
        )
