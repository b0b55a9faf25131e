"""What a person is given, and what a deletion leaves in the person's hands."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stream_verifier.audit.deed import Actor, Deed, Kind
from stream_verifier.audit.seal import read_public_key
from stream_verifier.errors import AuditError, UnknownIdentityError
from stream_verifier.identities.dossier import dossier
from stream_verifier.identities.sqlite import SqliteIdentityStore
from tests.support.stores import CONSENT, change, made_reference, rows, store_at

ACTOR = Actor("0123", "admin", "192.0.2.0/24")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteIdentityStore]:
    made = store_at(tmp_path / "identities.db")
    await made.add("Ada", made_reference(2), CONSENT)
    await made.add("Grace", made_reference(4), replace(CONSENT, subject="Grace", text="Grace's."))
    yield made
    await made.close()


async def given(store: SqliteIdentityStore, name: str = "Ada", **more: Any) -> dict[str, Any]:
    held = await dossier(store, name, actor=ACTOR, way="tests", **more)
    found: dict[str, Any] = json.loads(json.dumps(held))
    return found


async def test_a_person_gets_all_that_is_held(store: SqliteIdentityStore, tmp_path: Path) -> None:
    await store.renew_consent("Ada", replace(CONSENT, text="Once more."))
    started = {"session": "s1", "mode": "verify"}
    await store.note_use("Ada", Deed(Kind.CALL_STARTED, ACTOR, "Ada", details=started))
    held = await given(store, " Ada ")
    identity = await store.get("Ada")
    assert (held["identity"]["id"], held["identity"]["name"]) == (identity.id, "Ada")
    assert held["identity"]["last_used"] == datetime.now(UTC).date().isoformat()
    assert [one["text"] for one in held["consents"]] == ["Once more.", CONSENT.text]
    assert [one["version"] for one in held["consents"]] == [2, 1]
    assert held["reference"]["pictures"] == 5
    (row,) = (one for one in rows(tmp_path / "identities.db") if one["id"] == identity.id)
    assert held["reference"]["parts"] == [*identity.parts] != []
    assert held["reference"]["stored_bytes"] == len(row["sealed_reference"])
    assert "vectors" not in held["reference"]
    kinds = [entry["kind"] for entry in held["audit"]["entries"]]
    assert kinds == ["enrolled", "consent_renewed", "call_started", "exported"]
    assert [(one["session"], one["ended_at"]) for one in held["calls"]] == [("s1", None)]
    assert held["audit"]["head"]["number"] == held["audit"]["entries"][-1]["number"]
    assert held["complete"] is True


async def test_nothing_of_others_is_in_it(store: SqliteIdentityStore) -> None:
    text = json.dumps(await given(store, vectors=True))
    grace = await store.get("Grace")
    for theirs in ("Grace", grace.id, store.audit.pseudonym("Grace")):
        assert theirs not in text


async def test_vectors_are_in_it_where_they_are_asked_for(store: SqliteIdentityStore) -> None:
    vectors = (await given(store, vectors=True))["reference"]["vectors"]
    reference = made_reference(2)
    assert reference.telephone is not None
    for name in ("face", "voice", "telephone"):
        np.testing.assert_allclose(vectors[name], getattr(reference, name), atol=1e-6)
    told = (await store.audit.page(limit=9))[-1].fields
    assert (told["kind"], told["details"]["vectors"]) == ("exported", True)


async def test_one_who_took_the_consent_back_gets_it_too(store: SqliteIdentityStore) -> None:
    await store.withdraw_consent("Ada")
    held = await given(store, vectors=True)
    assert held["consents"][0]["withdrawn_at"] is not None
    assert len(held["reference"]["vectors"]["face"]) == 128


async def test_of_somebody_unknown_nothing_is_told_or_written(store: SqliteIdentityStore) -> None:
    number = (await store.audit.head()).number
    with pytest.raises(UnknownIdentityError):
        await given(store, "nobody")
    assert (await store.audit.head()).number == number


async def test_nothing_is_handed_out_that_the_trail_does_not_have(
    store: SqliteIdentityStore, tmp_path: Path
) -> None:
    change(tmp_path / "identities.db", "UPDATE audit_head SET line = replace(line, 'hash', 'hush')")
    with pytest.raises(AuditError):
        await given(store)


async def test_of_many_entries_the_newest_are_told(
    store: SqliteIdentityStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stream_verifier.identities.dossier.MOST_ENTRIES", 4)
    monkeypatch.setattr("stream_verifier.identities.dossier._PAGE", 2)
    await store.audit.append(*[Deed(Kind.ACCESS_REFUSED, ACTOR, "Ada")] * 5)
    held = await given(store)
    assert [one["kind"] for one in held["audit"]["entries"]][-1] == "exported"
    assert len(held["audit"]["entries"]) == 4
    assert held["complete"] is False


async def test_a_deletion_gives_a_receipt_that_is_checked_without_the_store(
    store: SqliteIdentityStore,
) -> None:
    ada = await store.get("Ada")
    receipt = await store.delete("Ada", actor=ACTOR)
    key = read_public_key(store.audit.public_pem().encode())
    receipt.check(key)
    fields = receipt.entry.fields
    assert (receipt.name, fields["kind"], fields["actor"]["token"]) == ("Ada", "deleted", "0123")
    assert fields["details"]["identity"] == ada.id
    newest = (await store.audit.page(limit=99))[-1]
    assert newest == receipt.entry
    await store.audit.append(Deed(Kind.SERVER_STARTED, ACTOR))
    receipt.check(key)
