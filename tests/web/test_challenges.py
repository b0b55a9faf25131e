"""Asking for something over HTTP: who may, what it says, and what the audit trail is told."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from stream_verifier.access.scopes import Scope
from stream_verifier.calls.places import Place
from stream_verifier.errors import NobodyTellsError, TooManyChallengesError
from stream_verifier.events.schema import ChallengeAsked
from tests.support.rest_app import ADMIN, FakeSessions, auth, client_of, make_app, stand_in

PATH = "/api/v1/calls/s-running/challenge"
ASKED = ChallengeAsked(
    media_s=9.5, challenge="0011223344556677", kind="turn_head", by="api", turns=["left", "right"],
    digits=None, within_s=10, number=1, most=4, others=["say_digits"], chance=0.25,
)  # fmt: skip


class OneCall:
    """A running call of ada's that can be asked."""

    id, identity = "s-running", "ada"
    place = Place("ada", "another token", bound=True)

    def __init__(self) -> None:
        self.asked: list[tuple[Any, str, bool]] = []
        self.full = False
        self.asking = self

    def refuse(self, kind: Any, *, trusted: bool, shown: bool) -> None:
        if self.full:
            raise TooManyChallengesError("This call has had 4 challenges.")
        if not shown:
            raise NobodyTellsError("Tell the person yourself.")

    def ask(self, kind: Any, *, by: str, trusted: bool) -> ChallengeAsked:
        self.asked.append((kind, by, trusted))
        return ASKED


class Sessions(FakeSessions):
    def __init__(self, call: OneCall | None) -> None:
        super().__init__()
        self.here = SimpleNamespace(get=lambda _: call)


def make(tmp_path: Path, call: OneCall | None) -> Any:
    app = make_app(tmp_path)
    stand_in(app, sessions=Sessions(call))
    return app


async def test_an_administrator_asks_and_the_trail_is_told_before(tmp_path: Path) -> None:
    call = OneCall()
    app = make(tmp_path, call)
    async with client_of(app, headers=ADMIN) as client:
        answer = await client.post(PATH, json={"kind": "turn_head", "asker_tells": True})
    assert answer.status_code == 201
    assert answer.json() == ASKED.model_dump(exclude={"type", "media_s"})
    assert call.asked == [("turn_head", "api", True)]
    deed = app.state.server.store.audit.deeds[-1]
    assert (deed.kind, deed.name) == ("challenge_asked", "ada")
    assert deed.details == {"session": "s-running", "kind": "turn_head"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (auth(Scope.PUBLISH, identity="ada"), 201),
        (auth(Scope.PUBLISH, session="s-running"), 201),
        (auth(Scope.PUBLISH, identity="bob"), 403),
        (auth(Scope.PUBLISH), 403),
        (auth(Scope.READ), 403),
        ({}, 401),
    ],
)
async def test_only_whose_call_it_is_may_ask(
    tmp_path: Path, headers: dict[str, str], status: int
) -> None:
    call = OneCall()
    async with client_of(make(tmp_path, call), headers=headers) as client:
        assert (await client.post(PATH, json={"asker_tells": True})).status_code == status
    # Who is no administrator asks within what a name may have.
    assert call.asked == ([(None, "api", False)] if status == 201 else [])


async def test_what_cannot_be_asked_is_said_and_not_written(tmp_path: Path) -> None:
    call = OneCall()
    call.full = True
    app = make(tmp_path, call)
    async with client_of(app, headers=ADMIN) as client:
        full = await client.post(PATH, json={})
        assert (full.status_code, full.json()["code"]) == (409, "too_many_challenges")
        unknown = await client.post("/api/v1/calls/s-none/challenge", json={})
        assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_call")
        wrong = await client.post(PATH, json={"kind": "stand_on_your_head"})
        assert (wrong.status_code, wrong.json()["code"]) == (422, "bad_request")
        call.full = False
        untold = await client.post(PATH, json={})
        assert (untold.status_code, untold.json()["code"]) == (409, "nobody_tells")
    assert not app.state.server.store.audit.deeds


async def test_a_call_that_is_not_here_is_told_apart(tmp_path: Path) -> None:
    async with client_of(make(tmp_path, None), headers=ADMIN) as client:
        answer = await client.post(PATH, json={})
    assert (answer.status_code, answer.json()["code"]) == (409, "no_challenge")
