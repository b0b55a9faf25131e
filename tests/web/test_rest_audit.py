"""The audit trail and consents over HTTP, and who was turned away."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from stream_verifier.access.scopes import Scope
from stream_verifier.audit.deed import Actor, Deed, Kind
from stream_verifier.errors import AuditError
from stream_verifier.identities.sqlite import SqliteIdentityStore
from stream_verifier.settings import load_settings
from stream_verifier.web.state import state_of_app
from tests.support.rest_app import ADMIN, KEY, auth, client_of, make_app, stand_in
from tests.support.stores import CONSENT, made_reference, store_at

AUDITOR = auth(Scope.AUDIT)
GIVEN = {"subject": "Ada", "purpose": "calls", "text": "I agree once more."}
CALL = Deed(Kind.CALL_STARTED, Actor("0123", "call:publish"), "ada")


def deeds_of(app: Any) -> list[Deed]:
    found: list[Deed] = state_of_app(app).store.audit.deeds  # type: ignore[attr-defined]
    return found


async def test_the_trail_is_read_page_by_page(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    await state_of_app(app).store.audit.append(*[CALL] * 5)
    async with client_of(app) as client:
        seen: list[int] = []
        after: int | None = 0
        while after is not None:
            path = f"/api/v1/audit?after={after}&limit=2"
            page = (await client.get(path, headers=AUDITOR)).json()
            seen += [entry["number"] for entry in page["entries"]]
            after = page["next"]
        assert seen == [1, 2, 3, 4, 5]
        assert page["head"]["number"] == 5
        assert page["public_key"].startswith("-----BEGIN PUBLIC KEY-----")
    # That it was read is told once, with how often.
    await state_of_app(app).journal.settle()
    assert [(deed.kind, deed.details["times"]) for deed in deeds_of(app)[5:]] == [("exported", 3)]


@pytest.mark.parametrize("query", ["after=-1", "after=x", "limit=0", "limit=501", f"after={2**60}"])
async def test_a_page_that_cannot_be_is_refused(tmp_path: Path, query: str) -> None:
    async with client_of(make_app(tmp_path)) as client:
        answer = await client.get(f"/api/v1/audit?{query}", headers=AUDITOR)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_request")


@pytest.mark.parametrize(
    "headers", [{}, auth(Scope.READ), auth(Scope.AUDIT, identity="ada"), auth(Scope.PUBLISH)]
)
async def test_only_an_auditor_reads_it(tmp_path: Path, headers: dict[str, str]) -> None:
    app = make_app(tmp_path)
    async with client_of(app) as client:
        answer = await client.get("/api/v1/audit", headers=headers)
        assert answer.status_code in (401, 403)
        assert (await client.get("/api/v1/audit", headers=ADMIN)).status_code == 200
        assert (await client.get("/api/v1/identities", headers=AUDITOR)).status_code == 403


async def test_refusals_are_told_by_token_scope_and_network(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    async with client_of(app, address="192.0.2.77") as client:
        for _ in range(3):
            await client.get("/api/v1/identities", headers={"authorization": "Bearer garbage"})
        await client.get("/api/v1/identities", headers=auth(Scope.READ))
        await client.get("/api/v1/identities/nobody", headers=ADMIN)
    await state_of_app(app).journal.settle()
    garbage, forbidden = deeds_of(app)
    assert garbage.actor == Actor("none", "admin", "192.0.2.0/24")
    assert (garbage.outcome, garbage.details["times"]) == ("invalid_token", 3)
    assert (forbidden.outcome, forbidden.actor.scope) == ("forbidden", "admin")
    assert len(forbidden.actor.token_id) == 16


async def test_a_token_is_told_before_anybody_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_app(tmp_path)
    wanted = {"scopes": ["call:publish"], "identity": "ada"}
    async with client_of(app) as client:
        issued = await client.post("/api/v1/tokens", headers=ADMIN, json=wanted)
        (deed,) = deeds_of(app)
        assert (deed.kind, deed.name) == ("token_issued", "ada")
        assert deed.details["token"] == issued.json()["token_id"]
        assert issued.json()["token"] not in str(deed)

        async def full(*_: Deed) -> None:
            raise AuditError("The disk is full.")

        monkeypatch.setattr(state_of_app(app).store.audit, "append", full)
        refused = await client.post("/api/v1/tokens", headers=ADMIN, json=wanted)
        assert (refused.status_code, refused.json()["code"]) == (503, "audit_failed")
        assert "token" not in refused.json()


@pytest.fixture
async def enrolled(tmp_path: Path) -> Any:
    store: SqliteIdentityStore = store_at(tmp_path / "identities.db")
    await store.add("ada", made_reference(1), CONSENT)
    app = make_app(tmp_path)
    stand_in(app, store=store)
    yield app, store
    await store.close()


async def test_a_consent_is_shown_renewed_and_withdrawn(enrolled: Any) -> None:
    app, store = enrolled
    path = "/api/v1/identities/ada/consent"
    hers = auth(Scope.REPLACE, identity="ada")
    async with client_of(app, address="192.0.2.77") as client:
        (first,) = (await client.get(path, headers=hers)).json()["consents"]
        assert (first["version"], first["expires_at"], first["in_force"]) == (1, None, True)
        renewed = (await client.put(path, headers=hers, json=GIVEN)).json()["consents"]
        assert [one["version"] for one in renewed] == [2, 1]
        assert renewed[0]["way"] == "HTTP"
        assert renewed[0]["expires_at"] is not None  # by the setting
        withdrawn = (await client.delete(path, headers=hers)).json()["consents"][0]
        assert (withdrawn["version"], withdrawn["in_force"]) == (2, False)
        shown = (await client.get("/api/v1/identities/ada", headers=ADMIN)).json()
        assert shown["consent"] == withdrawn
    told = [entry.fields for entry in await store.audit.page(limit=9)]
    assert [one["kind"] for one in told] == ["enrolled", "consent_renewed", "consent_withdrawn"]
    assert told[2]["actor"]["scope"] == "identity:replace"
    assert told[2]["actor"]["address"] == "192.0.2.0/24"


@pytest.mark.parametrize(
    "headers",
    [
        auth(Scope.ENROL, identity="ada"),
        auth(Scope.REPLACE, identity="grace"),
        auth(Scope.PUBLISH, identity="ada"),
        {},
    ],
)
async def test_nobody_else_touches_a_consent(enrolled: Any, headers: dict[str, str]) -> None:
    app, store = enrolled
    path = "/api/v1/identities/ada/consent"
    async with client_of(app) as client:
        answers = await asyncio.gather(
            client.get(path, headers=headers),
            client.put(path, headers=headers, json=GIVEN),
            client.delete(path, headers=headers),
        )
    assert {answer.status_code for answer in answers} <= {401, 403}
    assert (await store.get("ada")).consent == CONSENT


async def test_a_consent_that_says_nothing_is_none(enrolled: Any) -> None:
    app, _ = enrolled
    path = "/api/v1/identities/ada/consent"
    async with client_of(app) as client:
        for body in ({}, {**GIVEN, "text": " "}, {**GIVEN, "expires_at": "2020-01-01T00:00:00Z"}):
            answer = await client.put(path, headers=ADMIN, json=body)
            assert answer.status_code == 422, body
        nobody = await client.put("/api/v1/identities/bob/consent", headers=ADMIN, json=GIVEN)
        assert nobody.json()["code"] == "unknown_identity"


def test_settings_have_safe_defaults() -> None:
    settings = load_settings(token_key=KEY)
    assert (settings.unused_days, settings.consent_days, settings.audit_days) == (365, 730, 1826)
