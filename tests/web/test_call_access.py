"""Limits on what one client may try on the socket of a call."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks.access.asking import ask
from benchmarks.access.cases import Case
from benchmarks.access.ways import SOCKET, Way
from stream_verifier.access.scopes import Scope
from stream_verifier.calls.places import Place
from stream_verifier.errors import ResumeKeyError
from tests.support.rest_app import FakeSessions, auth, client_of, make_app, stand_in

TOKEN = auth(Scope.PUBLISH, identity="ada")["authorization"].partition(" ")[2]
RESUME = {"type": "resume", "session": "s1", "resume_key": "guess", "sdp": "v=0"}


class OneSession(FakeSessions):
    """One call of ada's runs, and nobody knows its key."""

    def find(self, session_id: str) -> Any:
        return SimpleNamespace(
            id=session_id,
            identity="ada",
            enrols=session_id == "enrolment",
            begun_by=lambda *, socket, way: not socket or session_id == "s1",
            place=Place("ada", "another token", bound=True),
            request_end=self.ended.append,
        )

    async def resume(self, message: Any) -> Any:
        raise ResumeKeyError("That is not this session's resume key.")


async def test_who_guesses_resume_keys_is_soon_stopped(tmp_path: Path) -> None:
    app = make_app(tmp_path, openings_per_minute=2)
    stand_in(app, sessions=OneSession())
    way = Way(SOCKET, "/api/v1/call", Scope.PUBLISH, message=RESUME)
    told = [await ask(app, way, Case("right", "", lambda _: TOKEN)) for _ in range(3)]
    assert told == ["forbidden", "forbidden", "rate_limited"]


@pytest.mark.parametrize(
    ("scope", "session", "status"),
    [
        (Scope.PUBLISH, "call", 200),
        (Scope.PUBLISH, "enrolment", 403),
        (Scope.ENROL, "enrolment", 200),
        (Scope.ENROL, "call", 403),
    ],
)
async def test_a_session_is_ended_by_who_might_have_opened_it(
    tmp_path: Path, scope: Scope, session: str, status: int
) -> None:
    app = make_app(tmp_path)
    sessions = OneSession()
    stand_in(app, sessions=sessions)
    async with client_of(app, headers=auth(scope, identity="ada")) as client:
        answer = await client.delete(f"/api/v1/whip/sessions/{session}")
    assert answer.status_code == status
    assert sessions.ended == (["stopped"] if status == 200 else [])
