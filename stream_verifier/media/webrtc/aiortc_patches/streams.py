"""Streams: order, time, loss and pauses of what one receiver gets."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Any

from aiortc import RTCRtpReceiver
from aiortc.clock import datetime_from_ntp
from aiortc.jitterbuffer import JitterBuffer, JitterFrame
from aiortc.rtp import RtcpByePacket, RtcpSrPacket, RtpPacket

from stream_verifier.media.webrtc.aiortc_patches.names import PREFIX, private, replace
from stream_verifier.media.webrtc.clock import RATES_HZ, MediaClock, RtpTimeline, signed
from stream_verifier.media.webrtc.frame_size import frame_sizes
from stream_verifier.media.webrtc.keyframes import is_keyframe
from stream_verifier.media.webrtc.reorder import ReorderBuffer

_REMEMBERED = 256
_VIDEO_CAPACITY = 512


class StreamTap:
    """Watches one receiver's RTP and RTCP: dates frames, counts, remembers pauses."""

    def __init__(self, receiver: RTCRtpReceiver, kind: str, clock: MediaClock) -> None:
        self.packets = 0
        self.reports = 0
        self.last_packet_s: float | None = None
        self._receiver = receiver
        self._kind = kind
        self._clock = clock
        self._timeline = RtpTimeline(RATES_HZ[kind])
        self._ssrc: int | None = None
        self._sequence: int | None = None
        self._paused: deque[int] = deque(maxlen=8)
        self._pause_timestamp: int | None = None
        self._anew: deque[int] = deque(maxlen=_REMEMBERED)
        self._arrivals: dict[int, float] = {}
        self._handle_rtcp = receiver._handle_rtcp_packet
        replace(receiver, "_handle_rtcp_packet", self._on_rtcp)
        replace(receiver, "_handle_disconnect", self._on_disconnect)
        replace(receiver, PREFIX + "timestamp_mapper", _Identity())

    def arrival_s(self, ticks: int) -> float | None:
        """Return the monotonic time at which the frame at ``ticks`` had arrived; once."""
        return self._arrivals.pop(ticks, None)

    def pause_reason(self, ticks: int) -> str:
        """Say why nothing came before the frame at ``ticks``: "muted" or "network".

        A sender that pauses goes on with the next sequence number; lost packets leave a hole.
        """
        muted = False
        while self._paused and self._paused[0] <= ticks:
            self._paused.popleft()
            muted = True
        return "muted" if muted else "network"

    def begins_anew(self, ticks: int) -> bool:
        """Whether the frame at ``ticks`` is a key frame, or of another codec than those before."""
        anew = False
        while self._anew and self._anew[0] <= ticks:
            anew = self._anew.popleft() == ticks
        return anew

    def _note(self, packet: RtpPacket, now_s: float) -> bool:
        """Count a packet; return whether it comes from a new source."""
        new_source = self._ssrc is not None and packet.ssrc != self._ssrc
        paused = self.last_packet_s is not None and now_s - self.last_packet_s > 0.4
        follows = packet.sequence_number == ((self._sequence or 0) + 1) & 0xFFFF
        if paused and follows:
            self._pause_timestamp = packet.timestamp
        if new_source:
            self._timeline.restart()
        if new_source or self._sequence is None or self._ahead(packet):
            self._sequence = packet.sequence_number
        self._ssrc = packet.ssrc
        self.last_packet_s = now_s
        self.packets += 1
        return new_source

    def _ahead(self, packet: RtpPacket) -> bool:
        return signed(packet.sequence_number - (self._sequence or 0), 16) > 0

    def _date(self, timestamp: int, arrival_s: float) -> int:
        """Return ticks for a complete frame and remember when it came."""
        ticks = self._timeline.extend(timestamp, arrival_s)
        if timestamp == self._pause_timestamp:
            self._paused.append(ticks)
            self._pause_timestamp = None
        self._clock.arrived(self._kind, ticks, arrival_s)
        self._arrivals[ticks] = arrival_s
        while len(self._arrivals) > _REMEMBERED:
            del self._arrivals[next(iter(self._arrivals))]
        return ticks

    def _on_disconnect(self) -> None:
        """End the track; aiortc would wait for its decoder here, on the event loop."""
        private(self._receiver, "decoder_queue").put(None)

    async def _on_rtcp(self, packet: Any) -> None:
        if isinstance(packet, RtcpByePacket):
            return  # Browsers say bye for a camera that is switched off and may come back.
        if isinstance(packet, RtcpSrPacket) and packet.sender_info.packet_count:
            self.reports += 1
            info = packet.sender_info
            ticks = self._timeline.locate(info.rtp_timestamp)
            if ticks is not None and info.ntp_timestamp and packet.ssrc == self._ssrc:
                ntp_s = datetime_from_ntp(info.ntp_timestamp).timestamp()
                self._clock.report(self._kind, ticks, ntp_s)
        await self._handle_rtcp(packet)


class AudioTap(StreamTap):
    """Takes the place of aiortc's audio jitter buffer (its ``add``)."""

    def __init__(self, receiver: RTCRtpReceiver, clock: MediaClock) -> None:
        super().__init__(receiver, "audio", clock)
        self._order: ReorderBuffer[tuple[RtpPacket, float]] = ReorderBuffer()
        replace(receiver, PREFIX + "jitter_buffer", self)

    @property
    def lost(self) -> int:
        """Packets that never came, or too late."""
        return self._order.lost

    def add(self, packet: RtpPacket) -> tuple[bool, None]:
        """Take a packet and decode what is due; aiortc itself has nothing left to do."""
        now_s = time.monotonic()
        if packet.payload:
            if self._note(packet, now_s):
                self._decode(self._order.restart())
            self._decode(self._order.push(packet.sequence_number, (packet, now_s), now_s))
        return False, None

    async def tend(self, now_s: float) -> None:
        """Give up holes that were waited for long enough; call it about ten times a second."""
        self._decode(self._order.expire(now_s))

    def _decode(self, due: list[tuple[RtpPacket, float]]) -> None:
        for packet, arrival_s in due:
            codec = private(self._receiver, "codecs").get(packet.payload_type)
            if codec is not None and private(self._receiver, "decoder_thread") is not None:
                ticks = self._date(packet.timestamp, arrival_s)
                frame = JitterFrame(_payload(packet), ticks)
                private(self._receiver, "decoder_queue").put((codec, frame))


class VideoTap(StreamTap):
    """Takes the place of aiortc's video jitter buffer and gets stalled video going again.

    After a loss that is not made good within ``stall_s``, the broken frame and all that refer
    to it are dropped, a key frame is asked for (PLI, RFC 4585), and decoding goes on with it.
    """

    def __init__(
        self,
        receiver: RTCRtpReceiver,
        clock: MediaClock,
        stall_s: float = 0.3,
        *,
        fits: Callable[[int, int], bool] = lambda *_: True,
    ) -> None:
        super().__init__(receiver, "video", clock)
        self.too_large = 0
        """Frames dropped because they say that they are larger than is taken, or garble it."""
        self._fits = fits
        self.restarts = 0
        """Times that the watchdog had to step in."""
        self.lost = 0
        """Frames dropped because their reference was missing."""
        self._stall_s = stall_s
        self._buffer = JitterBuffer(capacity=_VIDEO_CAPACITY, is_video=True)
        self._floor: int | None = None
        self._payload_type: int | None = None
        self._needs_keyframe = True
        self._progress_s = 0.0
        self._asked_s = 0.0
        self._waiting: dict[int, float] = {}
        replace(receiver, PREFIX + "jitter_buffer", self)

    def add(self, packet: RtpPacket) -> tuple[bool, JitterFrame | None]:
        """Take a packet; return whether to ask for a key frame, and a frame to decode."""
        now_s = time.monotonic()
        if self._note(packet, now_s):
            self._restart(now_s)
            self._floor = None
        if self._floor is not None and signed(packet.sequence_number - self._floor, 16) <= 0:
            return False, None
        if not self._waiting:
            self._progress_s = now_s
            self._asked_s = self._asked_s or now_s
        if _payload(packet):
            self._waiting[packet.timestamp] = now_s
        broken, frame = self._buffer.add(packet)
        self._needs_keyframe |= broken
        return broken, self._checked(frame, packet.payload_type, now_s) if frame else None

    async def tend(self, now_s: float) -> None:
        """Ask again for what is missing, restart if stalled; call about ten times a second."""
        if self._ssrc is None:
            return
        # Three newer frames must wait, so that a slow camera is not taken for a stall.
        stalled = len(self._waiting) > 3 and now_s - self._progress_s > self._stall_s
        if stalled:
            self._restart(now_s)
            self.restarts += 1
        if stalled or (self._needs_keyframe and now_s - self._asked_s > 2 * self._stall_s):
            self._asked_s = now_s
            await self._receiver._send_rtcp_pli(self._ssrc)
        elif missing := self._missing():
            await self._receiver._send_rtcp_nack(self._ssrc, missing)

    def _restart(self, now_s: float) -> None:
        self._buffer = JitterBuffer(capacity=_VIDEO_CAPACITY, is_video=True)
        self._floor = self._sequence
        self._needs_keyframe = True
        self._progress_s = now_s
        self._waiting.clear()
        private(self._receiver, "nack_generator").missing.clear()

    def _missing(self) -> list[int]:
        origin = self._buffer._origin
        missing = private(self._receiver, "nack_generator").missing
        return sorted(s for s in missing if origin is not None and signed(s - origin, 16) >= 0)

    def _checked(self, frame: JitterFrame, payload_type: int, now_s: float) -> JitterFrame | None:
        """Return the frame, dated, unless it would decode to garbage."""
        arrival_s = self._waiting.get(frame.timestamp, now_s)
        for timestamp in [t for t in self._waiting if signed(t - frame.timestamp, 32) <= 0]:
            del self._waiting[timestamp]
        self._progress_s = now_s
        codec = private(self._receiver, "codecs").get(payload_type)
        keyframe = is_keyframe(codec.name if codec else "", frame.data)
        if self._needs_keyframe and not keyframe:
            self.lost += 1
            return None
        if not self._takes(codec.name if codec else "", frame.data):
            self.too_large += 1
            self._needs_keyframe = True
            return None
        self._needs_keyframe = False
        frame.timestamp = self._date(frame.timestamp, arrival_s)
        if keyframe or payload_type != self._payload_type:
            self._anew.append(frame.timestamp)
        self._payload_type = payload_type
        return frame

    def _takes(self, codec: str, data: bytes) -> bool:
        """Whether a frame announces only sizes that a decoder may allocate."""
        try:
            return all(self._fits(*size) for size in frame_sizes(codec, data))
        except ValueError:
            return False


class _Identity:
    """Takes the place of aiortc's timestamp mapper: our frames are dated already."""

    def map(self, timestamp: int) -> int:
        return timestamp


def _payload(packet: RtpPacket) -> bytes:
    """What aiortc leaves of a packet without its codec's own header."""
    data: bytes = packet._data  # type: ignore[attr-defined]
    return data
