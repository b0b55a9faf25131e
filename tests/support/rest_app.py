"""The application over plain ASGI, with stand-ins for what is behind its routes."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
from fastapi import FastAPI
from starlette.applications import Starlette

from stream_verifier.access.scopes import Scope
from stream_verifier.access.tokens import MAX_TTL_S, Tokens
from stream_verifier.app import create_app
from stream_verifier.audit.deed import Deed
from stream_verifier.audit.entry import NO_HASH, Entry
from stream_verifier.audit.journal import Journal
from stream_verifier.audit.seal import Head, Sealer
from stream_verifier.calls.challenges import ChallengeBook
from stream_verifier.calls.gauge import Gauge
from stream_verifier.calls.summary import CallSummary
from stream_verifier.calls.uploads import Uploads
from stream_verifier.errors import CursorError, UnknownIdentityError
from stream_verifier.events.event import Event
from stream_verifier.events.tally import Tally
from stream_verifier.identities.keys import new_key, parse_key
from stream_verifier.identities.store import IdentityPage
from stream_verifier.verify.load import Load
from stream_verifier.verify.stages import StageTimes
from stream_verifier.web.state import Services, set_state, state_of_app
from tests.support.calls import make_settings
from tests.support.feed_media import score

KEY = new_key()
TOKENS = Tokens(parse_key(KEY))
_SERVICES = [one.name for one in fields(Services)]
AWAY = "192.0.2.7"
RUNNING = CallSummary(
    "s-running", "verify", "ada", "2026-01-02T03:04:05.678Z", state="verified", media_s=9.5, seq=7
)
ENDED = CallSummary(
    "s-ended", "enrol", "bob", "2026-01-02T03:00:00.000Z", "2026-01-02T03:01:00.000Z", "complete"
)


class FakeTrail:
    """Keeps entries in a list."""

    def __init__(self) -> None:
        self.deeds: list[Deed] = []
        self.entries: list[Entry] = []
        self.sealer = Sealer(bytes(32))

    async def append(self, *deeds: Deed) -> list[Entry]:
        for deed in deeds:
            last = self.entries[-1] if self.entries else None
            number, previous = (last.number, last.hash) if last else (0, NO_HASH)
            now = datetime(2026, 1, 2, tzinfo=UTC)
            self.entries.append(Entry.after(number, previous, deed, whom=None, now=now))
            self.deeds.append(deed)
        return self.entries[-len(deeds) :]

    async def head(self) -> Head:
        if not self.entries:
            return self.sealer.empty()
        return self.sealer.sign(self.entries[-1].number, self.entries[-1].hash, "")

    async def page(self, *, after: int = 0, limit: int) -> list[Entry]:
        return self.entries[after : after + limit]

    async def about(self, *_: Any, **__: Any) -> list[Entry]:
        return []

    def public_pem(self) -> str:
        return self.sealer.public_pem()


class FakeStore:
    def __init__(self) -> None:
        self.audit: Any = FakeTrail()

    async def page(self, cursor: str | None = None, **_: Any) -> IdentityPage:
        if cursor is not None:
            raise CursorError("That is no place in the list.")
        return IdentityPage((), None, 0)

    async def get(self, name: str, *_: Any, **__: Any) -> Any:
        raise UnknownIdentityError("Nobody is enrolled by that name.")

    delete = holdings = renew_consent = withdraw_consent = get


class FakeSessions:
    count, closing, room, model_id = 1, False, 7, "the-model"

    def __init__(self) -> None:
        self.admission = SimpleNamespace(most=8, refused=0)
        self.ended: list[str] = []
        self.challenges = ChallengeBook()

    def calls(self) -> list[CallSummary]:
        return [RUNNING, ENDED]

    def states(self) -> Counter[str]:
        return Counter({"verified": 1})

    def runs(self, session_id: str) -> bool:
        return False

    async def end(self, session_id: str) -> None:
        self.ended.append(session_id)


class FakeHub:
    unwritten, lost, subscribers, log_failing = 0, 0, 2, False

    def __init__(self) -> None:
        self.tally = Tally()

    async def history(self, session: str, after_seq: int = 0) -> list[Event]:
        wall = "2026-01-02T03:04:05.678Z"
        return [Event(seq, session, wall, score()) for seq in range(after_seq + 1, 8)]


def make_app(folder: Path, **changes: Any) -> FastAPI:
    """The application with a key, not started, its state stood in for."""
    app = create_app(make_settings(folder, **{"token_key": KEY} | changes))
    sessions = FakeSessions()
    store: Any = FakeStore()
    trail: Any = store.audit
    gauge = Gauge(None, calls=lambda: sessions.count, load=Load)
    fakes: dict[str, Any] = {
        "store": store, "journal": Journal(trail), "sessions": sessions, "hub": FakeHub(),
        "gauge": gauge, "stages": StageTimes(),
        "uploads": Uploads(store, make_settings(folder), model_id="towers-1"),
    }  # fmt: skip
    set_state(app, replace(state_of_app(app), services=Services(**fakes)))
    return app


def stand_in(app: Starlette, **parts: Any) -> None:
    """Put something else in the place of what an application's routes share.

    Args:
        app: started, or made by `make_app`.
        parts: by their names in `ServerState` and `Services`.
    """
    state = state_of_app(app)
    assert state.services is not None
    inner = {name: parts.pop(name) for name in _SERVICES if name in parts}
    set_state(app, replace(state, services=replace(state.services, **inner), **parts))


def auth(*scopes: Scope, **bound: str) -> dict[str, str]:
    """A header whose token outlives the whole run of the tests: some are made at its start."""
    return {"authorization": f"Bearer {TOKENS.issue(scopes, ttl_s=MAX_TTL_S, **bound)}"}


ADMIN = auth(Scope.ADMIN)


@contextlib.asynccontextmanager
async def client_of(
    app: FastAPI, *, address: str = AWAY, raises: bool = True, **more: Any
) -> AsyncIterator[httpx.AsyncClient]:
    """A client at some address."""
    transport = httpx.ASGITransport(app, raises, client=(address, 50000))
    async with httpx.AsyncClient(
        transport=transport, base_url="http://localhost:8080", **more
    ) as client:
        yield client
