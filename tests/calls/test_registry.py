"""The one limit of calls; the model and the media behind it have tests of their own."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from stream_verifier.audit.deed import Deed
from stream_verifier.audit.journal import Journal
from stream_verifier.calls.registry import SessionRegistry
from stream_verifier.calls.session import Session
from stream_verifier.errors import CapacityError, StoreError, UnknownIdentityError
from stream_verifier.events.call_messages import Start
from stream_verifier.events.event import Event
from stream_verifier.events.hub import Hub
from stream_verifier.events.log import Limits
from stream_verifier.events.memory.log import MemoryEventLog
from stream_verifier.events.schema import MediaStarted, Payload
from stream_verifier.media.types import AudioChunk, MediaItem
from stream_verifier.media.webrtc.factory import PeerFactory
from stream_verifier.media.webrtc.ice import LOOPBACK, local_addresses
from stream_verifier.media.webrtc.network import host_addresses
from stream_verifier.settings import load_settings
from stream_verifier.verify.engine import Engine
from tests.support.calls import CONSENT, make_settings
from tests.support.session_media import Enrolment, Store, make_session

START = Start(type="start", mode="verify", identity="ada", sdp="v=0")
ENROL = Start.model_validate({**START.model_dump(), "mode": "enrol", "consent": CONSENT})


class Trail:
    """Takes what it is told, unless its disk is full."""

    def __init__(self) -> None:
        self.deeds: list[Deed] = []
        self.full = False

    async def append(self, *deeds: Deed) -> None:
        if self.full:
            raise StoreError("the disk is full")
        self.deeds += deeds

    @property
    def kinds(self) -> list[str]:
        return [deed.kind for deed in self.deeds]


class UnwatchedStore:
    """In which nothing ever changes."""

    def __init__(self) -> None:
        self.audit = Trail()

    def lookup(self, name: str) -> str:
        return name

    def watch(self, on_change: Any) -> Any:
        return lambda: None


class SlowEmptyStore(UnwatchedStore):
    """Takes its time to say that it knows nobody."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self.answer = asyncio.Event()

    async def get(self, name: str) -> Any:
        self.asked += 1
        await self.answer.wait()
        raise UnknownIdentityError("Nobody is enrolled by that name.")


class NoModel:
    model_id = "m"
    comparator = SimpleNamespace(name="c")


def make_sessions(
    folder: Path, store: Any, *, hub: Hub | None = None, engine: Engine | None = None
) -> SessionRegistry:
    settings = make_settings(folder, max_calls=2)
    model: Any = NoModel()
    return SessionRegistry(
        recogniser=model,
        store=store,
        engine=engine or Engine(),
        hub=hub or Hub(),
        make_source=PeerFactory(settings),
        settings=settings,
        journal=Journal(store.audit),
    )


async def test_calls_being_opened_take_places_and_give_them_back(tmp_path: Path) -> None:
    store = SlowEmptyStore()
    sessions = make_sessions(tmp_path, store)
    rush = [asyncio.create_task(sessions.open(START)) for _ in range(3)]
    (refused,), opening = await asyncio.wait(rush, return_when=asyncio.FIRST_COMPLETED)
    with pytest.raises(CapacityError, match="All 2 places"):
        refused.result()
    assert store.asked == 2
    store.answer.set()
    told = await asyncio.gather(*opening, return_exceptions=True)
    assert [type(error) for error in told] == [UnknownIdentityError] * 2
    with pytest.raises(UnknownIdentityError):
        await sessions.open(START)
    assert sessions.count == 0


async def test_a_closed_register_opens_nothing(tmp_path: Path) -> None:
    store = SlowEmptyStore()
    sessions = make_sessions(tmp_path, store)
    await sessions.close()
    with pytest.raises(CapacityError, match="The server is stopping"):
        await sessions.open(START)
    assert store.asked == 0


def test_loopback_is_offered_only_by_a_server_on_loopback(tmp_path: Path) -> None:
    assert host_addresses(load_settings(data_dir=tmp_path)) == (*LOOPBACK, *local_addresses())
    anywhere = load_settings(data_dir=tmp_path, host="0.0.0.0", token_key="k" * 43)
    assert host_addresses(anywhere) is None
    chosen = load_settings(data_dir=tmp_path, ice_host_addresses=("10.0.0.1",))
    assert host_addresses(chosen) == ("10.0.0.1",)


@pytest.mark.parametrize("limits", [Limits(ended_sessions=2), Limits(ended_events=5)])
async def test_the_calls_that_are_listed_are_those_whose_events_are_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limits: Limits
) -> None:
    hub = Hub(MemoryEventLog(limits=limits))
    sessions = make_sessions(tmp_path, SlowEmptyStore(), hub=hub)
    ids = iter(["s1", "s2", "s3", "s4"])

    async def prepare(*_: Any, **__: Any) -> Session:
        return make_session(store=Store(), on_event=hub.publish, session_id=next(ids))

    monkeypatch.setattr(sessions._maker, "make", prepare)
    for _ in range(3):
        session, _ = await sessions.open(ENROL)
        await sessions.end(session.id)
    await sessions.open(ENROL)
    await hub.flush()
    listed = [call.session for call in sessions.calls()]
    assert listed == ["s4", "s3", "s2"] == hub.sessions()[::-1]
    assert all([await hub.history(session) for session in listed])
    await sessions.close()


async def test_no_call_begins_that_the_audit_trail_does_not_take(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = SlowEmptyStore()
    sessions = make_sessions(tmp_path, store)
    made: list[Session] = []

    async def prepare(*_: Any, **__: Any) -> Session:
        made.append(
            make_session(store=Store(), on_event=lambda _: None, session_id=f"s{len(made)}")
        )
        return made[-1]

    monkeypatch.setattr(sessions._maker, "make", prepare)
    session, _ = await sessions.open(ENROL)
    assert store.audit.kinds == ["call_started"]
    await sessions.end(session.id)

    store.audit.full = True
    with pytest.raises(StoreError, match="the disk is full"):
        await sessions.open(ENROL)
    assert (sessions.count, store.audit.kinds) == (0, ["call_started"])

    store.audit.full = False
    again, _ = await sessions.open(ENROL)
    # The end of the first was owed to the trail, and comes before the next begins.
    kinds = ["call_started", "call_ended", "access_refused", "call_started"]
    assert store.audit.kinds == kinds
    ended, refused = store.audit.deeds[1:3]
    assert (refused.name, refused.outcome, refused.details) == ("ada", "store_failed", {"times": 1})
    assert (ended.name, ended.details["session"]) == ("ada", session.id)
    assert (ended.details["reason"], ended.details["verdict"]) == ("ended_by_admin", None)
    assert again is made[-1]
    await sessions.close()


class Hearing(Enrolment):
    """Tells how many items it has heard so far, whenever it is asked or told the time."""

    spared = skipped = 0
    waiting = None

    def __init__(self) -> None:
        super().__init__()
        self.heard = 0

    def take(self, item: MediaItem) -> list[Payload]:
        self.heard += 1
        return []

    def tick(self, now_s: float) -> list[Payload]:
        return [MediaStarted(media_s=float(self.heard), kind="audio")]


async def test_nothing_is_said_of_a_call_before_it_has_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s, said = [0.0], list[Event]()
    store, engine = SlowEmptyStore(), Engine(clock=lambda: now_s[0])
    sessions = make_sessions(tmp_path, store, engine=engine)
    session = make_session(store=Store(), on_event=said.append)
    session._pipeline = Hearing()

    async def prepare(*_: Any, **__: Any) -> Session:
        return session

    async def work() -> None:
        now_s[0] += 5.0
        while engine.step():
            pass
        await asyncio.sleep(0)  # what was said is delivered

    async def append_slowly(*_: Any) -> None:
        session.inbox.put(AudioChunk(np.zeros(320, np.float32), 0.0))
        await work()

    monkeypatch.setattr(sessions._maker, "make", prepare)
    monkeypatch.setattr(store.audit, "append", append_slowly)
    await sessions.open(ENROL)
    await work()
    assert [event.type for event in said[:2]] == ["session_started", "media_started"]
    assert said[1].payload.media_s == 1.0  # what came meanwhile is heard
    await sessions.close()
