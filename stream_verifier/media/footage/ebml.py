"""Elements of Matroska and WebM (RFC 8794, RFC 9559), as far as to see where a recording ends."""

from __future__ import annotations

from typing import BinaryIO

from stream_verifier.media.footage.extent import Extent
from stream_verifier.media.footage.stretch import bytes_at, find, rfind

_HEADER = b"\x1a\x45\xdf\xa3"
_SEGMENT = b"\x18\x53\x80\x67"
_CLUSTER = b"\x1f\x43\xb6\x75"
_VOID = b"\xec"
_MAX_HEADER_BYTES = 4096


def begins(head: bytes) -> bool:
    """Whether ``head``, 4 bytes or more, begins such a file."""
    return head.startswith(_HEADER)


def is_open(file: BinaryIO, start: int, size: int) -> bool:
    """Whether the recording that begins at ``start`` does not tell its length, as a live one."""
    body = _segment(file, start, size)
    return body is not None and body[1] is None


def walk(file: BinaryIO, start: int, size: int) -> Extent:
    """Return where the recording that begins at ``start`` ends, and how many bytes it lacks."""
    body = _segment(file, start, size)
    if body is None:
        return Extent(size)
    data, length = body
    if length is not None and data + length > size:
        return Extent(size, missing=data + length - size)
    if length is not None:
        return Extent(data + length)
    end = _next(file, data, size)
    return Extent(end, missing=_overshoot(file, data, end))


def _next(file: BinaryIO, start: int, size: int) -> int:
    """Where the next header with a segment behind it is; ``size`` if nowhere."""
    while (found := find(file, _HEADER, start, size)) >= 0:
        if _segment(file, found, size) is not None:
            return found
        start = found + 1
    return size


def _segment(file: BinaryIO, start: int, size: int) -> tuple[int, int | None] | None:
    """Where the data of the segment behind a header begin, and their length where it is known."""
    header = _element(file, start)
    if header is None or header[0] != _HEADER or not header[2] or header[2] > _MAX_HEADER_BYTES:
        return None
    at = header[1] + header[2]
    while at < size and (element := _element(file, at)) is not None:
        name, data, length = element
        if name == _SEGMENT:
            return data, length
        if name != _VOID or length is None:
            return None
        at = data + length
    return None


def _overshoot(file: BinaryIO, start: int, end: int) -> int:
    """How many bytes the last cluster of a segment without a length lacks."""
    at = rfind(file, _CLUSTER, start, end)
    cluster = _element(file, at) if at >= 0 else None
    if cluster is None:
        return 0
    _, at, length = cluster
    if length is not None:
        return max(0, at + length - end)
    while at < end and (element := _element(file, at)) is not None:
        _, data, length = element
        if length is None:
            return 0
        at = data + length
    return max(0, at - end)


def _element(file: BinaryIO, start: int) -> tuple[bytes, int, int | None] | None:
    """Name, first byte of the data and their length, None where it is open; None for no element."""
    head = bytes_at(file, start, 12)
    name_bytes = _width(head[0]) if head else 0
    if not 1 <= name_bytes <= 4 or len(head) <= name_bytes:
        return None
    length_bytes = _width(head[name_bytes])
    coded = head[name_bytes : name_bytes + length_bytes]
    if not length_bytes or len(coded) < length_bytes:
        return None
    value = int.from_bytes(coded, "big") & ((1 << 7 * length_bytes) - 1)
    open_ended = value == (1 << 7 * length_bytes) - 1
    return head[:name_bytes], start + name_bytes + length_bytes, None if open_ended else value


def _width(first: int) -> int:
    """Bytes of a variable-length number, from its first one; 0 for none."""
    return 9 - first.bit_length() if first else 0
