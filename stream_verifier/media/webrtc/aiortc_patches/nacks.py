"""Asks for packets that are missing, as far as a sender remembers them."""

from __future__ import annotations

from aiortc.rtcrtpreceiver import NackGenerator
from aiortc.rtp import RTP_HISTORY_SIZE, RtpPacket

from stream_verifier.media.webrtc.clock import signed


class BoundedNacks(NackGenerator):
    """Takes a jump further than any sender's memory for a new beginning.

    aiortc lists every number in between, up to 32,767 of them for each packet, which takes tens of
    milliseconds on the event loop.
    """

    def add(self, packet: RtpPacket) -> bool:
        """Mark a packet as received; return whether others before it are missing."""
        ahead = signed(packet.sequence_number - (self.max_seq or 0), 16)
        if self.max_seq is not None and ahead > RTP_HISTORY_SIZE:
            self.max_seq = packet.sequence_number
            self.missing.clear()
            return False
        return super().add(packet)
