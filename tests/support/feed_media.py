"""Made-up events, and a feed server without a model, for tests of whoever follows them."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import websockets
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from websockets.asyncio.client import ClientConnection

from stream_verifier.access.gate import Gate, Limits
from stream_verifier.access.limiter import Limiter
from stream_verifier.access.waiting import WaitingRoom
from stream_verifier.audit.journal import Journal
from stream_verifier.events.hub import Hub
from stream_verifier.events.schema import (
    ChallengeAsked,
    ChallengeMeasured,
    ChallengeResult,
    ConnectionLost,
    ConnectionResumed,
    ConsentExpiring,
    Enrolled,
    EnrolmentProgress,
    ErrorRaised,
    Gap,
    MediaStarted,
    Payload,
    Score,
    SessionEnded,
    SessionStarted,
    State,
    StateChanged,
    Totals,
)
from stream_verifier.events.stamper import Stamper
from stream_verifier.web.feed_socket import feed_socket
from stream_verifier.web.state import ServerState, Services, set_state, state_of_app
from tests.support.hosts import hosted

Event = dict[str, Any]


def started(identity: str = "ada") -> SessionStarted:
    return SessionStarted(media_s=0, mode="verify", identity=identity, model="m", comparator="c")


def score(media_s: float = 1.0) -> Score:
    return Score(
        media_s=media_s,
        start_s=0,
        end_s=media_s,
        face=None,
        voice=None,
        fused=None,
        speech_s=1,
        faces=[],
        notes=[],
        evidence=None,
        age_s=0.1,
    )


def changed(state: State = State.VERIFIED, media_s: float = 1.0) -> StateChanged:
    return StateChanged(media_s=media_s, state=state, previous=State.WAITING, reasons=[], llr=None)


def ended() -> SessionEnded:
    return SessionEnded(media_s=2, reason="stopped", totals=Totals())


NO_LIMITS = Limits(bad_tokens=Limiter(per_minute=6000), openings=Limiter(per_minute=6000))

PAYLOAD_EXAMPLES = (
    ChallengeAsked(
        media_s=4.0,
        challenge="c1",
        kind="turn_head",
        by="api",
        turns=["left"],
        digits=None,
        within_s=7.0,
        number=1,
        most=4,
        others=["say_digits"],
        chance=0.5,
    ),
    ChallengeResult(
        media_s=9.0,
        challenge="c1",
        kind="turn_head",
        outcome="unanswered",
        why="skipped",
        after_s=5.0,
        measured=ChallengeMeasured(pictures=70, turns=[]),
    ),
    started(),
    MediaStarted(media_s=0, kind="audio"),
    score(),
    changed(),
    EnrolmentProgress(
        media_s=1,
        speech_s=1,
        speech_needed_s=10,
        faces=1,
        faces_needed=5,
        missing=["talk"],
        boxes=[(0.1, 0.2, 0.3, 0.4)],
        complete=False,
    ),
    Enrolled(media_s=9, identity="ada", id="1", speech_s=10, faces=5),
    ConsentExpiring(media_s=0, expires_at="2026-03-01T00:00:00+00:00", days_left=12),
    Gap(media_s=3, kind="video", start_s=1, end_s=3, reason="lost"),
    ConnectionLost(media_s=3, reason="socket_closed"),
    ConnectionResumed(media_s=8, away_s=5),
    ErrorRaised(media_s=3, code="bad_message", message="What to do."),
    ended(),
)


class Call:
    """A session's log that speaks to a hub."""

    def __init__(self, hub: Hub, session: str, identity: str = "ada") -> None:
        self._hub = hub
        self._stamper = Stamper(session)
        self.say(started(identity))

    def say(self, *payloads: Payload) -> None:
        for payload in payloads:
            self._hub.publish(self._stamper.stamp(payload))


@dataclass
class FeedServer:
    """Attributes: address: http address; hub: replace it to play a server that was restarted."""

    address: str
    app: Starlette

    @property
    def hub(self) -> Hub:
        return state_of_app(self.app).hub

    @property
    def url(self) -> str:
        return self.address.replace("http", "ws", 1) + "/api/v1/events"

    @contextlib.asynccontextmanager
    async def follow(self, **subscribe: Any) -> AsyncIterator[ClientConnection]:
        async with asyncio.timeout(30), websockets.connect(self.url) as connection:
            await connection.send(json.dumps({"type": "subscribe", **subscribe}))
            yield connection


@contextlib.asynccontextmanager
async def feed_server(hub: Hub, *, port: int = 0, gate: Any = None) -> AsyncIterator[FeedServer]:
    """Serve the feed route alone."""
    app = Starlette(routes=[WebSocketRoute("/api/v1/events", feed_socket)])
    settings: Any = SimpleNamespace(allowed_origins=())
    unused: Any = None
    state = ServerState(
        settings=settings,
        gate=gate or Gate(tokens=None, limiter=NO_LIMITS),
        callers_room=WaitingRoom(),
        readers_room=WaitingRoom(),
        make_source=unused,
        services=Services(
            store=unused,
            hub=hub,
            sessions=unused,
            gauge=unused,
            stages=unused,
            journal=Journal(unused),
            uploads=unused,
        ),
    )
    set_state(app, state)
    async with hosted(app, port=port) as address:
        try:
            yield FeedServer(address, app)
        finally:
            await hub.close()


async def read(connection: ClientConnection, count: int) -> list[Event]:
    """The next messages as JSON."""
    return [json.loads(await connection.recv()) for _ in range(count)]
