"""How packets say that pictures are to be turned: coordination of video orientation.

3GPP TS 26.114, section 7.4.5: an extension of RTP's header, in a picture's last packet. There it
stands until another one comes; for browsers it does not, and what they show counts here.
"""

from __future__ import annotations

from collections import deque

from aiortc import RTCPeerConnection
from aiortc.rtcrtpparameters import RTCRtpParameters
from aiortc.rtp import (
    HeaderExtensions,
    HeaderExtensionsMap,
    RtpPacket,
    unpack_header_extensions,
)
from aiortc.sdp import SessionDescription

from stream_verifier.media.webrtc.aiortc_patches.connection import transports
from stream_verifier.media.webrtc.aiortc_patches.names import replace
from stream_verifier.media.webrtc.clock import signed

URI = "urn:3gpp:video-orientation"
_QUARTERS = 0b11
"""Browsers follow these bits alone: neither which camera it is nor that it is mirrored."""
_MOST = 64
_NAME = "video_orientation"


def take_turns(pc: RTCPeerConnection, offer_sdp: str) -> None:
    """Agree that packets say how pictures are to be turned, where that is offered.

    Args:
        pc: that has the offer, and has not answered.
        offer_sdp: that it has.
    """
    sections = SessionDescription.parse(offer_sdp).media
    for transceiver, section in zip(pc.getTransceivers(), sections, strict=True):
        offered = [one for one in section.rtp.headerExtensions if one.uri == URI]
        if transceiver.kind == "video":
            transceiver._headerExtensions += offered[:1]
    for transport in transports(pc):
        replace(transport, "_rtp_header_extensions_map", _TurnsMap())


class _TurnsMap(HeaderExtensionsMap):
    """Reads that extension beside those that aiortc knows."""

    def __init__(self) -> None:
        super().__init__()
        self._id: int | None = None

    def configure(self, parameters: RTCRtpParameters) -> None:
        super().configure(parameters)
        for one in parameters.headerExtensions:
            if one.uri == URI:
                self._id = one.id

    def get(self, extension_profile: int, extension_value: bytes) -> HeaderExtensions:
        values = super().get(extension_profile, extension_value)
        for number, value in unpack_header_extensions(extension_profile, extension_value):
            if number == self._id and value:
                setattr(values, _NAME, value[0] & _QUARTERS)
        return values


class Turns:
    """What the last packet of each picture of one source said."""

    def __init__(self) -> None:
        self._said: dict[int, tuple[int, int]] = {}
        self._dated: deque[tuple[int, int]] = deque(maxlen=_MOST)
        self._now = 0

    def note(self, packet: RtpPacket) -> None:
        """Take a packet in."""
        number = packet.sequence_number
        last, _ = self._said.get(packet.timestamp, (number, 0))
        if not packet.payload or signed(number - last, 16) < 0:
            return
        self._said[packet.timestamp] = number, getattr(packet.extensions, _NAME, 0)
        while len(self._said) > _MOST:
            del self._said[next(iter(self._said))]

    def date(self, timestamp: int, ticks: int) -> None:
        """Say when a picture is, whose packets have all come."""
        _, quarters = self._said.pop(timestamp, (0, 0))
        self._dated.append((ticks, quarters))

    def at(self, ticks: int) -> int:
        """Quarter turns, clockwise, of the picture at ``ticks``, in order of time."""
        while self._dated and self._dated[0][0] <= ticks:
            _, self._now = self._dated.popleft()
        return self._now
