"""How large a frame says it is, read before a decoder believes it; pure.

A decoder allocates by the header: 28 KB/s of frames that claim 16383 x 16383 pixels would cost
gigabytes. VP8: RFC 6386, section 9.1. H.264: ITU-T H.264, sections 7.3.1, 7.3.2.1.1 and 7.4.2.1.1,
read as FFmpeg does, which takes a unit as it stands where it makes no sense without its escapes.
"""

from __future__ import annotations

import contextlib
import re
from itertools import islice

_VP8_SHOWN = 0x10
_VP8_START = b"\x9d\x01\x2a"
_START_CODE = re.compile(rb"\x00\x00\x01")
_UNIT_END = re.compile(rb"\x00\x00[\x00-\x02]")
_ESCAPE = b"\x00\x00\x03"
_SPS = 7
_SLICES = {1, 5}
_FOLLOWED_BY_SOME = {2, 3, 4, 19, 20, 21}
"""Partitions of slices, pictures beside others, and layers (ITU-T H.264, table 7-1)."""
_MACROBLOCK = 16
_MOST_SPS_BYTES = 1024
_MOST_SPS = 32
_MOST_UNITS, _LEAST_UNIT_BYTES = 128, 256
"""Of a frame, and so many more as it is long: encoders cut pictures at packets, not at bytes."""
_HIGH_PROFILES = {100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135}


def frame_sizes(codec: str, data: bytes) -> list[tuple[int, int]]:
    """Every size that an encoded frame announces.

    Args:
        codec: "VP8" or "H264".
        data: the frame, complete from its first byte.

    Returns:
        Width and height in pixels of each header in it; none for a frame that refers to others.
        What only fills up the last macroblocks is left out, as 1080 lines are coded as 1088; what
        else is cropped is in it, since a decoder allocates that too.

    Raises:
        ValueError: there are more units than any encoder makes; a header is garbled, or of a kind
            that no browser sends and that would cost more memory than its pixels say, such as
            4:4:4 or more than 8 bits.
    """
    if codec.upper() == "VP8":
        return _vp8(data)
    headers = [unit for unit in _units(data) if _kind(unit) == _SPS]
    if len(headers) > _MOST_SPS:
        raise ValueError("an H.264 frame of more parameter sets than a decoder keeps")
    return [size for unit in headers for size in _readings(unit[1:])]


def check_shown(codec: str, data: bytes) -> None:
    """Make sure that whoever decodes a frame shows one picture for it, and the same one.

    Of two pictures in one frame of H.264, or slices over each other, decoders show this one or
    that; some follow slices that others pass over. A frame of VP8 that is not to be shown is drawn
    over before anybody sees it, or not, where a player leaves out what is drawn over it.

    Raises:
        ValueError: it may not be so. No browser sends such frames.
    """
    if codec.upper() == "VP8":
        if data and not data[0] & _VP8_SHOWN:
            raise ValueError("a VP8 frame that is not shown")
        return
    at = -1
    for unit in _units(data):
        kind = _kind(unit)
        if kind in _FOLLOWED_BY_SOME:
            raise ValueError("an H.264 frame with slices that not all decoders follow")
        if kind in _SLICES:
            before, at = at, _Bits(unit[1:]).ue()
            if at <= before:
                raise ValueError("an H.264 frame of more than one picture")


def _vp8(data: bytes) -> list[tuple[int, int]]:
    if not data or data[0] & 1:
        return []
    if len(data) < 10 or data[3:6] != _VP8_START:
        raise ValueError("a VP8 key frame without its start code")
    width, height = (int.from_bytes(data[at : at + 2], "little") & 0x3FFF for at in (6, 8))
    if not width or not height:
        raise ValueError("a VP8 key frame without pixels")
    return [(width, height)]


def _kind(unit: bytes) -> int:
    return unit[0] & 0x1F if unit else 0


def _units(data: bytes) -> list[bytes]:
    """NAL units of a byte stream (Annex B), as far as a parameter set can reach."""
    most = _MOST_UNITS + len(data) // _LEAST_UNIT_BYTES
    starts = [match.end() for match in islice(_START_CODE.finditer(data), most + 1)]
    if len(starts) > most:
        raise ValueError("an H.264 frame in tiny pieces")
    ends = [*(start - 3 for start in starts[1:]), len(data)][: len(starts)]
    return [
        data[start : min(end, start + _MOST_SPS_BYTES)]
        for start, end in zip(starts, ends, strict=True)
    ]


def _readings(payload: bytes) -> list[tuple[int, int]]:
    """Sizes in a parameter set, read both ways that a decoder may."""
    if (end := _UNIT_END.search(payload)) is not None:
        payload = payload[: end.start()]
    sizes = [_sps(payload.replace(_ESCAPE, b"\x00\x00"))]
    if _ESCAPE in payload:
        with contextlib.suppress(ValueError):
            sizes.append(_sps(payload))
    return sizes


class _Bits:
    """Reads a parameter set bit by bit."""

    def __init__(self, payload: bytes) -> None:
        self._bits = int.from_bytes(payload, "big")
        self._left = len(payload) * 8

    def take(self, count: int) -> int:
        if count > self._left:
            raise ValueError("a sequence parameter set that breaks off")
        self._left -= count
        return (self._bits >> self._left) & ((1 << count) - 1)

    def ue(self) -> int:
        """Exp-Golomb, unsigned (section 9.1)."""
        zeros = 0
        while not self.take(1):
            zeros += 1
            if zeros > 31:
                raise ValueError("a number in a sequence parameter set that never ends")
        return (1 << zeros) - 1 + self.take(zeros)

    def se(self) -> int:
        """Exp-Golomb, signed (section 9.1.1)."""
        value = self.ue()
        return (value + 1) // 2 if value & 1 else -(value // 2)


def _sps(payload: bytes) -> tuple[int, int]:
    bits = _Bits(payload)
    profile = bits.take(8)
    bits.take(16)
    bits.ue()
    if profile in _HIGH_PROFILES:
        _skip_high(bits)
    bits.ue()  # log2_max_frame_num_minus4
    _skip_order(bits)
    bits.ue()  # max_num_ref_frames
    bits.take(1)
    width, map_units = (bits.ue() + 1) * _MACROBLOCK, bits.ue() + 1
    frames_only = bits.take(1)
    height = map_units * _MACROBLOCK * (2 - frames_only)
    if not frames_only:
        bits.take(1)
    bits.take(1)
    left, right, top, bottom = (bits.ue() for _ in range(4)) if bits.take(1) else (0, 0, 0, 0)
    fields = 2 - frames_only
    if 2 * (left + right) >= width or 2 * (top + bottom) * fields >= height:
        raise ValueError("a sequence parameter set that crops all of its picture")
    return _filled_up(width, left, right), _filled_up(height, top, bottom, fields=fields)


def _filled_up(length: int, before: int, after: int, *, fields: int = 1) -> int:
    """A side without what fills up its last macroblocks; whole if anything else is cut.

    FFmpeg does not crop at the left or the top where its memory is not aligned to that.
    """
    cut = 2 * after * fields
    return length - cut if not before and cut < _MACROBLOCK * fields else length


def _skip_high(bits: _Bits) -> None:
    if bits.ue() != 1:
        raise ValueError("a sequence parameter set of other colours than 4:2:0")
    if bits.ue() or bits.ue():
        raise ValueError("a sequence parameter set of more than 8 bits")
    bits.take(1)
    if bits.take(1):
        for number in range(8):
            if bits.take(1):
                _skip_scaling(bits, 16 if number < 6 else 64)


def _skip_scaling(bits: _Bits, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.se()) % 256
        last = following or last


def _skip_order(bits: _Bits) -> None:
    kind = bits.ue()
    if kind == 0:
        bits.ue()
    elif kind == 1:
        bits.take(1)
        bits.se()
        bits.se()
        count = bits.ue()
        if count > 255:
            raise ValueError("a sequence parameter set with too many reference frames")
        for _ in range(count):
            bits.se()
