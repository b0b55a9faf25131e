from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from stream_verifier.media.webrtc.reorder import ReorderBuffer


def _pushed(order: ReorderBuffer[int], sequences: list[int], step_s: float = 0.02) -> list[int]:
    out = []
    for count, sequence in enumerate(sequences):
        out += order.push(sequence & 0xFFFF, sequence, count * step_s)
    return out + order.restart()


def test_packets_in_order_pass_at_once() -> None:
    order: ReorderBuffer[int] = ReorderBuffer()
    assert [order.push(s, s, 0.0) for s in (7, 8, 9)] == [[7], [8], [9]]


def test_a_lost_packet_delays_its_successors_briefly_and_nothing_after() -> None:
    order: ReorderBuffer[int] = ReorderBuffer(max_wait_s=0.06)
    waits = {s: order.push(s, s, s * 0.02) for s in (0, 2, 3, 4, 5, 6)}
    assert waits == {0: [0], 2: [], 3: [], 4: [], 5: [2, 3, 4, 5], 6: [6]}
    assert (order.lost, order.late) == (1, 0)


def test_a_packet_that_comes_after_it_was_given_up_is_dropped() -> None:
    order: ReorderBuffer[int] = ReorderBuffer(max_wait_s=0.06)
    assert _pushed(order, [0, 2, 3, 4, 5, 1, 6]) == [0, 2, 3, 4, 5, 6]
    assert (order.lost, order.late) == (1, 1)


def test_holes_are_told_of_before_the_packet_after_them_once() -> None:
    order: ReorderBuffer[int] = ReorderBuffer(max_wait_s=0.06)
    assert _pushed(order, [0, 2, 3, 4, 5, 9, 10, 11, 12, 13]) == [0, 2, 3, 4, 5, 9, 10, 11, 12, 13]
    order = ReorderBuffer(max_packets=2)
    given = [s for n in (0, 2, 3, 4, 8, 9, 10) for s in order.push(n, n, 0.0)]
    assert {s: order.missing_before(s) for s in given} == {
        0: 0,
        2: 1,
        3: 0,
        4: 0,
        8: 3,
        9: 0,
        10: 0,
    }
    assert not any(order.missing_before(s) for s in given)


def test_what_waits_when_packets_stop_is_released_by_time() -> None:
    order: ReorderBuffer[int] = ReorderBuffer(max_wait_s=0.06)
    order.push(0, 0, 0.0)
    assert order.push(2, 2, 0.02) == []
    assert order.expire(0.07) == []
    assert order.expire(0.09) == [2]


def test_a_restarted_sender_is_followed() -> None:
    order: ReorderBuffer[int] = ReorderBuffer()
    assert _pushed(order, [10, 11, 13, 40_000, 40_001]) == [10, 11, 13, 40_000, 40_001]


def test_many_packets_after_a_hole_do_not_wait_for_time() -> None:
    order: ReorderBuffer[int] = ReorderBuffer(max_packets=4)
    assert _pushed(order, [0, *range(2, 12)], step_s=0.0) == [0, *range(2, 12)]


_START = st.integers(0, 0xFFFF)


@settings(deadline=None)
@given(_START, st.lists(st.integers(0, 2), min_size=1, max_size=80), st.randoms())
def test_local_shuffles_and_duplicates_come_out_sorted_and_complete(
    start: int, copies: list[int], random: object
) -> None:
    sequences = [start + i for i, extra in enumerate(copies) for _ in range(1 + extra)]
    jitter = {i: i + random.uniform(0, 6) for i in range(len(sequences))}  # type: ignore[attr-defined]
    shuffled = [sequences[i] for i in sorted(jitter, key=jitter.__getitem__)]
    first = [start, *shuffled]  # The first packet opens the sequence.
    order: ReorderBuffer[int] = ReorderBuffer(max_wait_s=60.0, max_packets=1000)
    assert _pushed(order, first) == sorted(set(sequences))
    assert order.lost == 0


@settings(deadline=None)
@given(_START, st.lists(st.booleans(), min_size=1, max_size=200), st.floats(0.0, 0.1))
def test_any_loss_keeps_order_and_every_packet_that_came(
    start: int, kept: list[bool], max_wait_s: float
) -> None:
    sequences = [start + i for i, keep in enumerate(kept) if keep]
    order: ReorderBuffer[int] = ReorderBuffer(max_wait_s=max_wait_s)
    assert _pushed(order, sequences) == sequences
    holes = sequences[-1] - sequences[0] + 1 - len(sequences) if sequences else 0
    assert order.lost == holes


@settings(deadline=None)
@given(st.permutations(list(range(20))), st.floats(0.0, 0.2), _START)
def test_any_permutation_comes_out_in_rising_order_without_duplicates(
    permutation: list[int], max_wait_s: float, start: int
) -> None:
    order: ReorderBuffer[int] = ReorderBuffer(max_wait_s=max_wait_s, max_packets=5)
    out = _pushed(order, [start + i for i in permutation])
    assert out == sorted(set(out))
    assert len(out) + order.late == 20
