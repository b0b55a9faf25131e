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
