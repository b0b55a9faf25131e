"""Tells where VP8's frames begin, and key frames, which decode on their own, from others.

Those of H.264 are told with their `parameter_sets`.
"""

from __future__ import annotations


def begins_picture(payload: bytes) -> bool:
    """Say whether a frame of VP8 begins with a packet (RFC 7741, section 4.2).

    Args:
        payload: of the packet.
    """
    return len(payload) > 0 and payload[0] & 0x17 == 0x10


def is_keyframe(data: bytes) -> bool:
    """Say whether an encoded frame of VP8 decodes on its own (RFC 6386, section 9.1).

    Args:
        data: complete from its first byte.
    """
    return len(data) > 5 and not data[0] & 1 and data[3:6] == b"\x9d\x01\x2a"
