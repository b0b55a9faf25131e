"""Streams: order, time, loss and pauses of what one receiver gets."""

from __future__ import annotations

from collections import Counter, deque
from typing import Any

from aiortc import RTCRtpReceiver
from aiortc.clock import datetime_from_ntp
from aiortc.rtp import RtcpByePacket, RtcpSrPacket, RtpPacket

from stream_verifier.media.webrtc.aiortc_patches.names import PREFIX, private, replace
from stream_verifier.media.webrtc.clock import RATES_HZ, MediaClock, RtpTimeline, signed
from stream_verifier.media.webrtc.reorder import RESTART

_REMEMBERED = 256
_HANDOVER_S = 0.5
_REORDER_S = {"audio": 0.0, "video": 0.5}
"""So much earlier may a frame be shown than one that came before it."""


class StreamTap:
    """Watches one receiver's RTP and RTCP: dates frames, counts, remembers pauses."""

    def __init__(self, receiver: RTCRtpReceiver, kind: str, clock: MediaClock) -> None:
        self.packets = 0
        self.reports = 0
        self.refused: Counter[str] = Counter()
        """Packets and frames not taken, by reason."""
        self.last_packet_s: float | None = None
        self._receiver = receiver
        self._kind = kind
        self._clock = clock
        self._timeline = RtpTimeline(RATES_HZ[kind], reorder_s=_REORDER_S[kind])
        self._ssrc: int | None = None
        self._left = False
        self._sequence: int | None = None
        self._paused: deque[int] = deque(maxlen=8)
        self._pause_timestamp: int | None = None
        self._anew: deque[int] = deque(maxlen=_REMEMBERED)
        self._missed: deque[int] = deque(maxlen=_REMEMBERED)
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

    def lost_s(self, ticks: int) -> float:  # noqa: ARG002
        """Seconds of sound that may have been in what is missing right before ``ticks``; once."""
        return 0.0

    def passed_over_s(self) -> float:
        """Seconds of sound that came since this was asked and is not heard, beyond `lost_s`."""
        return 0.0

    def misses(self, ticks: int) -> bool:
        """Whether pictures right before the one at ``ticks`` were sent and are not decoded."""
        missed = False
        while self._missed and self._missed[0] <= ticks:
            missed |= self._missed.popleft() == ticks
        return missed

    def miss(self, ticks: int | None) -> None:
        """Note that pictures before the one at ``ticks``, the next that is taken, are not there."""
        if ticks is not None:
            self._missed.appendleft(ticks)

    def turns(self, ticks: int) -> int:  # noqa: ARG002
        """Quarter turns, clockwise, by which the picture at ``ticks`` is to be turned."""
        return 0

    def begins_anew(self, ticks: int) -> bool:
        """Whether the frame at ``ticks`` is a key frame, or of another codec than those before."""
        anew = False
        while self._anew and self._anew[0] <= ticks:
            anew = self._anew.popleft() == ticks
        return anew

    def _admits(self, packet: RtpPacket, now_s: float) -> bool:
        """Whether a packet is of the one source that is heard at a time.

        Another one takes over once the first has fallen silent or said goodbye, never in between.
        """
        silent = self.last_packet_s is None or now_s - self.last_packet_s > _HANDOVER_S
        if packet.ssrc == self._ssrc or silent or self._left:
            return True
        self.refused["second_source"] += 1
        return False

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
        self._left = False
        self.last_packet_s = now_s
        self.packets += 1
        return new_source

    def _passes(self, packet: RtpPacket) -> bool:
        """Count over a packet of padding alone, which is no media and yet has a number.

        Senders keep a way through a NAT open by such packets (RFC 6263, section 4.1), or try by
        them how much more a network carries. Return whether it is of the source that is heard.
        """
        if packet.ssrc != self._ssrc:
            return False
        if self._ahead(packet):
            self._sequence = packet.sequence_number
        return True

    def _ahead(self, packet: RtpPacket) -> bool:
        return not is_behind(packet, self._sequence or 0)

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
            self._left |= self._ssrc in packet.sources
            return  # Browsers say bye for a camera that is switched off and may come back.
        if isinstance(packet, RtcpSrPacket) and packet.sender_info.packet_count:
            self.reports += 1
            info = packet.sender_info
            ticks = self._timeline.locate(info.rtp_timestamp)
            if ticks is not None and info.ntp_timestamp and packet.ssrc == self._ssrc:
                ntp_s = datetime_from_ntp(info.ntp_timestamp).timestamp()
                self._clock.report(self._kind, ticks, ntp_s)
        await self._handle_rtcp(packet)


class _Identity:
    """Takes the place of aiortc's timestamp mapper: our frames are dated already."""

    def map(self, timestamp: int) -> int:
        return timestamp


def is_behind(packet: RtpPacket, sequence: int) -> bool:
    """Whether a packet is a sequence number's own or comes late, and is of no sender begun anew."""
    return -RESTART < signed(packet.sequence_number - sequence, 16) <= 0


def payload_of(packet: RtpPacket) -> bytes:
    """What aiortc leaves of a packet without its codec's own header."""
    data: bytes = packet._data  # type: ignore[attr-defined]
    return data
