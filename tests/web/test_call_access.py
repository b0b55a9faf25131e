"""Limits on what one client may try on the socket of a call."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from rest_app import FakeSessions, auth, make_app

from benchmarks.access.asking import ask
from benchmarks.access.cases import Case
from benchmarks.access.ways import SOCKET, Way
from stream_verifier.access.scopes import Scope
from stream_verifier.errors import ResumeKeyError

TOKEN = auth(Scope.PUBLISH, identity="ada")["authorization"].partition(" ")[2]
RESUME = {"type": "resume", "session": "s1", "resume_key": "guess", "sdp": "v=0"}


class OneSession(FakeSessions):
    """One call of ada's runs, and nobody knows its key."""

    def find(self, session_id: str) -> Any:
        return SimpleNamespace(id=session_id, identity="ada", enrols=False)

    async def resume(self, message: Any) -> Any:
        raise ResumeKeyError("That is not this session's resume key.")


async def test_who_guesses_resume_keys_is_soon_stopped(tmp_path: Path) -> None:
    app = make_app(tmp_path, bad_tokens_per_minute=2)
    app.state.sessions = OneSession()
    way = Way(SOCKET, "/api/v1/call", Scope.PUBLISH, message=RESUME)
    told = [await ask(app, way, Case("right", "", lambda _: TOKEN)) for _ in range(3)]
    assert told == ["forbidden", "forbidden", "rate_limited"]
