"""How long an Opus packet plays, read from its first bytes (RFC 6716, section 3.1); pure."""

from __future__ import annotations

_SILK_MS = (10.0, 20.0, 40.0, 60.0)
_HYBRID_MS = (10.0, 20.0)
_CELT_MS = (2.5, 5.0, 10.0, 20.0)
_FIRST_HYBRID, _FIRST_CELT = 12, 16
LONGEST_S = 0.12
"""The most sound that one packet holds."""


def duration_s(packet: bytes) -> float:
    """Seconds of sound in a packet.

    Raises:
        ValueError: it is none, or longer than the 120 ms that a packet may be.
    """
    if not packet:
        raise ValueError("an empty Opus packet")
    total_ms = _frame_ms(packet[0] >> 3) * _frames(packet)
    if not 0 < total_ms <= 1000 * LONGEST_S:
        raise ValueError("an Opus packet of no length that there is")
    return total_ms / 1000


def said_again_s(packet: bytes) -> float:
    """Seconds before a packet that it says again, for whoever has a hole there (section 2.1.7).

    Args:
        packet: of a length that there is; see `duration_s`.
    """
    if packet[0] & 0x80 or not (silk := _first_frame(packet)):  # CELT alone says nothing again.
        return 0.0
    frame_ms = _frame_ms(packet[0] >> 3)
    # Of each channel, a bit a frame of 20 ms for speech and one for what is said again.
    bits = max(1, round(frame_ms / 20)) + 1
    channels = 2 if packet[0] & 0x04 else 1
    flags = (silk[0] >> (8 - bits * channel) & 1 for channel in range(1, channels + 1))
    return frame_ms / 1000 if any(flags) else 0.0


def _first_frame(packet: bytes) -> bytes:
    """What there is from the first frame on, its length and those of others left out."""
    code, at = packet[0] & 3, 1
    if code == 3:
        flags, at = packet[1], 2
        padding = 255 if flags & 0x40 else 0
        while padding == 255:
            if at >= len(packet):
                return b""
            padding, at = packet[at], at + 1
        lengths = (flags & 0x3F) - 1 if flags & 0x80 else 0
    else:
        lengths = int(code == 2)
    for _ in range(lengths):
        at += 2 if packet[at : at + 1] >= b"\xfc" else 1
    return packet[at:]


def _frame_ms(config: int) -> float:
    if config < _FIRST_HYBRID:
        return _SILK_MS[config & 3]
    return _HYBRID_MS[config & 1] if config < _FIRST_CELT else _CELT_MS[config & 3]


def _frames(packet: bytes) -> int:
    """Frames that share the packet: one, two, or as many as its second byte says."""
    code = packet[0] & 3
    if code < 3:
        return 1 if code == 0 else 2
    if len(packet) < 2:
        raise ValueError("an Opus packet that breaks off")
    return packet[1] & 0x3F
