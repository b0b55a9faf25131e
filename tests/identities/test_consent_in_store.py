"""Consents that are renewed, withdrawn and run out, in the store."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from stream_verifier.audit.deed import Actor
from stream_verifier.errors import ConsentError, ConsentLapsedError, UnknownIdentityError
from stream_verifier.identities.likeness import likeness_to_enrolled
from stream_verifier.identities.origin import Origin
from stream_verifier.identities.renewal import MOST_EARLIER
from stream_verifier.identities.sqlite import SqliteIdentityStore
from stream_verifier.identities.store import Change
from tests.support.stores import CONSENT, MODEL, assert_same, made_reference, store_at

ACTOR = Actor("0123", "identity:replace")
GIVEN = datetime(2026, 5, 6, tzinfo=UTC)


async def test_nobody_is_verified_without_a_consent_in_force(store: SqliteIdentityStore) -> None:
    ended = dataclasses.replace(CONSENT, expires_at=CONSENT.given_at + timedelta(days=1))
    await store.add("ada", made_reference(1), ended)
    with pytest.raises(ConsentLapsedError, match="has expired") as refusal:
        await store.reference("ada", model_id=MODEL)
    assert refusal.value.identity == "ada"

    await store.renew_consent("ada", CONSENT, actor=ACTOR)
    assert_same(await store.reference("ada", model_id=MODEL), made_reference(1))
    await store.withdraw_consent("ada", actor=ACTOR)
    with pytest.raises(ConsentLapsedError, match="was withdrawn"):
        await store.reference("ada", model_id=MODEL)
    # Nor is the old reference compared with a new one.
    assert await likeness_to_enrolled(store, "ada", made_reference(1)) is None


async def test_each_consent_has_its_number_and_those_before_are_kept(
    store: SqliteIdentityStore,
) -> None:
    first = await store.add("ada", made_reference(1), CONSENT, origin=Origin("call", "0123"))
    assert (first.consent.version, first.consent.recorded_by, first.consent.way) == (
        *(1, "0123", "call"),
    )
    words = dataclasses.replace(CONSENT, text="Other words.", recorded_by="4567", way="HTTP")
    second = await store.renew_consent("ada", words, actor=ACTOR)
    assert (second.id, second.consent.version) == (first.id, 2)
    third = await store.add("ada", made_reference(2), CONSENT, replace=True)
    assert third.consent.version == 3
    kept = (await store.get("ada")).earlier_consents
    assert [(one.version, one.text, one.recorded_by) for one in kept] == [
        (1, CONSENT.text, "0123"),
        (2, "Other words.", "4567"),
    ]


async def test_a_record_grows_no_longer_than_some_consents(store: SqliteIdentityStore) -> None:
    await store.add("ada", made_reference(1), CONSENT)
    for _ in range(MOST_EARLIER + 3):
        await store.renew_consent("ada", CONSENT)
    identity = await store.get("ada")
    assert identity.consent.version == MOST_EARLIER + 4
    assert [one.version for one in identity.earlier_consents] == [*range(4, MOST_EARLIER + 4)]


async def test_withdrawn_stays_withdrawn_at_the_first_time(store: SqliteIdentityStore) -> None:
    await store.add("ada", made_reference(1), CONSENT)
    first = await store.withdraw_consent("ada")
    again = await store.withdraw_consent("ada")
    assert first.consent.withdrawn_at is not None
    assert again.consent.withdrawn_at == first.consent.withdrawn_at


async def test_only_the_enrolled_have_consents(store: SqliteIdentityStore) -> None:
    for action in (store.renew_consent("ada", CONSENT), store.withdraw_consent("ada")):
        with pytest.raises(UnknownIdentityError):
            await action
    await store.add("ada", made_reference(1), CONSENT)
    with pytest.raises(ConsentError):
        await store.renew_consent("ada", None)  # type: ignore[arg-type]


async def test_other_processes_are_told_that_a_consent_is_another(
    store: SqliteIdentityStore, path: Path
) -> None:
    await store.add("ada", made_reference(1), CONSENT)
    told: list[Change] = []
    stop = store.watch(told.append)
    other = store_at(path)
    await other.withdraw_consent("ada")
    await other.close()
    async with asyncio.timeout(30):
        while not told:  # noqa: ASYNC110 - what is waited for has no event of its own
            await asyncio.sleep(0.01)
    stop()
    assert [(one.what, one.lookup) for one in told] == [("renewed", store.lookup("ada"))]
