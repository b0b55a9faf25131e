"""People over HTTP: pages of them, what is held on one, the receipt of a deletion."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stream_verifier.access.gate import ASKS_PER_MINUTE
from stream_verifier.access.scopes import Scope
from stream_verifier.audit.deed import Actor, Deed, Kind
from stream_verifier.audit.entry import Entry, canonical
from stream_verifier.audit.receipt import Receipt
from stream_verifier.audit.seal import read_public_key
from stream_verifier.identities.consent import Consent
from stream_verifier.identities.sqlite import SqliteIdentityStore
from tests.support.rest_app import ADMIN, auth, client_of, make_app, stand_in
from tests.support.stores import CONSENT, change, made_reference, store_at

PATH = "/api/v1/identities"
HERS = auth(Scope.REPLACE, identity="ada")
CALLER = Actor("0123", "call:publish")


@pytest.fixture
async def enrolled(tmp_path: Path) -> Any:
    store: SqliteIdentityStore = store_at(tmp_path / "identities.db")
    for number, name in enumerate(["ada", "grace", "zoë"]):
        await store.add(name, made_reference(number), CONSENT)
    app = make_app(tmp_path)
    stand_in(app, store=store)
    yield app, store
    await store.close()


async def test_people_are_listed_page_by_page(enrolled: Any) -> None:
    app, _ = enrolled
    async with client_of(app) as client:
        first = (await client.get(f"{PATH}?limit=2", headers=ADMIN)).json()
        assert (len(first["identities"]), first["enrolled"], first["refused"]) == (2, 3, 0)
        query = {"limit": "2", "cursor": first["next"]}
        last = (await client.get(PATH, params=query, headers=ADMIN)).json()
        names = [one["name"] for one in first["identities"] + last["identities"]]
        assert sorted(names) == ["ada", "grace", "zoë"]
        assert last["next"] is None


async def test_people_are_found_and_filtered(enrolled: Any) -> None:
    app, store = enrolled
    await store.withdraw_consent("grace")
    record_id = (await store.get("ada")).id
    async with client_of(app) as client:
        for query, expected in (
            ({"search": record_id[:12]}, ["ada"]),
            ({"search": "zoë"}, ["zoë"]),
            ({"search": "zo"}, []),
            ({"consent": "withdrawn"}, ["grace"]),
            ({"consent": "in_force", "search": "grace"}, []),
        ):
            page = (await client.get(PATH, params=query, headers=ADMIN)).json()
            assert [one["name"] for one in page["identities"]] == expected, query


async def test_records_that_are_refused_are_counted(enrolled: Any, tmp_path: Path) -> None:
    app, store = enrolled
    record_id = (await store.get("ada")).id
    sql = "UPDATE identities SET sealed_profile = x'00' WHERE id = ?"
    change(tmp_path / "identities.db", sql, record_id)
    async with client_of(app) as client:
        page = (await client.get(PATH, headers=ADMIN)).json()
    assert (len(page["identities"]), page["refused"]) == (2, 1)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"cursor": "%%%"}, "bad_cursor"),
        ({"cursor": "a" * 999}, "bad_request"),
        ({"limit": "0"}, "bad_request"),
        ({"limit": "201"}, "bad_request"),
        ({"consent": "maybe"}, "bad_request"),
        ({"search": "a" * 999}, "bad_request"),
    ],
)
async def test_a_page_that_cannot_be_is_refused(
    enrolled: Any, query: dict[str, str], code: str
) -> None:
    async with client_of(enrolled[0]) as client:
        answer = await client.get(PATH, params=query, headers=ADMIN)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_a_person_gets_what_is_held(enrolled: Any) -> None:
    app, store = enrolled
    async with client_of(app, address="192.0.2.77") as client:
        answer = await client.get(f"{PATH}/ada/export", headers=HERS)
    held = answer.json()
    record_id = (await store.get("ada")).id
    assert answer.headers["content-disposition"] == f'attachment; filename="{record_id}.json"'
    assert answer.headers["cache-control"] == "no-store"
    assert held["consents"][0]["text"] == CONSENT.text
    assert "vectors" not in held["reference"]
    # The stand-in has a call of hers that runs, and one of somebody else.
    assert [one["session"] for one in held["recent_calls"]] == ["s-running"]
    told = (await store.audit.page(limit=9))[-1].fields
    assert (told["kind"], told["actor"]["address"]) == ("exported", "192.0.2.0/24")
    assert told["details"] == {"way": "HTTP", "identity": record_id, "vectors": False}


async def test_a_person_gets_also_what_is_no_unicode(enrolled: Any) -> None:
    """Earlier releases took words in other encodings, and token ids of half a character."""
    app, store = enrolled
    odd = Actor("0123\ud83d", "identity:replace")
    consent = replace(CONSENT, text="Zustimmung f\udcfcr", purpose="\udcdcben", version=2)
    await store.renew_consent("ada", replace(consent, recorded_by=odd.token_id), actor=odd)
    async with client_of(app) as client:
        held = (await client.get(f"{PATH}/ada/export", headers=HERS)).json()
        consents = (await client.get(f"{PATH}/ada/consent", headers=HERS)).json()["consents"]
        trail = (await client.get("/api/v1/audit", headers=auth(Scope.AUDIT))).json()
        people = (await client.get(PATH, headers=ADMIN)).json()["identities"]
    assert Consent.from_dict(held["consents"][0]).text == consent.text
    assert (consents[0]["purpose"], consents[0]["recorded_by"]) == ("\udcdcben", odd.token_id)
    assert "\udcdcben" in [one["consent"]["purpose"] for one in people]
    renewed = [one for one in trail["entries"] if one["kind"] == "consent_renewed"]
    assert renewed[0]["actor"]["token"] == odd.token_id
    for entry in (*trail["entries"], *held["audit"]["entries"]):
        Entry.parse(canonical(entry))  # each as it was hashed


async def test_vectors_are_for_administrators(enrolled: Any) -> None:
    app, _ = enrolled
    async with client_of(app) as client:
        refused = await client.get(f"{PATH}/ada/export?vectors=true", headers=HERS)
        assert refused.status_code == 403
        held = (await client.get(f"{PATH}/ada/export?vectors=true", headers=ADMIN)).json()
    assert len(held["reference"]["vectors"]["voice"]) == 192


async def test_one_who_asks_again_and_again_is_told_to_wait(enrolled: Any) -> None:
    """Each time the whole trail is looked through, and an entry is added to it."""
    app, store = enrolled
    async with client_of(app) as client:
        for what in ("export", "calls") * (ASKS_PER_MINUTE // 2):
            assert (await client.get(f"{PATH}/ada/{what}", headers=HERS)).status_code == 200
        refused = await client.get(f"{PATH}/ada/export", headers=HERS)
        assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
        assert int(refused.headers["retry-after"]) > 0
        assert (await client.get(f"{PATH}/ada/export", headers=ADMIN)).status_code == 200
    kinds = [entry.fields["kind"] for entry in await store.audit.page(limit=99)]
    assert kinds.count("exported") == ASKS_PER_MINUTE // 2 + 1


@pytest.mark.parametrize("what", ["export", "calls"])
async def test_nobody_gets_what_is_held_on_others(enrolled: Any, what: str) -> None:
    app, store = enrolled
    number = (await store.audit.head()).number
    wrong: list[dict[str, str]] = [
        HERS,
        auth(Scope.READ),
        auth(Scope.ENROL, identity="grace"),
        {},
    ]
    async with client_of(app) as client:
        for headers in wrong:
            answer = await client.get(f"{PATH}/grace/{what}", headers=headers)
            assert answer.status_code in (401, 403)
    assert (await store.audit.head()).number == number


async def test_calls_are_told_also_of_one_who_was_deleted(enrolled: Any) -> None:
    app, store = enrolled
    for number in range(3):
        details = {"session": f"s{number}", "mode": "verify"}
        await store.audit.append(Deed(Kind.CALL_STARTED, CALLER, "ada", details=details))
    await store.delete("ada")
    async with client_of(app) as client:
        first = (await client.get(f"{PATH}/ada/calls?limit=2", headers=HERS)).json()
        rest = (await client.get(f"{PATH}/ada/calls?before={first['next']}", headers=HERS)).json()
        assert [one["session"] for one in first["calls"]] == ["s2", "s1"]
        assert [one["session"] for one in rest["calls"]] == ["s0"]
        assert rest["next"] is None
        bad = await client.get(f"{PATH}/ada/calls?before=0", headers=HERS)
        assert (bad.status_code, bad.json()["code"]) == (422, "bad_request")


async def test_a_deletion_answers_with_a_receipt(enrolled: Any) -> None:
    app, store = enrolled
    async with client_of(app) as client:
        answer = await client.delete(f"{PATH}/zo%C3%AB", headers=ADMIN)
        again = await client.delete(f"{PATH}/zo%C3%AB", headers=ADMIN)
    assert answer.status_code == 200
    receipt = Receipt.parse(answer.text)
    receipt.check(read_public_key(store.audit.public_pem().encode()))
    assert (receipt.name, receipt.entry.fields["kind"]) == ("zoë", "deleted")
    assert (again.status_code, again.json()["code"]) == (404, "unknown_identity")
