"""Makes the WebRTC sources of calls, as the settings have them."""

from __future__ import annotations

import time

from stream_verifier.media.inbox import MediaInbox
from stream_verifier.media.source import SourceRequest
from stream_verifier.media.webrtc.network import (
    host_addresses,
    ice_servers,
    local_ends,
    media_limits,
    peer_addresses,
)
from stream_verifier.media.webrtc.peer import Peer
from stream_verifier.settings import Settings

_MEDIA_TIMEOUT_S = 5.0


class PeerFactory:
    """A `SourceFactory` of browsers and WHIP publishers.

    Args:
        settings: ICE, ports and how often a picture is scored.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def __call__(self, request: SourceRequest, inbox: MediaInbox) -> Peer:
        """Make a peer that will answer the request's offer."""
        settings = self._settings
        return Peer(
            offer_sdp=request.offer,
            ice_servers=ice_servers(settings, user=request.session, now_s=time.time()),
            host_addresses=host_addresses(settings),
            local_ends=local_ends(settings),
            inbox=inbox,
            video_rate_hz=settings.face_rate_hz,
            limits=media_limits(settings),
            peers=peer_addresses(settings),
            media_timeout_s=None if request.followed else _MEDIA_TIMEOUT_S,
            turned=request.turned,
        )
