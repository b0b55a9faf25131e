"""The handshake of DTLS: one for each connection."""

from __future__ import annotations

from typing import Any

from aiortc.rtcdtlstransport import RTCDtlsTransport
from OpenSSL import SSL

from stream_verifier.media.webrtc.aiortc_patches.names import replace

_CERTIFICATE = "_RTCDtlsTransport__local_certificate"


def forbid_renegotiation(transport: RTCDtlsTransport) -> None:
    """Answer no other handshake than the first (RFC 8827 asks for none).

    A packet of 50 bytes would have the server sign and agree on keys anew, as often as it comes,
    and with whatever certificate is shown then.

    Args:
        transport: that has not started.
    """
    certificate = getattr(transport, _CERTIFICATE)
    make = certificate._create_ssl_context

    def made(*args: Any, **more: Any) -> SSL.Context:
        context: SSL.Context = make(*args, **more)
        context.set_options(SSL.OP_NO_RENEGOTIATION)
        return context

    replace(certificate, "_create_ssl_context", made)
