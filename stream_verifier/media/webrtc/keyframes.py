"""Tells key frames, which decode on their own, from frames that refer to others."""

from __future__ import annotations

import re

_H264_SPS = re.compile(rb"\x00\x00\x01[\x07\x27\x47\x67]")


def is_keyframe(codec: str, data: bytes) -> bool:
    """Say whether an encoded frame, complete from its first byte, decodes on its own.

    VP8: RFC 6386, section 9.1. H.264: a sequence parameter set comes with each key frame.
    """
    if codec.upper() == "VP8":
        return len(data) > 5 and not data[0] & 1 and data[3:6] == b"\x9d\x01\x2a"
    return _H264_SPS.search(data) is not None
