"""Audio: order and amount of sound, decoded as it comes."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import av
from aiortc import RTCRtpReceiver
from aiortc.codecs import get_decoder
from aiortc.jitterbuffer import JitterFrame
from aiortc.rtcrtpparameters import RTCRtpCodecParameters
from aiortc.rtp import RtpPacket

from stream_verifier.media.limits import Budget
from stream_verifier.media.webrtc.aiortc_patches.names import PREFIX, private, replace
from stream_verifier.media.webrtc.aiortc_patches.streams import StreamTap, payload_of
from stream_verifier.media.webrtc.clock import RATES_HZ, MediaClock
from stream_verifier.media.webrtc.opus import LONGEST_S, duration_s, said_again_s
from stream_verifier.media.webrtc.reorder import RESTART, ReorderBuffer

_REMEMBERED = 256
_BURST_S = 10.0
_SOUND_S_PER_S = 1.5
_LEAST_HOLE = 0.9
"""Of what a packet plays, for one that is missing before it."""


class AudioTap(StreamTap):
    """Takes the place of aiortc's audio jitter buffer (its ``add``), and decodes.

    Decoding 20 ms of Opus takes some 30 microseconds. aiortc has a thread for it, and waking that
    and the event loop again takes several times as long, fifty times a second for each call.

    Args:
        receiver: of the sound.
        clock: dates it.
        take: gets each decoded frame, in order, dated in ticks; it must not fail.
        gather_s: packets wait so long for others: at a stretch they cost less than one by one
            between everything else. The first waits for none.
    """

    def __init__(
        self,
        receiver: RTCRtpReceiver,
        clock: MediaClock,
        take: Callable[[av.AudioFrame], None],
        *,
        gather_s: float = 0.0,
    ) -> None:
        super().__init__(receiver, "audio", clock)
        self._take = take
        self._gather_s = gather_s
        self._gathered: list[tuple[RTCRtpCodecParameters, JitterFrame]] = []
        self._since_s = -math.inf
        self._order: ReorderBuffer[tuple[RtpPacket, float]] = ReorderBuffer()
        self._missing = 0
        self._due: int | None = None
        self._owed_s: dict[int, float] = {}
        self._passed_over_s = 0.0
        self._lost_before: deque[tuple[int, int]] = deque(maxlen=_REMEMBERED)
        self._sound_s = Budget(_SOUND_S_PER_S, burst_s=_BURST_S)
        # aiortc's type of a decoder does not tell that those of sound give sound.
        self._decoders: dict[str, Any] = {}
        replace(receiver, PREFIX + "jitter_buffer", self)

    @property
    def lost(self) -> int:
        """Packets that never came, or too late."""
        return self._order.lost

    def add(self, packet: RtpPacket) -> tuple[bool, None]:
        """Take a packet and decode what is due; aiortc itself has nothing left to do."""
        now_s = time.monotonic()
        if not packet.payload:
            if self._passes(packet):
                self._gather(self._order.push(packet.sequence_number, (packet, now_s), now_s))
                self._decode_due(now_s)
        elif self._admits(packet, now_s) and self._plays(packet, now_s):
            if self._note(packet, now_s):
                self._gather(self._order.restart())
                self._owed_s.clear()
            late = self._order.late
            self._gather(self._order.push(packet.sequence_number, (packet, now_s), now_s))
            if self._order.late > late:
                self._pass_over(packet)
            self._decode_due(now_s)
        return False, None

    def lost_s(self, ticks: int) -> float:
        """Seconds of sound that may have been in packets missing right before ``ticks``; once.

        What never came to us, or too late, others may have: they wait for longer, or have it from
        what a later packet says again of it (RFC 6716, section 2.1.7).
        """
        missing = 0
        while self._lost_before and self._lost_before[0][0] <= ticks:
            missing += self._lost_before.popleft()[1]
        return missing * LONGEST_S

    def passed_over_s(self) -> float:
        """Seconds of sound that came since this was asked and is not heard, beyond `lost_s`.

        Players go by dates alone: what came too late, or behind a leap of numbers, has its turn
        there, and what a packet says again fills any hole, whether or not a number is missing.
        """
        passed_s, self._passed_over_s = self._passed_over_s, 0.0
        return passed_s

    async def tend(self, now_s: float) -> None:
        """Give up holes that were waited for long enough; call it about ten times a second."""
        self._gather(self._order.expire(now_s))
        self._decode_due(now_s)

    def _plays(self, packet: RtpPacket, now_s: float) -> bool:
        """Whether a packet is sound, and not more of it than there is time."""
        try:
            sound_s = duration_s(packet.payload)
        except ValueError:
            self.refused["sound_garbled"] += 1
            return False
        if not self._sound_s.take(sound_s, now_s):
            self.refused["too_much_sound"] += 1
            return False
        return True

    def _gather(self, due: list[tuple[RtpPacket, float]]) -> None:
        """Date packets, in order."""
        for packet, arrival_s in due:
            missing = self._order.missing_before(packet.sequence_number)
            self._missing += missing
            codec = private(self._receiver, "codecs").get(packet.payload_type)
            if codec is None or not packet.payload:
                continue  # Of no codec of the offer, or padding.
            encoded = JitterFrame(payload_of(packet), self._date(packet.timestamp, arrival_s))
            self._gathered.append((codec, encoded))
            hole_s = self._hole_before_s(encoded)
            if missing:
                self._owe(packet.sequence_number, missing, hole_s / missing, encoded)
            if self._missing:
                self._lost_before.append((encoded.timestamp, self._missing))
                self._missing = 0
            elif hole_s:
                self._passed_over_s += min(hole_s, said_again_s(encoded.data))

    def _hole_before_s(self, encoded: JitterFrame) -> float:
        """Seconds between a packet and the end of the one before."""
        rate_hz, due = RATES_HZ["audio"], self._due
        self._due = encoded.timestamp + round(duration_s(encoded.data) * rate_hz)
        return 0.0 if due is None else max(0.0, (encoded.timestamp - due) / rate_hz)

    def _owe(self, sequence: int, missing: int, each_s: float, after: JitterFrame) -> None:
        """Note what packets count for that were given up right before another one: their hole.

        Those that leave none have dates of their own, and may be played in place of what is here.
        """
        if each_s < _LEAST_HOLE * duration_s(after.data):
            each_s = LONGEST_S
            self._passed_over_s += missing * each_s
        for number in range(sequence - missing, sequence):
            self._owed_s[number & 0xFFFF] = each_s
        while len(self._owed_s) > RESTART:
            del self._owed_s[next(iter(self._owed_s))]

    def _pass_over(self, packet: RtpPacket) -> None:
        """Note a packet that is not decoded, for as far as its hole does not count for it."""
        owed_s = self._owed_s.pop(packet.sequence_number, 0.0)
        self._passed_over_s += max(0.0, duration_s(packet.payload) - owed_s)

    def _decode_due(self, now_s: float) -> None:
        """Decode what was gathered, once that has taken long enough."""
        if not self._gathered or now_s - self._since_s < self._gather_s:
            return
        gathered, self._gathered, self._since_s = self._gathered, [], now_s
        if private(self._receiver, "decoder_thread") is None:
            return  # The receiver has stopped.
        for codec, encoded in gathered:
            self._decode(codec, encoded)

    def _decode(self, codec: RTCRtpCodecParameters, encoded: JitterFrame) -> None:
        if codec.name not in self._decoders:
            self._decoders[codec.name] = get_decoder(codec)
        try:
            frames = self._decoders[codec.name].decode(encoded)
        except av.FFmpegError:
            self.refused["sound_garbled"] += 1
            return
        for frame in frames:
            self._take(frame)
