"""What of a decrypted packet is worth its parsing: a few bytes of it may cost as much as a picture.

aiortc makes an object of each part of a compound of reports, each missing number that a report
names, and each element of a header. A caller who fills packets with those, all within what a call
may send, would take the event loop from all others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

_SENDER_REPORT, _GOODBYE = 200, 203
_MOST_PARTS, _MOST_KEPT = 64, 4
"""Of a compound; those of browsers have three or four, of which one or two are kept."""
_RTP_HEADER, _RTCP_HEADER = 12, 4
_MOST_ELEMENTS = 32
"""Of a header; WebRTC defines half as many."""
_SHORT_BYTES = 2 * _MOST_ELEMENTS
_AGGREGATE, _MOST_UNITS = 24, 32
"""STAP-A (RFC 6184, section 5.7.1): parameter sets and the like in one packet."""
_ONE_BYTE, _TWO_BYTES = 0xBEDE, 0x1000
_RECORD_HEADER = 13
_CIPHER_CHANGE, _ALERT, _HANDSHAKE = 20, 21, 22
_MOST_RECORDS = 8
"""Of a datagram; a flight that is sent again has five."""


def read_reports(data: bytes) -> bytes:
    """Sender reports and goodbyes of a compound (RFC 3550): nothing else has a meaning here.

    Nothing is sent, so that nothing can be reported on, asked for anew, or slowed down.

    Args:
        data: an RTCP packet, decrypted.

    Raises:
        ValueError: it is garbled, or of more parts than anybody sends.
    """
    kept: list[bytes] = []
    for number, part in enumerate(_parts(data, _RTCP_HEADER, _report_bytes)):
        if number == _MOST_PARTS:
            raise ValueError("a compound of too many parts")
        if part[1] in (_SENDER_REPORT, _GOODBYE) and len(kept) < _MOST_KEPT:
            kept.append(part)
    return b"".join(kept)


def read_records(data: bytes) -> bytes:
    """Alerts and what is left of a handshake, of a datagram of DTLS 1.2 (RFC 6347, section 4.1).

    Nobody reads application data here. aiortc reads one record of it for each datagram, and what
    others there are in it wait in OpenSSL's memory for ever.

    Args:
        data: a datagram that came after the handshake.

    Raises:
        ValueError: it is of another version, breaks off, or holds more than anybody sends.
    """
    kept: list[bytes] = []
    for record in _parts(data, _RECORD_HEADER, _record_bytes):
        if record[0] in (_CIPHER_CHANGE, _ALERT, _HANDSHAKE):
            kept.append(record)
        if len(kept) > _MOST_RECORDS:
            raise ValueError("a datagram of too many records")
    return b"".join(kept)


def check_extensions(data: bytes) -> None:
    """Refuse a header of more extensions (RFC 8285) than there are.

    Args:
        data: an RTP packet, decrypted.

    Raises:
        ValueError: it is one.
    """
    if len(data) < _RTP_HEADER:  # the parser refuses it, or it is empty
        return
    start = _RTP_HEADER + 4 * (data[0] & 0x0F)
    if not data[0] & 0x10 or len(data) < start + 4:
        return
    profile = int.from_bytes(data[start : start + 2], "big")
    end = start + 4 + 4 * int.from_bytes(data[start + 2 : start + 4], "big")
    if end - start - 4 <= _SHORT_BYTES or profile not in (_ONE_BYTE, _TWO_BYTES):
        return
    at, steps, head = start + 4, 0, 1 if profile == _ONE_BYTE else 2
    while at < min(end, len(data) - 1):
        if (steps := steps + 1) > _MOST_ELEMENTS:
            raise ValueError("a header of too many extensions")
        if data[at] == 0:
            at += 1
        else:
            at += head + ((data[at] & 0x0F) + 1 if head == 1 else data[at + 1])


def is_worth(codec: str, payload: bytes) -> bool:
    """Whether a packet of pictures holds no more units than an encoder puts together.

    Args:
        codec: "VP8", "H264", or "rtx", which sends a packet again behind its number (RFC 4588).
        payload: of the packet, with its codec's own header.
    """
    if codec.lower() == "rtx":  # a first byte like that is none of VP8's
        payload = payload[2:]
    elif codec.upper() != "H264":
        return True
    if not payload or payload[0] & 0x1F != _AGGREGATE:
        return True
    at = 1
    for _ in range(_MOST_UNITS):
        if at + 2 >= len(payload):
            return True
        at += 2 + int.from_bytes(payload[at : at + 2], "big")
    return False


def _report_bytes(header: bytes) -> int:
    return 4 * int.from_bytes(header[2:4], "big")


def _record_bytes(header: bytes) -> int:
    return int.from_bytes(header[11:13], "big")


def _parts(data: bytes, header: int, content: Callable[[bytes], int]) -> Iterator[bytes]:
    """Parts that follow on each other, each behind a header that says how long it is.

    Args:
        data: all of them.
        header: bytes of a header.
        content: bytes that a header says are behind it.

    Raises:
        ValueError: the last one breaks off.
    """
    at = 0
    while at < len(data):
        end = at + header + content(data[at : at + header])
        if at + header > len(data) or end > len(data):
            raise ValueError("a part that breaks off")
        yield data[at:end]
        at = end
