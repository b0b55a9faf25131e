"""What every event log must hold to: derive a test class, and say how to make one.

class TestMyLog(EventLogContract):
    def make(self, folder: Path, limits: Limits) -> EventLog: ...
"""

from __future__ import annotations

import abc
import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from stream_verifier.events.envelope import Envelope, Filter
from stream_verifier.events.event import Event
from stream_verifier.events.hub import Hub
from stream_verifier.events.log import EventLog, Limits
from stream_verifier.events.schema import Payload
from stream_verifier.events.stamper import Stamper
from stream_verifier.events.subscription import Subscription
from tests.support.feed_media import changed, ended, score, started
from tests.support.recorded_events import (
    ENVELOPES,
    SESSION,
    lines_of,
    stamped,
)

EVERYTHING = Filter()
SMALL = Limits(scores=3, lasting=6, ended_sessions=2, ended_events=12)


class Speaker:
    """A session's events, in order."""

    def __init__(self, session: str, identity: str = "ada") -> None:
        self._stamper = Stamper(session)
        self._identity = identity

    def say(self, *payloads: Payload) -> list[Event]:
        opening = [] if self._stamper.seq else [started(self._identity)]
        return [self._stamper.stamp(payload) for payload in (*opening, *payloads)]


def cursors(envelopes: list[Envelope]) -> list[int]:
    return [envelope.cursor for envelope in envelopes]


class EventLogContract(abc.ABC):
    """The tests; `make` is asked for a new, empty log."""

    @abc.abstractmethod
    def make(self, folder: Path, limits: Limits) -> EventLog:
        """An empty log within these limits; what it needs on disk goes below the folder."""

    async def open(self, folder: Path, limits: Limits) -> EventLog:
        log = self.make(folder, limits)
        await log.start()
        return log

    @pytest.fixture
    async def log(self, tmp_path: Path) -> AsyncIterator[EventLog]:
        log = await self.open(tmp_path, Limits())
        yield log
        await log.close()

    @pytest.fixture
    async def small(self, tmp_path: Path) -> AsyncIterator[EventLog]:
        log = await self.open(tmp_path, SMALL)
        yield log
        await log.close()

    async def test_it_may_be_closed_twice(self, tmp_path: Path) -> None:
        log = await self.open(tmp_path, Limits())
        await log.append(Speaker("s1").say(changed()))
        await log.close()
        await log.close()

    async def test_an_empty_log_has_a_name_and_nothing_in_it(self, log: EventLog) -> None:
        assert log.epoch
        assert len(log.epoch) <= 64
        assert (log.cursor, log.sessions(), await log.history("s1")) == (0, [], [])
        stretch = await log.read(EVERYTHING, after=0, through=0)
        assert (stretch.envelopes, stretch.lost) == ([], 0)

    async def test_events_are_numbered_across_sessions_in_the_order_they_came(
        self, log: EventLog
    ) -> None:
        one, two = Speaker("s1", "ada"), Speaker("s2", "bob")
        await log.append([*one.say(score()), *two.say(changed())])
        await log.append(one.say(changed()))
        assert log.cursor == 5
        held = (await log.read(EVERYTHING, after=0, through=5)).envelopes
        assert cursors(held) == [1, 2, 3, 4, 5]
        assert [(item.session, item.event.seq) for item in held] == [
            ("s1", 1), ("s1", 2), ("s2", 1), ("s2", 2), ("s1", 3),
        ]  # fmt: skip
        assert [item.identity for item in held] == ["ada", "ada", "bob", "bob", "ada"]

    async def test_what_is_read_back_is_what_was_appended_byte_for_byte(
        self, log: EventLog
    ) -> None:
        events = stamped()
        await log.append(events)
        held = (await log.read(EVERYTHING, after=0, through=log.cursor)).envelopes
        assert [item.text for item in held] == lines_of(ENVELOPES)
        assert [item.event for item in held] == events == await log.history(SESSION)
        assert [event.line for event in await log.history(SESSION)] == [e.line for e in events]

    async def test_a_listener_is_told_of_every_event_once_and_in_order(self, log: EventLog) -> None:
        speaker = Speaker("s1")
        await log.append(speaker.say())
        told: list[Envelope] = []
        log.follow(told.append)
        for _ in range(20):
            await log.append(speaker.say(score(), changed(), score()))
        await until(lambda: len(told) >= 60)
        assert cursors(told) == list(range(2, 62))
        assert log.cursor == 61
        held = (await log.read(EVERYTHING, after=1, through=61)).envelopes
        assert [(item.cursor, item.text, item.event) for item in held] == [
            (item.cursor, item.text, item.event) for item in told
        ]

    async def test_a_listener_is_told_even_of_what_the_limits_let_go_at_once(
        self, small: EventLog
    ) -> None:
        told: list[Envelope] = []
        small.follow(told.append)
        await small.append(Speaker("s1").say(*[score()] * 10))
        await until(lambda: len(told) >= 11)
        assert cursors(told) == list(range(1, 12))

    async def test_an_event_that_comes_again_is_passed_over(self, log: EventLog) -> None:
        speaker = Speaker("s1")
        first, second = speaker.say(score()), speaker.say(changed())
        await log.append(first)
        await log.append([*first, *second])
        await log.append(second)
        held = (await log.read(EVERYTHING, after=0, through=log.cursor)).envelopes
        assert [item.event.seq for item in held] == [1, 2, 3]
        assert cursors(held) == sorted({*cursors(held)})
        assert await log.history("s1") == [*first, *second]

    async def test_a_stretch_begins_behind_one_cursor_and_ends_with_another(
        self, log: EventLog
    ) -> None:
        await log.append(Speaker("s1").say(*[score(), changed()] * 5))
        for after, through in ((0, 11), (0, 4), (3, 9), (10, 11), (11, 11), (5, 5)):
            stretch = await log.read(EVERYTHING, after=after, through=through)
            assert cursors(stretch.envelopes) == list(range(after + 1, through + 1))
            assert stretch.lost == 0

    async def test_a_filter_lets_through_what_fits_all_of_it(self, log: EventLog) -> None:
        for session, identity in (("s1", "ada"), ("s2", "bob"), ("s3", "bob")):
            await log.append(Speaker(session, identity).say(score(), changed()))
        for wanted in (
            Filter(sessions=frozenset({"s1", "s3", "unknown"})),
            Filter(identities=frozenset({"bob"})),
            Filter(types=frozenset({"state_changed", "score"})),
            Filter(sessions=frozenset({"s2", "s1"}), identities=frozenset({"bob"})),
            *(Filter(share=(number, 2)) for number in range(2)),
            Filter(types=frozenset({"gap"})),
        ):
            everything = await log.read(EVERYTHING, after=0, through=log.cursor)
            stretch = await log.read(wanted, after=1, through=log.cursor)
            assert cursors(stretch.envelopes) == [
                item.cursor for item in everything.envelopes[1:] if wanted.wants(item)
            ]
            assert stretch.lost == 0

    async def test_a_history_holds_what_came_after_a_number(self, log: EventLog) -> None:
        await log.append(Speaker("s1").say(score(), changed(), score()))
        await log.append(Speaker("s2").say(score()))
        assert [event.seq for event in await log.history("s1")] == [1, 2, 3, 4]
        assert [event.seq for event in await log.history("s1", 2)] == [3, 4]
        assert await log.history("s1", 4) == [] == await log.history("unknown")

    async def test_the_newest_scores_and_the_newest_lasting_events_are_kept(
        self, small: EventLog
    ) -> None:
        await small.append(Speaker("s1").say(*[score(), changed()] * 10))
        history = await small.history("s1")
        assert [event.seq for event in history] == [11, 13, 15, 16, 17, 18, 19, 20, 21]
        assert sum(event.type == "score" for event in history) == 3

    async def test_what_had_to_go_is_counted_exactly(self, small: EventLog) -> None:
        await small.append(Speaker("s1").say(*[score()] * 8))
        scores = Filter(types=frozenset({"score"}))
        for after, lost in ((0, 5), (1, 5), (4, 2), (6, 0), (9, 0)):
            for wanted in (EVERYTHING, scores):
                assert (await small.read(wanted, after=after, through=9)).lost == lost
        assert (await small.read(EVERYTHING, after=0, through=3)).lost == 2
        for wanted in (
            Filter(types=frozenset({"session_started"})),
            Filter(identities=frozenset({"bob"})),
            Filter(sessions=frozenset({"s2"}), types=frozenset({"gap"})),
        ):
            stretch = await small.read(wanted, after=0, through=9)
            # Of a session that is not held nobody knows what it said.
            assert stretch.lost == 0

    async def test_ended_sessions_go_by_the_order_of_their_ends(self, small: EventLog) -> None:
        speakers = {name: Speaker(name) for name in ("s1", "s2", "s3", "s4")}
        for speaker in speakers.values():
            await small.append(speaker.say(changed()))
        assert small.sessions() == ["s1", "s2", "s3", "s4"]
        for name in ("s3", "s1"):
            await small.append(speakers[name].say(ended()))
        assert small.sessions() == ["s3", "s1", "s2", "s4"]
        await small.append(speakers["s4"].say(ended()))
        assert small.sessions() == ["s1", "s4", "s2"]
        assert await small.history("s3") == []
        after_all = small.cursor
        assert (await small.read(EVERYTHING, after=0, through=after_all)).lost is None
        assert (await small.read(EVERYTHING, after=after_all, through=after_all)).lost == 0
        of_held = Filter(sessions=frozenset({"s2", "s4"}))
        assert (await small.read(of_held, after=0, through=after_all)).lost == 0

    async def test_scores_of_ended_sessions_go_before_their_other_events(
        self, small: EventLog
    ) -> None:
        for name in ("s1", "s2"):
            await small.append(Speaker(name).say(*[score(), changed()] * 4, ended()))
        kept = {name: [event.type for event in await small.history(name)] for name in ("s1", "s2")}
        assert sum(map(len, kept.values())) <= 12 or "score" not in kept["s1"]
        assert "score" not in kept["s1"]
        assert kept["s1"].count("state_changed") >= 4

    async def test_ended_sessions_hold_no_more_events_than_they_may(self, tmp_path: Path) -> None:
        log = await self.open(tmp_path, Limits(lasting=100, ended_sessions=10, ended_events=12))
        for number in range(4):
            await log.append(Speaker(f"s{number}").say(*[changed()] * 4, ended()))
            held = [await log.history(session) for session in log.sessions()]
            assert sum(map(len, held)) <= 12
        assert log.sessions() == ["s2", "s3"]
        await log.close()

    async def test_ended_sessions_go_after_their_time(self, tmp_path: Path) -> None:
        log = await self.open(tmp_path, Limits(ended_for_s=0.01))
        await log.append([*Speaker("s1").say(ended()), *Speaker("s2").say()])
        await asyncio.sleep(0.03)
        assert (log.sessions(), await log.history("s1")) == (["s2"], [])
        stretch = await log.read(EVERYTHING, after=0, through=3)
        assert (cursors(stretch.envelopes), stretch.lost) == ([3], None)
        await log.close()

    async def test_a_session_may_end_without_a_word_and_twice(self, small: EventLog) -> None:
        for name in ("s1", "s2", "s3"):
            await small.append(Speaker(name).say())
            await small.end(name)
            await small.end(name)
        await small.end("unknown")
        assert small.sessions() == ["s2", "s3"]

    async def test_what_a_session_says_after_its_end_is_kept_with_it(self, log: EventLog) -> None:
        await log.append(Speaker("s1").say(ended(), changed()))
        assert log.sessions() == ["s1"]
        assert [event.seq for event in await log.history("s1")] == [1, 2, 3]

    async def test_two_logs_are_told_apart(self, tmp_path: Path) -> None:
        logs = []
        for name in ("one", "other"):
            (tmp_path / name).mkdir()
            logs.append(await self.open(tmp_path / name, Limits()))
        assert logs[0].epoch != logs[1].epoch
        for log in logs:
            await log.close()

    async def test_a_hub_on_it_loses_nothing_and_doubles_nothing(self, log: EventLog) -> None:
        hub = Hub(log)
        speakers = [Speaker(f"s{number}") for number in range(3)]
        live = await hub.subscribe()
        for _ in range(30):
            for speaker in speakers:
                for event in speaker.say(score(), changed()):
                    hub.publish(event)
            await asyncio.sleep(0)
        late = await hub.subscribe(after=None)
        again = [await hub.subscribe(Filter(sessions=frozenset({"s1"})), after=None)]
        held = {event.seq for event in await hub.history("s1")}
        assert held == set(range(1, 62))
        await hub.flush()
        assert await hub.history("s1", 3, 5) == (await log.history("s1"))[3:5]
        await hub.close()
        got = [await drain(subscription) for subscription in (live, late, *again)]
        assert cursors(got[0]) == list(range(1, 184))
        assert cursors(got[1]) == list(range(late.cursor + 1, 184))
        assert [item.session for item in got[2]].count("s1") == len(got[2])


async def drain(subscription: Subscription) -> list[Envelope]:
    """All that a closed subscription still hands out."""
    taken = []
    while (entry := await subscription.get()) is not None:
        taken.append(entry.item)
    return taken


async def until(done: Callable[[], bool]) -> None:
    """Wait for what a log tells in its own time."""
    async with asyncio.timeout(30):
        while not done():  # noqa: ASYNC110
            await asyncio.sleep(0.001)
