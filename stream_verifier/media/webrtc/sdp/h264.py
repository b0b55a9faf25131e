"""H.264 in SDP (RFC 6184, section 8): profiles that aiortc does not name, and sets sent beside.

aiortc takes constrained baseline and baseline in packets of mode 1 alone, and reads the others all
the same: a decoder tells profiles by the stream, and packets of mode 0 are some of mode 1's.
"""

from __future__ import annotations

import base64
import binascii
import re

from aiortc.sdp import H264Profile, parse_h264_profile_level_id

from stream_verifier.media.webrtc.sdp.sections import Section

KNOWN = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"
"""Parameters that aiortc takes."""
_DECODED = re.compile(r"(?:42|4d|58|64)[0-9a-f]{4}", re.IGNORECASE)
"""Baseline, main, extended and high: pictures of 4:2:0 and 8 bits."""
_ECHOED = ("level-asymmetry-allowed", "packetization-mode", "profile-level-id")
_START_CODE = b"\0\0\0\1"


def unnamed(section: Section) -> str | None:
    """The H.264 payload type that is taken though aiortc does not name its form.

    None where there is none, or another one in a form that it names.
    """
    offered = {pt: _parameters(section, pt) for pt in _payload_types(section)}
    if any(_named(parameters) for parameters in offered.values()):
        return None
    return next((pt for pt, parameters in offered.items() if _decoded(parameters)), None)


def answered(section: Section, payload_type: str) -> str | None:
    """What an answer says of an `unnamed` one: its own form (RFC 6184, section 8.2.2)."""
    said = _parameters(section, payload_type)
    return ";".join(f"{name}={said[name]}" for name in _ECHOED if name in said) or None


def parameter_sets(section: Section) -> dict[int, bytes]:
    """Sequence and picture parameter sets that the offer has beside the stream, if any.

    Returns:
        By payload type, as a byte stream with start codes (Annex B).
    """
    said = {
        int(pt): _parameters(section, pt).get("sprop-parameter-sets", "")
        for pt in _payload_types(section)
    }
    return {pt: _byte_stream(sets) for pt, sets in said.items() if sets}


def _payload_types(section: Section) -> list[str]:
    maps = (value.partition(" ") for value in section.values("rtpmap"))
    named = {pt for pt, _, codec in maps if codec.strip().upper() == "H264/90000"}
    return [pt for pt in section.formats if pt in named]


def _parameters(section: Section, payload_type: str) -> dict[str, str]:
    said = (value.partition(" ") for value in section.values("fmtp"))
    parts = ";".join(rest for pt, _, rest in said if pt == payload_type).split(";")
    pairs = (part.strip().partition("=") for part in parts)
    return {name.lower(): value.strip() for name, _, value in pairs if name}


def _named(parameters: dict[str, str]) -> bool:
    try:
        profile, _ = parse_h264_profile_level_id(parameters.get("profile-level-id", "42e01f"))
    except ValueError:
        return False
    baseline = (H264Profile.PROFILE_CONSTRAINED_BASELINE, H264Profile.PROFILE_BASELINE)
    return profile in baseline and parameters.get("packetization-mode") == "1"


def _decoded(parameters: dict[str, str]) -> bool:
    mode = parameters.get("packetization-mode", "0")
    profile = parameters.get("profile-level-id", "42e01f")
    return mode in ("0", "1") and _DECODED.fullmatch(profile) is not None


def _byte_stream(sets: str) -> bytes:
    try:
        units = [base64.b64decode(unit, validate=True) for unit in sets.split(",")]
    except binascii.Error:
        return b""
    return b"".join(_START_CODE + unit for unit in units if unit)
