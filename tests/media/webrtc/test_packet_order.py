from __future__ import annotations

import pytest
from aiortc.rtp import RtpPacket

from stream_verifier.media.webrtc.packet_order import PacketOrder, Place


def packet(number: int, date: int, payload: bytes = b"x") -> RtpPacket:
    made = RtpPacket(sequence_number=number & 0xFFFF, timestamp=date & 0xFFFFFFFF)
    made.payload = payload
    return made


def order_of(*numbers: int, per_packet: int = 3_000) -> PacketOrder:
    """What came in that order, each dated by its number."""
    order = PacketOrder()
    for number in numbers:
        order.place(packet(number, number * per_packet))
    return order


@pytest.mark.parametrize("first", [0, 65_530, 30_000])
def test_what_a_network_delays_or_repeats_is_late_or_there_again(first: int) -> None:
    order = order_of(*(first + step for step in (0, 1, 4, 5)))
    assert order.place(packet(first + 2, (first + 2) * 3_000)) is Place.LATE
    assert order.place(packet(first + 3, (first + 4) * 3_000)) is Place.LATE
    assert order.place(packet(first + 2, (first + 2) * 3_000)) is Place.AGAIN
    assert order.place(packet(first + 5, (first + 5) * 3_000)) is Place.AGAIN
    assert order.place(packet(first + 6, (first + 6) * 3_000)) is Place.AHEAD


def test_an_old_number_with_a_new_date_is_behind() -> None:
    order = order_of(100, 101, 104)
    assert order.place(packet(102, 104 * 3_000 + 1)) is Place.BEHIND
    assert order.place(packet(50, 105 * 3_000)) is Place.BEHIND
    assert order.place(packet(102, 104 * 3_000)) is Place.LATE


def test_a_number_that_was_another_packets_is_behind() -> None:
    order = order_of(100, 101)
    assert order.place(packet(100, 300_000, b"y")) is Place.BEHIND
    assert order.place(packet(101, 303_001)) is Place.BEHIND
    assert order.place(packet(101, 303_000)) is Place.AGAIN


def test_pictures_may_be_shown_before_ones_that_were_sent_earlier() -> None:
    order = PacketOrder()
    order.place(packet(1, 0))
    order.place(packet(3, 3_000))
    assert order.place(packet(2, 9_000)) is Place.BEHIND
    assert order.place(packet(2, 9_000), reordered=45_000) is Place.LATE


def test_a_sender_whose_numbers_begin_anew_is_believed_after_a_while() -> None:
    order = order_of(*range(500, 600))
    places = [order.place(packet(number, (200 + number) * 3_000)) for number in range(450, 550)]
    assert places[:63] == [Place.BEHIND] * 63
    assert places[63] is Place.RESTARTED
    assert places[64:] == [Place.AHEAD] * 36


def test_a_few_amid_others_are_never_believed() -> None:
    order = order_of(500)
    for step in range(100):
        date = (501 + step) * 3_000
        assert order.place(packet(400 + step, date, b"y")) is Place.BEHIND
        assert order.place(packet(501 + step, date)) is Place.AHEAD


def test_far_behind_begins_another_series() -> None:
    order = order_of(5_000)
    assert order.place(packet(4_000, 5_001 * 3_000)) is Place.AHEAD
    assert order.place(packet(4_001, 5_002 * 3_000)) is Place.AHEAD
