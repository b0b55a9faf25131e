"""Packets that say little and would cost much."""

from __future__ import annotations

import struct

import pytest
from aiortc.rtp import HeaderExtensions, HeaderExtensionsMap, RtcpPacket, RtpPacket

from stream_verifier.media.webrtc.aiortc_patches.worth import (
    check_extensions,
    is_worth,
    read_reports,
)


def part(kind: int, payload: bytes, count: int = 0) -> bytes:
    return struct.pack("!BBH", 0x80 | count, kind, len(payload) // 4) + payload


REPORT = part(200, struct.pack("!IQIII", 7, 1, 2, 3, 4))
GOODBYE = part(203, struct.pack("!I", 7), count=1)
NAME = part(202, struct.pack("!I", 7) + b"\x01\x02ab\0\0\0\0", count=1)
RECEIVED = part(201, struct.pack("!I", 7))
MISSING = part(205, struct.pack("!II", 7, 8) + b"\0\1\xff\xff" * 300, count=1)
SLOWER = part(206, struct.pack("!II", 7, 0) + b"REMB\0\0\0\0", count=15)


def test_of_a_browsers_compound_what_dates_and_ends_its_media_is_read() -> None:
    read = read_reports(REPORT + NAME + SLOWER + GOODBYE)
    assert read == REPORT + GOODBYE
    assert [type(one).__name__ for one in RtcpPacket.parse(read)] == [
        "RtcpSrPacket",
        "RtcpByePacket",
    ]


@pytest.mark.parametrize("data", [MISSING, RECEIVED + NAME, SLOWER])
def test_what_is_for_who_sends_media_is_not_read_here(data: bytes) -> None:
    assert read_reports(data) == b""


def test_only_a_few_reports_of_one_packet_are_read() -> None:
    assert read_reports(REPORT * 40) == REPORT * 4


@pytest.mark.parametrize("data", [RECEIVED * 100, REPORT[:-1], b"\x80\xc8\0", REPORT + b"\x80"])
def test_reports_without_end_or_cut_short_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="parts|breaks off"):
        read_reports(data)


def rtp(profile: int, extensions: bytes, sources: int = 0) -> bytes:
    extensions += bytes(-len(extensions) % 4)
    head = struct.pack("!BBHII", 0x90 | sources, 96, 1, 2, 3) + bytes(4 * sources)
    return head + struct.pack("!HH", profile, len(extensions) // 4) + extensions + b"media"


def test_headers_as_browsers_write_them_pass() -> None:
    known = HeaderExtensionsMap()
    extensions = HeaderExtensions(
        abs_send_time=1, mid="a-long-media-id", transport_sequence_number=2
    )
    profile, value = known.set(extensions)
    check_extensions(rtp(profile, value))
    check_extensions(RtpPacket(payload=bytes(1200)).serialize())
    check_extensions(rtp(0x1000, b"\x0c\xff" + bytes(255) + b"\x01\x02ab"))
    check_extensions(rtp(0xBEDE, b"\x1f" + b"x" * 16 + b"\x2f" + b"y" * 16, sources=15))
    check_extensions(rtp(0x1234, bytes(1000)))  # of a kind that nobody reads


@pytest.mark.parametrize(
    "packet",
    [
        rtp(0xBEDE, b"\x10x" * 100),
        rtp(0x1000, b"\x01\x00" * 100),
        rtp(0xBEDE, bytes(600)),
        rtp(0xBEDE, b"\x10x" * 100, sources=15),
        rtp(0xBEDE, b"\x10x" * 100)[:200],
    ],
)
def test_a_header_of_more_extensions_than_there_are_is_refused(packet: bytes) -> None:
    with pytest.raises(ValueError, match="too many extensions"):
        check_extensions(packet)


@pytest.mark.parametrize("size", range(60))
def test_a_packet_that_is_cut_anywhere_is_left_to_the_parser(size: int) -> None:
    check_extensions(rtp(0xBEDE, b"\x10x" * 3)[:size])


def aggregate(units: int) -> bytes:
    return b"\x18" + b"\0\1\x09" * units


@pytest.mark.parametrize(
    ("codec", "payload", "worth"),
    [
        ("H264", aggregate(3), True),
        ("H264", aggregate(400), False),
        ("h264", aggregate(400), False),
        ("rtx", b"\0\7" + aggregate(400), False),
        ("rtx", b"\0\7" + aggregate(3), True),
        ("H264", b"\x18" + b"\0\0" * 400, False),
        ("H264", b"\x65" + bytes(1200), True),
        ("VP8", aggregate(400), True),
        ("H264", b"", True),
        ("rtx", b"\0", True),
    ],
)
def test_units_of_a_packet_are_as_many_as_an_encoder_puts_together(
    codec: str, payload: bytes, worth: bool
) -> None:
    assert is_worth(codec, payload) is worth
