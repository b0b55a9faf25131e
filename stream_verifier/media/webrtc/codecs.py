"""Which codecs a call may use."""

from __future__ import annotations

from collections.abc import Sequence

from aiortc import RTCRtpTransceiver
from aiortc.codecs import CODECS, get_capabilities
from aiortc.rtcpeerconnection import find_common_codecs
from aiortc.rtcrtpparameters import RTCRtpCodecCapability, RTCRtpCodecParameters

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


def receives(kind: str, offered: Sequence[RTCRtpCodecParameters]) -> bool:
    """Whether one of the codecs that are offered for "audio" or "video" can be received."""
    common = find_common_codecs(CODECS[kind], list(offered))
    wanted = set(_RECEIVED[kind]) - {"video/rtx"}
    return any(codec.mimeType in wanted for codec in common)
