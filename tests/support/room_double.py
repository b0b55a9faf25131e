"""A room, its host and a server's calls, all of which do as they are told."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

from stream_verifier.access.grant import ANYBODY, Grant
from stream_verifier.calls.via import Via
from stream_verifier.errors import RoomError, StreamVerifierError
from stream_verifier.events.call_messages import Start
from stream_verifier.events.event import Event
from stream_verifier.events.outbox import Outbox
from stream_verifier.events.schema import Score, State, StateChanged
from stream_verifier.media.inbox import MediaInbox
from stream_verifier.media.source import SourceRequest, SourceStats, StreamStats
from stream_verifier.rooms.host import Publisher, Stream
from stream_verifier.rooms.mapping import ByDisplay, Rule
from stream_verifier.rooms.terms import Terms

STREAMS = (
    Stream(mid="1", kind="audio", codec="opus"),
    Stream(mid="0", kind="video", codec="vp8", layered=True),
)


def sender(feed: str, display: str | None = None, *, stint: int = 1, **more: Any) -> Publisher:
    fields = {"streams": STREAMS, **more}
    return Publisher(feed=feed, display=display or f"person{feed}", stint=stint, **fields)


class FakeSource:
    """Plays nothing, and notes what is asked of it."""

    def __init__(self, publisher: Publisher) -> None:
        self.publisher = publisher
        self.closed = asyncio.Event()
        self.layers: list[int] = []
        self.stats = SourceStats(
            "connected", True, {"video": StreamStats(picture_px=(320, 240), silent_s=0.0)}
        )

    async def choose_layer(self, layer: int) -> None:
        self.layers.append(layer)


class FakeRoom:
    """Somebody else says who is in it."""

    def __init__(self, *publishers: Publisher) -> None:
        self.publishers = {one.feed: one for one in publishers}
        self.unseen = 0
        self.said: list[str] = []
        self.left = False
        self._over: RoomError | None = None
        self._event = asyncio.Event()
        self._event.set()

    def put(self, *publishers: Publisher, gone: Iterable[str] = ()) -> None:
        self.publishers |= {one.feed: one for one in publishers}
        for feed in gone:
            del self.publishers[feed]
        self._event.set()

    def end(self, error: RoomError) -> None:
        self._over = error
        self._event.set()

    async def changed(self) -> None:
        await self._event.wait()
        self._event.clear()
        if self._over is not None:
            raise self._over

    def source(self, publisher: Publisher, request: SourceRequest, inbox: MediaInbox) -> Any:
        return FakeSource(publisher)

    async def tell(self, text: str) -> bool:
        self.said.append(text)
        return True

    async def leave(self) -> None:
        self.left = True


class FakeHost:
    """Lets in by turns, or fails; the last for ever."""

    def __init__(self, *turns: FakeRoom | RoomError) -> None:
        self.turns = [*turns]
        self.entered = 0

    async def enter(self, make_peer: Any) -> Any:
        self.entered += 1
        turn = self.turns.pop(0) if len(self.turns) > 1 else self.turns[0]
        if isinstance(turn, RoomError):
            raise turn
        return turn


class FakeSession:
    """A call that runs until it is told to end."""

    def __init__(self, number: int, identity: str, source: FakeSource, via: Via) -> None:
        self.id, self.identity, self.ending = f"s{number}", identity, False
        self.summary = SimpleNamespace(end_reason=None, seq=0)
        self.connection = SimpleNamespace(source=source, outbox=Outbox(), origin=via.origin)
        self.lost = 0
        self._seq = 0

    def lose(self, connection: Any, reason: str) -> None:
        if not connection.source.closed.is_set():
            self.lost += 1
            connection.source.closed.set()

    def request_end(self, reason: str) -> None:
        if not self.ending:
            self.ending = True
            self.summary.end_reason = reason
            self.connection.outbox.close()

    def say(self, payload: StateChanged | Score) -> None:
        self._seq += 1
        event = Event(self._seq, self.id, "2026-01-02T03:04:05.678Z", payload)
        self.connection.outbox.put(event)

    def be(self, state: State, previous: State = State.WAITING) -> None:
        said = StateChanged(media_s=1.0, state=state, previous=previous, reasons=[], llr=None)
        self.say(said)

    def see(self, *faces: tuple[float, float, float, float], note: str = "") -> None:
        nothing: dict[str, Any] = dict.fromkeys(("face", "voice", "fused", "evidence", "age_s"))
        said = Score(
            media_s=1.0,
            start_s=0.0,
            end_s=1.0,
            speech_s=1.0,
            faces=[*faces],
            notes=[note],
            **nothing,
        )
        self.say(said)


@dataclass
class FakeCalls:
    """The calls of a server with so many places."""

    most: int = 1000
    refuse: dict[str, StreamVerifierError] = field(default_factory=dict)
    sessions: list[FakeSession] = field(default_factory=list)
    fetched: list[tuple[str, str]] = field(default_factory=list)
    opened: int = 0
    closing: bool = False
    full: StreamVerifierError | None = None

    @property
    def running(self) -> list[FakeSession]:
        return [one for one in self.sessions if not one.ending]

    def of(self, identity: str) -> list[FakeSession]:
        return [one for one in self.running if one.identity == identity]

    async def open(
        self, start: Start, *, grant: Grant, client: str, via: Via
    ) -> tuple[FakeSession, str]:
        self.opened += 1
        if (error := self.refuse.get(start.identity)) is not None:
            raise error
        if len(self.running) >= self.most:
            assert self.full is not None
            raise self.full
        source: Any = via.make_source(SourceRequest(session="s", offer=""), MediaInbox())
        session = FakeSession(self.opened, start.identity, source, via)
        self.sessions.append(session)
        return session, ""

    async def fetch_anew(self, session: FakeSession, via: Via) -> None:
        source: Any = via.make_source(SourceRequest(session=session.id, offer=""), MediaInbox())
        self.fetched.append((session.id, via.origin.feed))
        old = session.connection
        session.connection = SimpleNamespace(source=source, outbox=Outbox(), origin=via.origin)
        old.outbox.close()


def terms(calls: FakeCalls, rule: Rule | None = None, **more: Any) -> Terms:
    fields: dict[str, Any] = {
        "attachment": "a1",
        "host": "janus",
        "room": "1234",
        "rule": rule or ByDisplay(),
        "operating_point": None,
        "grant": ANYBODY,
        "client": "127.0.0.1",
        "calls": calls,
        "away_s": 5.0,
        "tells": False,
    }
    return Terms(**{**fields, **more})


def again(publisher: Publisher) -> Publisher:
    """The same, who has begun anew to send."""
    return replace(publisher, stint=publisher.stint + 1)
