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

WAIT_S = 20


def chunk(start_s: float) -> AudioChunk:
    return AudioChunk(np.zeros(160, np.int16), start_s)


def payload(media_s: float) -> Gap:
    return Gap(media_s=media_s, kind="audio", start_s=0, end_s=media_s, reason="network")


class ListInbox:
    def __init__(self, *items: MediaItem) -> None:
        self.items = list(items)

    def drain(self) -> list[MediaItem]:
        items, self.items = self.items, []
        return items


class EchoPipeline:
    """Answers every item with one payload, so that every item is one turn."""

    windows = 0

    def __init__(
        self, on_feed: Callable[[], None] = lambda: None, *, patience_s: float = 0.0
    ) -> None:
        self._on_feed = on_feed
        self.patience_s = patience_s

    def feed(self, item: MediaItem) -> list[Payload]:
        self._on_feed()
        assert isinstance(item, AudioChunk)
        return [payload(item.start_s)]

    def tick(self, now_s: float) -> list[Payload]:
        return []

    def finish(self) -> list[Payload]:
        return [payload(999)]


class TersePipeline(EchoPipeline):
    """Has nothing to say of every other item."""

    def feed(self, item: MediaItem) -> list[Payload]:
        return [said for said in super().feed(item) if said.media_s % 2 == 0]


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

    def on_feed() -> None:
        # The inbox is not empty any more when this comes, so nobody is notified again.
        if not second.is_set():
            second.set()
            inbox.items.append(chunk(2))
            ticket.notify()

    ticket = engine.admit(pipeline=TersePipeline(on_feed), inbox=inbox, deliver=box)
    ticket.notify()
    assert wait_until(lambda: [item.media_s for item in box.payloads] == [0, 2])


def wait_until(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + WAIT_S
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


def test_calls_take_turns(engine: Engine) -> None:
    order: list[str] = []
    both_in = threading.Event()

    def note(name: str) -> Callable[[], None]:
        def on_feed() -> None:
            assert both_in.wait(WAIT_S)
            order.append(name)

        return on_feed

    boxes = [Mailbox(), Mailbox()]
    tickets = [
        engine.admit(
            pipeline=EchoPipeline(note(name)),
            inbox=ListInbox(*(chunk(t) for t in range(4))),
            deliver=box,
        )
        for name, box in zip("ab", boxes, strict=True)
    ]
    for ticket in tickets:
        ticket.finish()
    both_in.set()
    assert all(box.ended.wait(WAIT_S) for box in boxes)
    assert order == ["a", "b"] * 4


def test_who_is_unsure_goes_before_who_is_patient_and_nobody_waits_for_ever() -> None:
    now_s = [0.0]
    order: list[str] = []
    engine = Engine(clock=lambda: now_s[0])

    def admit(name: str, patience_s: float) -> Ticket:
        return engine.admit(
            pipeline=EchoPipeline(lambda: order.append(name), patience_s=patience_s),
            inbox=ListInbox(chunk(0)),
            deliver=Mailbox(),
        )

    admit("calm", 2.0).notify()
    now_s[0] = 1.0
    admit("unsure", 0.0).notify()
    now_s[0] = 3.0
    admit("late", 0.0).notify()
    engine.start()
    assert wait_until(lambda: len(order) == 3)
    engine.stop()
    assert order == ["unsure", "calm", "late"]


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
    box, told = Mailbox(), threading.Event()

    class SilentPipeline(TickingPipeline):
        def feed(self, item: MediaItem) -> list[Payload]:
            return []

    class NeverEmpty(ListInbox):
        def drain(self) -> list[MediaItem]:
            if any(said.media_s < 0 for said in box.payloads):
                told.set()
                return []
            return [chunk(0)]

    engine = Engine()
    engine.start()
    engine.admit(pipeline=SilentPipeline(), inbox=NeverEmpty(), deliver=box).notify()
    assert told.wait(WAIT_S)
    engine.stop()


def test_a_stopped_engine_admits_nobody(engine: Engine) -> None:
    engine.stop()
    with pytest.raises(CapacityError, match="stopping"):
        engine.admit(pipeline=EchoPipeline(), inbox=ListInbox(), deliver=Mailbox())
