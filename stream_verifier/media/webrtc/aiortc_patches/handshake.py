"""The handshake of DTLS: one for each connection, with certificates of either kind."""

from __future__ import annotations

from typing import Any

from aiortc.rtcdtlstransport import RTCDtlsTransport
from OpenSSL import SSL

from stream_verifier.media.webrtc.aiortc_patches.names import replace

_CERTIFICATE = "_RTCDtlsTransport__local_certificate"
_CIPHERS = ":".join(
    f"ECDHE-{signature}-{cipher}"
    for cipher in ("AES128-GCM-SHA256", "CHACHA20-POLY1305", "AES128-SHA", "AES256-SHA")
    for signature in ("ECDSA", "RSA")
).encode()
"""aiortc's own, and the same for who shows an RSA certificate, as GStreamer does."""


def set_up_handshake(transport: RTCDtlsTransport) -> None:
    """Shake hands with whoever is there, and once.

    aiortc asks a server of DTLS, which an offer's ``actpass`` makes of the caller, for a
    certificate on an elliptic curve. RSA is as common among clients that are no browsers.

    No other handshake than the first is answered (RFC 8827 asks for none): a packet of 50 bytes
    would have the server sign and agree on keys anew, as often as it comes, and with whatever
    certificate is shown then.

    Args:
        transport: that has not started.
    """
    certificate = getattr(transport, _CERTIFICATE)
    make = certificate._create_ssl_context

    def made(*args: Any, **more: Any) -> SSL.Context:
        context: SSL.Context = make(*args, **more)
        context.set_options(SSL.OP_NO_RENEGOTIATION)
        context.set_cipher_list(_CIPHERS)
        return context

    replace(certificate, "_create_ssl_context", made)
