from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from stream_verifier.errors import CapacityError
from stream_verifier.events.schema import ErrorRaised, Gap, Payload
from stream_verifier.media.types import AudioChunk, MediaItem
from stream_verifier.verify.engine import Engine, Ticket
from stream_verifier.verify.schedule import Waiting

WAIT_S = 20


def chunk(start_s: float) -> AudioChunk:
    return AudioChunk(np.zeros(160, np.int16), start_s)


def payload(media_s: float) -> Gap:
    return Gap(media_s=media_s, kind="audio", start_s=0, end_s=media_s, reason="network")


class ListInbox:
    def __init__(self, *items: MediaItem) -> None:
        self.items = list(items)

    def drain(self, now_s: float | None = None) -> list[MediaItem]:
        items, self.items = self.items, []
        return items


class EchoPipeline:
    """Answers every item with one payload."""

    windows = spared = skipped = 0
    waiting: Waiting | None = None

    def __init__(self, on_take: Callable[[], None] = lambda: None) -> None:
        self._on_take = on_take

    def score(self, *, busy: bool = False) -> list[Payload]:
        return []

    def skip(self) -> list[Payload]:
        return []

    def take(self, item: MediaItem) -> list[Payload]:
        self._on_take()
        assert isinstance(item, AudioChunk)
        return [payload(item.start_s)]

    def tick(self, now_s: float) -> list[Payload]:
        return []

    def finish(self) -> list[Payload]:
        return [payload(999)]


class TersePipeline(EchoPipeline):
    """Has nothing to say of every other item."""

    def take(self, item: MediaItem) -> list[Payload]:
        return [said for said in super().take(item) if said.media_s % 2 == 0]


class TickingPipeline(EchoPipeline):
    """Says what time it was told."""

    def tick(self, now_s: float) -> list[Payload]:
        return [payload(-now_s)]


class Mailbox:
    def __init__(self) -> None:
        self.payloads: list[Payload] = []
        self.ended = threading.Event()
        self.threads: set[str] = set()

    def __call__(self, payloads: list[Payload], last: bool) -> None:
        self.payloads += payloads
        self.threads.add(threading.current_thread().name)
        if last:
            self.ended.set()


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine()
    engine.start()
    yield engine
    engine.stop()


def test_a_call_is_served_in_order_and_finished_once(engine: Engine) -> None:
    box = Mailbox()
    ticket = engine.admit(
        pipeline=EchoPipeline(), inbox=ListInbox(*(chunk(t) for t in range(5))), deliver=box
    )
    ticket.notify()
    ticket.finish()
    ticket.finish()
    assert box.ended.wait(WAIT_S)
    assert [item.media_s for item in box.payloads if item.media_s >= 0] == [0, 1, 2, 3, 4, 999]
    assert box.threads == {"inference"}
    assert engine.calls == 0


def test_media_that_comes_while_a_turn_is_at_work_is_not_forgotten(engine: Engine) -> None:
    inbox, box = ListInbox(chunk(0), chunk(1)), Mailbox()
    second = threading.Event()

    def on_take() -> None:
        # The inbox is not empty any more when this comes, so nobody is notified again.
        if not second.is_set():
            second.set()
            inbox.items.append(chunk(2))
            ticket.notify()

    ticket = engine.admit(pipeline=TersePipeline(on_take), inbox=inbox, deliver=box)
    ticket.notify()
    assert wait_until(lambda: [item.media_s for item in box.payloads] == [0, 2])


def wait_until(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + WAIT_S
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


def test_calls_take_turns() -> None:
    order: list[str] = []
    now_s = [0.0]
    engine = Engine(clock=lambda: now_s[0])

    def admit(name: str) -> Ticket:
        inbox = ListInbox(chunk(0))

        def on_take() -> None:
            order.append(name)
            now_s[0] += 0.1
            inbox.items.append(chunk(0))
            ticket.notify()

        ticket = engine.admit(pipeline=EchoPipeline(on_take), inbox=inbox, deliver=Mailbox())
        return ticket

    for name in "ab":
        admit(name).notify()
    now_s[0] = 1.0
    for _ in range(8):
        assert engine.step()
    assert order == ["a", "b"] * 4


def test_small_pieces_of_media_are_gathered() -> None:
    now_s = [0.0]
    engine, box = Engine(clock=lambda: now_s[0]), Mailbox()
    inbox = ListInbox(chunk(0))
    ticket = engine.admit(pipeline=EchoPipeline(), inbox=inbox, deliver=box)
    ticket.notify()
    assert not engine.step()
    inbox.items.append(chunk(1))
    now_s[0] = 0.1
    assert engine.step()
    assert [item.media_s for item in box.payloads] == [0, 1]


def test_a_cancelled_call_gives_its_place_back_and_hears_nothing_more(engine: Engine) -> None:
    gone, there = Mailbox(), Mailbox()
    tickets = [
        engine.admit(pipeline=EchoPipeline(), inbox=ListInbox(chunk(0)), deliver=box)
        for box in (gone, there)
    ]
    tickets[0].cancel()
    assert engine.calls == 1
    for ticket in tickets:
        ticket.finish()
    assert there.ended.wait(WAIT_S)
    assert gone.payloads == []


def test_a_fault_in_one_call_ends_it_alone(engine: Engine) -> None:
    def fail() -> None:
        raise ValueError("of this one")

    bad, good = Mailbox(), Mailbox()
    engine.admit(pipeline=EchoPipeline(fail), inbox=ListInbox(chunk(0)), deliver=bad).notify()
    assert bad.ended.wait(WAIT_S)
    assert isinstance(bad.payloads[-1], ErrorRaised)
    assert "of this one" not in bad.payloads[-1].message
    engine.admit(pipeline=EchoPipeline(), inbox=ListInbox(chunk(0)), deliver=good).finish()
    assert good.ended.wait(WAIT_S)
    assert engine.calls == 0


def test_a_call_without_media_is_told_the_time() -> None:
    now_s = [0.0]
    heard = threading.Event()
    engine = Engine(clock=lambda: now_s[0])

    def deliver(payloads: list[Payload], last: bool) -> None:
        assert payloads[0].media_s == pytest.approx(-7.0)
        heard.set()

    engine.admit(pipeline=TickingPipeline(), inbox=ListInbox(), deliver=deliver)
    engine.start()
    now_s[0] = 7.0
    assert heard.wait(WAIT_S)
    engine.stop()


def test_no_stream_of_packets_keeps_time_from_passing() -> None:
    class SilentPipeline(TickingPipeline):
        def take(self, item: MediaItem) -> list[Payload]:
            return []

    now_s = [0.0]
    engine, box = Engine(clock=lambda: now_s[0]), Mailbox()
    inbox = ListInbox(chunk(0))
    ticket = engine.admit(pipeline=SilentPipeline(), inbox=inbox, deliver=box)
    for turn in range(3):
        inbox.items.append(chunk(0))
        ticket.notify()
        now_s[0] = turn + 0.5
        assert engine.step()
    assert {said.media_s for said in box.payloads} == {-0.5, -1.5, -2.5}


def test_a_stopped_engine_admits_nobody(engine: Engine) -> None:
    engine.stop()
    with pytest.raises(CapacityError, match="stopping"):
        engine.admit(pipeline=EchoPipeline(), inbox=ListInbox(), deliver=Mailbox())


def test_several_workers_work_at_once_and_never_on_the_same_call() -> None:
    engine = Engine(workers=2)
    both = threading.Barrier(2, timeout=WAIT_S)
    at_work: dict[str, int] = {"a": 0, "b": 0}
    most: list[int] = []
    boxes = {}

    def admit(name: str) -> Ticket:
        def on_take() -> None:
            at_work[name] += 1
            most.append(at_work[name])
            both.wait()  # breaks where the other call is not at work at the same time
            at_work[name] -= 1

        boxes[name] = Mailbox()
        return engine.admit(
            pipeline=EchoPipeline(on_take),
            inbox=ListInbox(*(chunk(t) for t in range(4))),
            deliver=boxes[name],
        )

    for ticket in [admit(name) for name in "ab"]:
        ticket.finish()
    engine.start()
    for box in boxes.values():
        assert box.ended.wait(WAIT_S)
        said = [item.media_s for item in box.payloads if item.media_s >= 0]
        assert said == [0, 1, 2, 3, 999]
    engine.stop()
    assert set(most) == {1}


def test_a_fault_while_time_is_told_ends_one_call_alone() -> None:
    class BrokenClock(EchoPipeline):
        def tick(self, now_s: float) -> list[Payload]:
            raise ValueError("of this one")

    now_s = [0.0]
    engine, bad, good = Engine(clock=lambda: now_s[0]), Mailbox(), Mailbox()
    engine.admit(pipeline=BrokenClock(), inbox=ListInbox(), deliver=bad)
    engine.admit(pipeline=TickingPipeline(), inbox=ListInbox(), deliver=good)
    now_s[0] = 2.0
    assert not engine.step()
    assert isinstance(bad.payloads[-1], ErrorRaised)
    assert [item.media_s for item in good.payloads] == [-2.0]
    assert engine.calls == 1
