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
        """Packets of other sections."""
        self._router = transport._rtp_router
        self._declined = frozenset(declined)
        self._by_type = self._router.route_rtp
        replace(self._router, "route_rtp", self._route)

    def _route(self, packet: RtpPacket) -> Any:
        mid = packet.extensions.mid
        of_mid = self._router.mid_table.get(mid) if mid is not None else None
        if (mid is not None and of_mid is None) or packet.ssrc in self._declined:
            self.refused += 1
            return None
        if of_mid is not None and packet.ssrc not in self._router.ssrc_table:
            # Later packets of the source do not say the media id again.
            self._router.ssrc_table[packet.ssrc] = of_mid
        receiver = self._by_type(packet)
        return receiver if of_mid in (None, receiver) else None
