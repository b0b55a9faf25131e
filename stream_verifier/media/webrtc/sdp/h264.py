"""H.264 in SDP (RFC 6184, section 8): profiles that aiortc does not name, and sets sent beside.

aiortc takes constrained baseline and baseline in packets of mode 1 alone, and reads the others all
the same: a decoder tells profiles by the stream, and packets of mode 0 are some of mode 1's.
"""

from __future__ import annotations

import base64
import re

from aiortc.sdp import H264Profile, parse_h264_profile_level_id

from stream_verifier.media.webrtc.sdp.sections import Section

KNOWN = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"
"""Parameters that aiortc takes."""
_DECODED = re.compile(r"(?:42|4d|58|64)[0-9a-f]{4}", re.IGNORECASE)
"""Baseline, main, extended and high: pictures of 4:2:0 and 8 bits."""
_RTPMAP = re.compile(r"(9[6-9]|1[01][0-9]|12[0-7]) H264/90000", re.IGNORECASE)
_ECHOED = ("level-asymmetry-allowed", "packetization-mode", "profile-level-id")
_START_CODE = b"\0\0\0\1"


def unnamed(section: Section) -> str | None:
    """The H.264 payload type that is taken though aiortc does not name its form.

    None where there is none, or another one in a form that it names.
    """
    offered = _offered(section)
    if any(_named(parameters) for parameters in offered.values()):
        return None
    return next((pt for pt, parameters in offered.items() if _decoded(parameters)), None)


def answered(section: Section, payload_type: str) -> str | None:
    """What an answer says of an `unnamed` one: its own form (RFC 6184, section 8.2.2)."""
    said = _offered(section)[payload_type]
    return ";".join(f"{name}={said[name]}" for name in _ECHOED if name in said) or None


def parameter_sets(section: Section) -> dict[int, bytes]:
    """Sequence and picture parameter sets that the offer has beside the stream, if any.

    Returns:
        By payload type, as a byte stream with start codes (Annex B).
    """
    return {
        int(pt): _byte_stream(parameters["sprop-parameter-sets"])
        for pt, parameters in _offered(section).items()
        if "sprop-parameter-sets" in parameters
    }


def _offered(section: Section) -> dict[str, dict[str, str]]:
    """The parameters of each H.264 payload type that aiortc keeps, most wanted first."""
    maps = (_RTPMAP.fullmatch(value) for value in section.values("rtpmap"))
    named = {match[1] for match in maps if match}
    said = {pt: text for pt, _, text in (v.partition(" ") for v in section.values("fmtp"))}
    return {pt: _parameters(said.get(pt, "")) for pt in section.formats if pt in named}


def _parameters(said: str) -> dict[str, str]:
    pairs = (part.strip().partition("=") for part in said.split(";"))
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
    except ValueError:
        return b""
    return b"".join(_START_CODE + unit for unit in units if unit)
