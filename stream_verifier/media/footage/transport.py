"""Packets of MPEG transport streams (ISO/IEC 13818-1), as far as to see another programme begin.

A joined file whose second half has other streams, or other codecs in the same ones, shows by its
programme map. A demuxer that was opened at the start would leave the new streams out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from stream_verifier.media.footage.extent import Extent
from stream_verifier.media.footage.stretch import bytes_at

SNIFF_BYTES = 192 * 4
_SYNC = 0x47
_MAP_ID = 0x02
_NEAR_PACKETS = 16
"""A map so close behind a table came with it: the programme begins at the table."""
_BLOCK_PACKETS = 1 << 16
_LOST_PACKETS = 3
"""So many without a sync byte, one behind the other, are no packets."""
_SEARCH_BYTES = 1 << 20


def begins(head: bytes) -> bool:
    """Whether ``head``, `SNIFF_BYTES` long, begins a transport stream."""
    return _packing(head) is not None


def walk(
    file: BinaryIO, start: int, size: int, *, other: Callable[[bytes], bool] = lambda _: False
) -> Extent:
    """Return where the programme that begins at ``start`` ends, and how many bytes it lacks.

    A transport stream may end anywhere, so it never lacks any.

    Args:
        file: open for reading.
        start: its first byte.
        size: of the file.
        other: whether `SNIFF_BYTES` begin a recording of another format, asked where packets stop.
    """
    packing = _packing(bytes_at(file, start, SNIFF_BYTES))
    if packing is None:
        return Extent(size)
    stride, offset = packing
    maps: dict[int, bytes] = {}
    known: set[int] = set()
    at = last_table = start
    noise = 0
    while at + stride <= size:
        block = bytes_at(file, at, stride * _BLOCK_PACKETS)
        rows = np.frombuffer(block[: len(block) // stride * stride], np.uint8)
        packets = rows.reshape(-1, stride)[:, offset : offset + 188]
        packets = packets[: _unbroken(packets)]
        if not len(packets):
            found = (
                -1 if other(bytes_at(file, at, SNIFF_BYTES)) else _resume(file, at, size, packing)
            )
            if found < 0:
                return Extent(at, noise=noise)
            noise += found - at
            at = found
            continue
        for index in _candidates(packets):
            here, packet = at + index * stride, packets[index].tobytes()
            pid = int.from_bytes(packet[1:3], "big") & 0x1FFF
            if pid == 0:
                last_table, told = here, _section(packet, 0x00)
                known |= _map_pids(told)
            elif pid in known:
                told = _streams(_section(packet, 0x02))
            else:
                continue
            if told and maps.setdefault(pid, told) != told:
                near = here - last_table <= _NEAR_PACKETS * stride
                return Extent(last_table if near else here, noise=noise)
        at += len(packets) * stride
    return Extent(size, noise=noise)


def _unbroken(packets: NDArray[np.uint8]) -> int:
    """How many packets come before so many without a sync byte that none follow."""
    lost = packets[:, 0] != _SYNC
    lost = np.concatenate((lost, np.ones(_LOST_PACKETS - 1, bool)))
    runs = np.lib.stride_tricks.sliding_window_view(lost, _LOST_PACKETS).all(axis=1)
    broken = np.flatnonzero(runs)
    return int(broken[0]) if len(broken) else len(packets)


def _resume(file: BinaryIO, start: int, size: int, packing: tuple[int, int]) -> int:
    """Where packets go on behind something else; -1 if nowhere."""
    stride, offset = packing
    reach = offset + _LOST_PACKETS * stride
    while start + reach < size:
        block = np.frombuffer(bytes_at(file, start, _SEARCH_BYTES + reach), np.uint8)
        places = len(block) - reach
        hits = [block[offset + k * stride :][:places] == _SYNC for k in range(_LOST_PACKETS + 1)]
        found = np.flatnonzero(np.logical_and.reduce(hits))
        if len(found):
            return start + int(found[0])
        start += places
    return -1


def _packing(head: bytes) -> tuple[int, int] | None:
    """Bytes from packet to packet and where in them the sync byte is; None for another format."""
    for stride, offset in ((188, 0), (192, 4)):
        places = range(offset, min(len(head), SNIFF_BYTES), stride)
        if len(places) >= 3 and all(head[place] == _SYNC for place in places):
            return stride, offset
    return None


def _candidates(packets: NDArray[np.uint8]) -> list[int]:
    """Packets in which a programme table or what looks like a programme map starts."""
    starts = (packets[:, 0] == _SYNC) & ((packets[:, 1] & 0x40) != 0)
    table = ((packets[:, 1] & 0x1F) == 0) & (packets[:, 2] == 0)
    # No picture or sound has this byte here: theirs begin with 00 00 01.
    mapped = packets[:, 5] == _MAP_ID
    return [int(index) for index in np.flatnonzero(starts & (table | mapped))]


def _section(packet: bytes, table_id: int) -> bytes:
    """The table in a packet, without its header and checksum; empty if it is another one."""
    at = 4
    if packet[3] & 0x20:
        at += 1 + packet[4]
    if at >= 188:
        return b""
    at += 1 + packet[at]
    section = packet[at:]
    if len(section) < 8 or section[0] != table_id:
        return b""
    length = int.from_bytes(section[1:3], "big") & 0xFFF
    return section[8 : max(8, 3 + length - 4)]


def _map_pids(body: bytes) -> set[int]:
    """In which packets the maps are, by a programme table."""
    entries = (body[at : at + 4] for at in range(0, len(body) - 3, 4))
    return {int.from_bytes(e[2:], "big") & 0x1FFF for e in entries if e[:2] != b"\0\0"}


def _streams(body: bytes) -> bytes:
    """Types and numbers of a programme's streams, in one comparable piece."""
    if len(body) < 4:
        return b""
    at, found = 4 + (int.from_bytes(body[2:4], "big") & 0xFFF), b""
    while at + 5 <= len(body):
        found += body[at : at + 1] + bytes((body[at + 1] & 0x1F, body[at + 2]))
        at += 5 + (int.from_bytes(body[at + 3 : at + 5], "big") & 0xFFF)
    return found
