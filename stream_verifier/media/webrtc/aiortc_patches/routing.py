"""Routing: which receiver a packet is for (RFC 8843, section 9.2)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from aiortc.rtcdtlstransport import RTCDtlsTransport
from aiortc.rtp import RtpPacket

from stream_verifier.media.webrtc.aiortc_patches.names import replace


class SectionRouter:
    """Keeps what belongs to sections that are not received from receivers of the same kind.

    aiortc goes by payload types, which all sections of a kind share: the packets of a second camera
    would come to the first.

    Args:
        transport: that has not started.
        declined: SSRCs that the offer announces for sections that are not received.
    """

    def __init__(self, transport: RTCDtlsTransport, declined: Collection[int]) -> None:
        self.refused = 0
        """Packets for nobody, most of them of other sections."""
        self._router = transport._rtp_router
        self._declined = set(declined)
        self._by_type = self._router.route_rtp
        replace(self._router, "route_rtp", self._route)

    def _route(self, packet: RtpPacket) -> Any:
        receiver = self._of_own_section(packet)
        self.refused += receiver is None
        return receiver

    def _of_own_section(self, packet: RtpPacket) -> Any:
        if packet.ssrc in self._declined:
            return None
        if (mid := packet.extensions.mid) is None:
            return self._by_type(packet)
        # Later packets of a source do not say the media id again. `Arrivals` bounds the sources.
        if (of_mid := self._router.mid_table.get(mid)) is None:
            self._declined.add(packet.ssrc)
            return None
        self._router.ssrc_table.setdefault(packet.ssrc, of_mid)
        receiver = self._by_type(packet)
        return receiver if receiver is of_mid else None
