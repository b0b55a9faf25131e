"""Which codecs a call may use."""

from __future__ import annotations

from aiortc import RTCRtpTransceiver
from aiortc.codecs import get_capabilities
from aiortc.rtcrtpparameters import RTCRtpCodecCapability

_RECEIVED = {
    "audio": ("audio/opus",),
    "video": ("video/VP8", "video/H264", "video/rtx"),
}


def capabilities(kind: str) -> list[RTCRtpCodecCapability]:
    """Return the codecs that aiortc knows for "audio" or "video"."""
    known = get_capabilities(kind)
    return list(known.codecs) if known else []


def prefer_received(transceiver: RTCRtpTransceiver) -> None:
    """Take only codecs whose frames and clock rates we know how to read."""
    kind = transceiver.kind
    wanted = _RECEIVED[kind]
    transceiver.setCodecPreferences([c for c in capabilities(kind) if c.mimeType in wanted])
