"""Video: order, size and number of pictures, and getting on after a loss."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from aiortc import RTCRtpReceiver
from aiortc.codecs import is_rtx
from aiortc.jitterbuffer import JitterBuffer, JitterFrame
from aiortc.rtp import RtpPacket

from stream_verifier.media.limits import MediaLimits
from stream_verifier.media.webrtc.aiortc_patches.estimates import space_estimates
from stream_verifier.media.webrtc.aiortc_patches.nacks import BoundedNacks
from stream_verifier.media.webrtc.aiortc_patches.names import PREFIX, private, replace
from stream_verifier.media.webrtc.aiortc_patches.streams import StreamTap, is_behind, payload_of
from stream_verifier.media.webrtc.aiortc_patches.turns import Turns
from stream_verifier.media.webrtc.aiortc_patches.worth import is_worth
from stream_verifier.media.webrtc.clock import RATES_HZ, MediaClock, signed
from stream_verifier.media.webrtc.frame_gate import GARBLED, TOO_LARGE, FrameGate
from stream_verifier.media.webrtc.keyframes import begins_picture, is_keyframe
from stream_verifier.media.webrtc.packet_order import PacketOrder, Place
from stream_verifier.media.webrtc.parameter_sets import ParameterSets
from stream_verifier.media.webrtc.patience import LEAST_S, Patience
from stream_verifier.media.webrtc.picture_numbers import PictureNumbers

_CAPACITY = 512
_MOST_PICTURES_WAITING = 64
_ASK_EVERY_S = 0.1
_BEHIND = "frame_behind"
_H264_REORDERED = RATES_HZ["video"] // 2
"""Ticks: pictures of H.264 may be shown so long after ones that are sent later."""


class _Shape:
    """Where the picture of one timestamp begins and ends, whatever order its packets come in.

    Players go by these marks: of two pictures of one timestamp, or one that begins amid others'
    packets, they show each that is whole, where a decoder that gets all of it at once shows one.
    What has no begin or no end they never show.

    Args:
        first: number of one of its packets.
        says_begin: whether its codec says where it begins.
    """

    def __init__(self, first: int, *, says_begin: bool) -> None:
        self._says_begin = says_begin
        self._first = self._last = first
        self._begin: int | None = None
        self._end: int | None = None
        self.opening = b""
        """Payload of the packet that it begins with, where its codec says which one that is."""
        self._several = False

    @property
    def odd(self) -> bool:
        """Whether it is not one picture from its first packet to its last."""
        begun = not self._says_begin or self._begin == self._first
        return self._several or not begun or self._end != self._last

    def note(self, packet: RtpPacket) -> None:
        """Take one more packet, which is none of padding."""
        number = packet.sequence_number
        if signed(number - self._first, 16) < 0:
            self._first = number
        if signed(number - self._last, 16) > 0:
            self._last = number
        if self._says_begin and begins_picture(packet.payload):
            self._several |= self._begin not in (None, number)
            self._begin, self.opening = number, packet.payload
        if packet.marker:
            self._several |= self._end not in (None, number)
            self._end = number


class VideoTap(StreamTap):
    """Takes the place of aiortc's video jitter buffer and gets stalled video going again.

    After a loss that is not made good in time (`Patience`: within 0.3 s, on a line that brings late
    what is missing within 1 s), the broken frame and all that refer to it are dropped, a key frame
    is asked for (PLI, RFC 4585), and decoding goes on with it.

    Args:
        receiver: of the pictures.
        clock: dates them.
        limits: size, number and pixels a second.
        parameter_sets: those of H.264 that the offer has, by payload type.
    """

    def __init__(
        self,
        receiver: RTCRtpReceiver,
        clock: MediaClock,
        *,
        limits: MediaLimits | None = None,
        parameter_sets: Mapping[int, bytes] | None = None,
    ) -> None:
        super().__init__(receiver, "video", clock)
        self._announced = dict(parameter_sets or {})
        self._sets: dict[int, ParameterSets] = {}
        self._gate = FrameGate(limits or MediaLimits())
        self._codec = ""
        self.restarts = 0
        """Times that the watchdog had to step in."""
        self.lost = 0
        """Frames dropped because their reference was missing."""
        self._buffer = JitterBuffer(capacity=_CAPACITY, is_video=True)
        self._floor: int | None = None
        self._payload_type: int | None = None
        self._needs_keyframe = True
        self._progress_s = 0.0
        self._asked_s = 0.0
        self._waiting: dict[int, float] = {}
        self._shapes: dict[int, _Shape] = {}
        self._order = PacketOrder()
        self._patience = Patience()
        self._learnt_rtx: int | None = None
        self._numbers = PictureNumbers()
        self._missing_pictures = False
        self._turns = Turns()
        self._handle_packet = receiver._handle_rtp_packet
        replace(receiver, "_handle_rtp_packet", self._on_packet)
        replace(receiver, PREFIX + "jitter_buffer", self)
        replace(receiver, PREFIX + "nack_generator", BoundedNacks())
        space_estimates(receiver)

    async def _on_packet(self, packet: RtpPacket, **_: Any) -> None:
        """Pass a packet on to aiortc, which takes it apart, if that is worth it.

        aiortc dates it by the wall clock: set back an hour, that ends all estimates for an hour.
        """
        codec = private(self._receiver, "codecs").get(packet.payload_type)
        if codec is not None and not is_worth(codec.name, packet.payload):
            self.refused["malformed"] += 1
            return
        if codec is not None and is_rtx(codec) and not self._knows_rtx(packet.ssrc):
            self.refused["second_source"] += 1
            return
        now_ms = round(time.monotonic() * 1000)
        await self._handle_packet(packet, arrival_time_ms=now_ms)

    def _knows_rtx(self, ssrc: int) -> bool:
        """Whether a source's retransmissions are those of the one that is seen.

        Where none was announced, the first one that comes is taken for it, as Chrome does.
        """
        known = private(self._receiver, "rtx_ssrc")
        if not known:
            self._learnt_rtx = ssrc
        if ssrc == self._learnt_rtx:
            known[ssrc] = self._ssrc
        return ssrc in known

    def turns(self, ticks: int) -> int:
        """Quarter turns, clockwise, by which the picture at ``ticks`` is to be turned."""
        return self._turns.at(ticks)

    def check_decoded(self, width: int, height: int) -> bool:
        """Whether a decoded picture is as small as its header said; else it is not taken."""
        if self._gate.announced(width, height):
            return True
        self.refused[TOO_LARGE] += 1
        return False

    def add(self, packet: RtpPacket) -> tuple[bool, JitterFrame | None]:
        """Take a packet; return whether to ask for a key frame, and a frame to decode."""
        now_s = time.monotonic()
        if not self._admits(packet, now_s):
            return False, None
        if self._note(packet, now_s):
            self._restart(now_s)
            self._floor = None
            self._sets.clear()
            self._turns, self._numbers, self._order = Turns(), PictureNumbers(), PacketOrder()
        if not self._is_due(packet, now_s):
            return False, None
        if not self._waiting:
            self._progress_s = now_s
            self._asked_s = self._asked_s or now_s
        if payload_of(packet):
            self._waiting[packet.timestamp] = now_s
            if len(self._waiting) > _CAPACITY:  # Of packets that the buffer did not take.
                del self._waiting[next(iter(self._waiting))]
            self._note_shape(packet)
        self._turns.note(packet)
        broken, frame = self._buffer.add(packet)
        self._needs_keyframe |= broken
        self._missing_pictures |= broken
        checked = None
        while frame is not None:
            if checked is not None:
                self._decode(checked, packet.payload_type)
            checked = self._checked(frame, packet.payload_type, now_s)
            # What waited for this packet is due as well; aiortc would let one go a packet.
            frame = self._buffer._remove_frame(packet.sequence_number)
        ask = broken and now_s - self._asked_s > _ASK_EVERY_S
        self._asked_s = now_s if ask else self._asked_s
        return ask, checked

    async def tend(self, now_s: float) -> None:
        """Ask again for what is missing, restart if stalled; call about ten times a second."""
        if self._ssrc is None:
            return
        # Three newer frames must wait, so that a slow camera is not taken for a stall.
        waited_s = now_s - self._progress_s
        stalled = len(self._waiting) > 3 and waited_s > self._patience.wait_s(now_s)
        if stalled:
            self._restart(now_s)
            self._patience.gave_up(now_s)
            self.restarts += 1
        if stalled or (self._needs_keyframe and now_s - self._asked_s > 2 * LEAST_S):
            self._asked_s = now_s
            await self._receiver._send_rtcp_pli(self._ssrc)
        elif missing := self._missing():
            await self._receiver._send_rtcp_nack(self._ssrc, missing)

    def _restart(self, now_s: float) -> None:
        self._buffer = JitterBuffer(capacity=_CAPACITY, is_video=True)
        self._floor = self._sequence
        self._needs_keyframe = self._missing_pictures = True
        self._progress_s = now_s
        self._waiting.clear()
        self._shapes.clear()
        private(self._receiver, "nack_generator").missing.clear()

    def _is_due(self, packet: RtpPacket, now_s: float) -> bool:
        """Whether the buffer is to have a packet; of one number the first counts, as everywhere."""
        codec = private(self._receiver, "codecs").get(packet.payload_type)
        h264 = codec is not None and codec.name.upper() == "H264"
        place = self._order.place(packet, reordered=_H264_REORDERED if h264 else 0)
        if place is Place.BEHIND:
            self.refused[_BEHIND] += 1
            self._missing_pictures = True
        elif place is Place.RESTARTED:
            self._sequence = packet.sequence_number
            self._restart(now_s)
            self._floor = None
        elif place is Place.LATE and self._gave_up(packet):
            self._patience.came_late(now_s)
            return False
        return place in (Place.AHEAD, Place.LATE, Place.RESTARTED)

    def _gave_up(self, packet: RtpPacket) -> bool:
        """Whether a late packet is not waited for any more."""
        if self._floor is not None and is_behind(packet, self._floor):
            return True
        origin = self._buffer._origin
        return origin is not None and signed(packet.sequence_number - origin, 16) < 0

    def _note_shape(self, packet: RtpPacket) -> None:
        """Note where pictures begin and end, by a timestamp."""
        codec = private(self._receiver, "codecs").get(packet.payload_type)
        vp8 = codec is not None and codec.name.upper() == "VP8"
        if (shape := self._shapes.get(packet.timestamp)) is None:
            shape = _Shape(packet.sequence_number, says_begin=vp8)
            self._shapes[packet.timestamp] = shape
        shape.note(packet)
        while len(self._shapes) > _CAPACITY:
            del self._shapes[next(iter(self._shapes))]

    def _missing(self) -> list[int]:
        origin = self._buffer._origin
        missing = private(self._receiver, "nack_generator").missing
        return sorted(s for s in missing if origin is not None and signed(s - origin, 16) >= 0)

    def _checked(self, frame: JitterFrame, payload_type: int, now_s: float) -> JitterFrame | None:
        """Return the frame, dated, unless it would decode to garbage."""
        arrival_s = self._waiting.get(frame.timestamp, now_s)
        for timestamp in [t for t in self._waiting if signed(t - frame.timestamp, 32) <= 0]:
            del self._waiting[timestamp]
        shape = self._shapes.pop(frame.timestamp, None)
        self._progress_s = now_s
        codec = private(self._receiver, "codecs").get(payload_type)
        name = codec.name if codec else ""
        self._needs_keyframe |= name != self._codec  # It gets a decoder that knows nothing yet.
        self._codec = name
        odd = shape is None or shape.odd
        if name.upper() == "H264":
            frame.data, keyframe = self._sets_of(payload_type).complete(frame.data)
        else:
            keyframe = is_keyframe(frame.data)
            odd |= shape is None or not self._numbers.follow(shape.opening, keyframe=keyframe)
        if self._needs_keyframe and not keyframe:
            self.lost += 1
            self._missing_pictures = True
            return None
        if (reason := GARBLED if odd else self._refusal(name, frame.data, now_s)) is not None:
            self.refused[reason] += 1
            self._needs_keyframe = self._missing_pictures = True
            return None
        self._needs_keyframe = False
        said_at = frame.timestamp
        frame.timestamp = self._date(said_at, arrival_s)
        self._turns.date(said_at, frame.timestamp)
        if keyframe or payload_type != self._payload_type:
            self._anew.append(frame.timestamp)
        if self._missing_pictures:
            self._missed.append(frame.timestamp)
        self._missing_pictures = False
        self._payload_type = payload_type
        return frame

    def _decode(self, frame: JitterFrame, payload_type: int) -> None:
        codec = private(self._receiver, "codecs").get(payload_type)
        private(self._receiver, "decoder_queue").put((codec, frame))

    def _sets_of(self, payload_type: int) -> ParameterSets:
        if payload_type not in self._sets:
            self._sets[payload_type] = ParameterSets(self._announced.get(payload_type, b""))
        return self._sets[payload_type]

    def _refusal(self, codec: str, data: bytes, now_s: float) -> str | None:
        """Why a frame is not decoded: for what it is, or since the decoder is far behind."""
        waiting = private(self._receiver, "decoder_queue").qsize()
        track = self._receiver._track
        waiting += track._queue.qsize() if track is not None else 0
        if waiting >= _MOST_PICTURES_WAITING:
            return "decoder_behind"
        return self._gate.refusal(codec, data, now_s)
