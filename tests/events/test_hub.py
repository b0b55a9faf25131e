"""No loss, no doubles, in order, within bounds: whatever happens in whatever order."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_verifier.errors import CapacityError, ProtocolError
from stream_verifier.events.envelope import Envelope, Filter, Position
from stream_verifier.events.event import Event
from stream_verifier.events.hub import Hub
from stream_verifier.events.log import Limits
from stream_verifier.events.memory.log import MemoryEventLog
from stream_verifier.events.schema import Payload, SessionStarted
from stream_verifier.events.stamper import Stamper
from stream_verifier.events.subscription import Subscription
from tests.support.feed_media import Call, changed, ended, score, started

PAYLOADS: dict[str, Payload] = {"s": score(), "c": changed(), "e": ended()}
# What happens: (session, kind) says something, None: the subscriber comes back.
STEPS = st.lists(
    st.one_of(st.none(), st.tuples(st.integers(0, 3), st.sampled_from("ssssccce"))), max_size=120
)
FILTERS = st.builds(
    Filter,
    sessions=st.none() | st.frozensets(st.sampled_from(["s0", "s1", "s2"]), min_size=1),
    identities=st.none() | st.frozensets(st.sampled_from(["p0", "p1"]), min_size=1),
    types=st.none() | st.just(frozenset({"state_changed", "session_ended"})),
)
SMALL = Limits(scores=3, lasting=6, ended_sessions=2, ended_events=12)


class World:
    """Sessions that start anew under another id once they have ended."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.said: list[tuple[int, Event]] = []
        self._logs: dict[int, Stamper] = {}
        self._runs = Counter[int]()

    async def say(self, number: int, kind: str) -> None:
        log = self._logs.get(number)
        if log is None:
            run = self._runs[number]
            log = self._logs[number] = Stamper(f"s{number}" + f".{run}" * bool(run))
            await self._publish(log, started(f"p{number % 2}"))
        await self._publish(log, PAYLOADS[kind])
        if kind == "e":
            self._runs[number] += 1
            del self._logs[number]

    async def _publish(self, log: Stamper, payload: Payload) -> None:
        event = log.stamp(payload)
        self.hub.publish(event)
        await self.hub.flush()
        self.said.append((self.hub.cursor, event))

    @property
    def running(self) -> set[str]:
        ended = {event.session for _, event in self.said if event.type == "session_ended"}
        return {event.session for _, event in self.said} - ended

    def wanted(self, wanted: Filter) -> list[int]:
        of = {
            e.session: e.payload.identity
            for _, e in self.said
            if isinstance(e.payload, SessionStarted)
        }
        return [
            cursor
            for cursor, event in self.said
            if (wanted.sessions is None or event.session in wanted.sessions)
            and (wanted.identities is None or of[event.session] in wanted.identities)
            and (wanted.types is None or event.type in wanted.types)
        ]


async def drain(subscription: Subscription) -> list[Envelope]:
    taken = []
    while subscription.waiting:
        entry = await subscription.get()
        assert entry is not None
        taken.append(entry.item)
    return taken


@given(STEPS, FILTERS)
async def test_a_subscriber_that_comes_and_goes_gets_everything_once_and_in_order(
    steps: list[tuple[int, str] | None], wanted: Filter
) -> None:
    world = World(hub := Hub())
    got: list[int] = []
    position = Position(hub.epoch, 0)
    subscription = await hub.subscribe(wanted, after=position)
    for step in steps:
        if step is not None:
            await world.say(*step)
            continue
        got += [envelope.cursor for envelope in await drain(subscription)]
        hub.unsubscribe(subscription)
        # Between its visits something happens as well.
        await world.say(0, "c")
        position = Position(hub.epoch, got[-1] if got else 0)
        subscription = await hub.subscribe(wanted, after=position)
        assert subscription.lost == 0
    got += [envelope.cursor for envelope in await drain(subscription)]
    assert got == world.wanted(wanted)


@given(STEPS, FILTERS, st.data())
async def test_what_is_gone_is_counted_exactly_or_said_to_be_unknown(
    steps: list[tuple[int, str] | None], wanted: Filter, data: st.DataObject
) -> None:
    world = World(hub := Hub(MemoryEventLog(limits=SMALL)))
    for step in steps:
        await world.say(*(step or (0, "c")))
    after = data.draw(st.integers(0, hub.cursor))
    subscription = await hub.subscribe(wanted, after=Position(None, after))
    got = [envelope.cursor for envelope in await drain(subscription)]
    expected = [cursor for cursor in world.wanted(wanted) if cursor > after]
    assert set(got) <= set(expected)
    assert all(a < b for a, b in pairwise(got))
    if subscription.lost is not None:
        assert subscription.lost == len(expected) - len(got)
    else:
        assert len(world.said) > len(hub.sessions())


@given(STEPS)
async def test_histories_stay_within_bounds_and_scores_go_first(
    steps: list[tuple[int, str] | None],
) -> None:
    world = World(hub := Hub(MemoryEventLog(limits=SMALL)))
    for step in steps:
        await world.say(*(step or (1, "s")))
        ended_sessions = [s for s in hub.sessions() if s not in world.running]
        assert len(ended_sessions) <= 2
        assert sum([len(await hub.history(s)) for s in ended_sessions]) <= 12
        for session in hub.sessions():
            held = Counter(event.type == "score" for event in await hub.history(session))
            assert held[True] <= 3
            assert held[False] <= 6


@given(STEPS)
async def test_a_running_session_keeps_all_that_lasts(
    steps: list[tuple[int, str] | None],
) -> None:
    limits = Limits(scores=1, ended_sessions=1, ended_events=1)
    world = World(hub := Hub(MemoryEventLog(limits=limits)))
    for step in steps:
        await world.say(*(step or (2, "s")))
    for session in world.running:
        said = [e for _, e in world.said if e.session == session and e.type != "score"]
        assert [e for e in await hub.history(session) if e.type != "score"] == said


@given(st.lists(st.sampled_from("sscd"), max_size=150), st.integers(1, 8))
async def test_a_slow_subscriber_loses_only_scores_and_every_one_of_them_is_told(
    steps: list[str], queue_events: int
) -> None:
    """d: the subscriber takes one event."""
    hub = Hub(queue_events=queue_events)
    subscription = await hub.subscribe()
    log = Stamper("s1")
    next_seq = 1
    waiting_changes = 0
    for step in [*steps]:
        if step == "d" and subscription.waiting:
            entry = await subscription.get()
            assert entry is not None
            assert entry.item.event.seq == next_seq + entry.dropped
            next_seq = entry.item.event.seq + 1
            waiting_changes -= entry.item.type == "state_changed"
        elif step != "d":
            hub.publish(log.stamp(PAYLOADS[step]))
            await hub.flush()
            waiting_changes += step == "c" and not subscription.overflowed
        assert subscription.waiting <= queue_events
        if subscription.overflowed:
            return
    assert waiting_changes <= queue_events


async def test_sessions_are_kept_for_a_day_after_their_end() -> None:
    clock = [0.0]
    hub = Hub(MemoryEventLog(now=lambda: clock[0]))
    Call(hub, "s1").say(ended())
    Call(hub, "s2")
    await hub.flush()
    clock[0] = 24 * 3600.0
    assert hub.sessions() == ["s1", "s2"]
    clock[0] += 1
    assert hub.sessions() == ["s2"]
    assert await hub.history("s1") == []
    assert (await hub.subscribe(after=Position(hub.epoch, 0))).lost is None
    assert (await hub.subscribe(Filter(frozenset({"s2"})), after=Position(hub.epoch, 0))).lost == 0
    assert (await hub.subscribe(after=Position(hub.epoch, 2))).lost == 0


async def test_a_session_that_failed_without_a_word_counts_as_ended() -> None:
    hub = Hub(MemoryEventLog(limits=Limits(ended_sessions=1)))
    for session in ("s1", "s2"):
        Call(hub, session)
        hub.end(session)
        hub.end(session)
    await hub.flush()
    assert hub.sessions() == ["s2"]


async def test_what_a_session_says_after_its_end_is_kept_with_it() -> None:
    hub = Hub()
    call = Call(hub, "s1")
    call.say(ended(), changed())
    await hub.flush()
    assert hub.sessions() == ["s1"]
    assert [event.seq for event in await hub.history("s1")] == [1, 2, 3]
    assert [event.seq for event in await hub.history("s1", 2)] == [3]


async def test_an_event_is_serialised_once_for_everybody() -> None:
    hub = Hub()
    both = [await hub.subscribe(), await hub.subscribe()]
    Call(hub, "s1")
    await hub.flush()
    first, second = [(await drain(subscription))[0] for subscription in both]
    assert first.text is second.text


async def test_a_position_ahead_and_a_stopping_hub_are_refused() -> None:
    hub = Hub()
    with pytest.raises(ProtocolError):
        await hub.subscribe(after=Position(hub.epoch, 1))
    subscription = await hub.subscribe()
    await hub.close()
    assert await subscription.get() is None
    with pytest.raises(CapacityError, match="stopping"):
        await hub.subscribe()


@given(st.lists(st.text(min_size=1, max_size=20), max_size=20))
def test_shares_part_the_sessions(sessions: list[str]) -> None:
    for session in sessions:
        assert sum(Filter(share=(k, 3)).wants_session(session, None) for k in range(3)) == 1
