from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from model.runtime.adapter import Adapters
from model.types import Reference
from stream_verifier.audit.deed import Actor
from stream_verifier.errors import (
    AlreadyAddedError,
    ConsentError,
    ConsentLapsedError,
    EnrolmentError,
    IdentityExistsError,
    OtherPersonError,
    StaleReferenceError,
    UnknownIdentityError,
)
from stream_verifier.identities.destination import Destination, enrolled_as
from stream_verifier.identities.identity import Identity
from stream_verifier.identities.origin import Origin
from stream_verifier.identities.parts import part_of
from stream_verifier.identities.renewal import MOST_ADDED
from stream_verifier.identities.sqlite import SqliteIdentityStore
from stream_verifier.identities.store import Change
from tests.support.adapters import NEW, adapters, made_adapter
from tests.support.stores import CONSENT, MODEL, made_reference, store_at

ACTOR = Actor("token-7", "identity:replace")
AGAIN = replace(CONSENT, given_at=datetime(2026, 3, 4, tzinfo=UTC), text="I agree to more of it.")
HERSELF = made_reference(2)
MORE = replace(HERSELF, speech_s=11.0)
Store = SqliteIdentityStore


def turned(reference: Reference, *, face: float = 0.0, voice: float = 0.0) -> Reference:
    """Another recording of a person, turned away from the first by so many radians."""
    return replace(
        reference,
        face=_turned(reference.face, face),
        voice=_turned(reference.voice, voice),
        face_count=3,
        speech_s=19.0,
    )


def _turned(vector: np.ndarray, angle: float) -> np.ndarray:
    across = np.roll(vector, 1) - (np.roll(vector, 1) @ vector) * vector
    across /= np.linalg.norm(across)
    return np.asarray(np.cos(angle) * vector + np.sin(angle) * across, np.float32)


async def enrol(store: Store) -> Identity:
    return await store.add("ada", HERSELF, CONSENT, origin=Origin("call", "token-1"))


async def test_what_is_added_is_a_part_of_the_reference_by_its_seconds(store: Store) -> None:
    old = await enrol(store)
    more = turned(HERSELF, voice=0.9)
    now = await store.widen("ada", more, AGAIN, widens=old.id, actor=ACTOR)
    assert (now.id, now.widened, now.replaces) == (old.id, 1, None)
    assert (now.face_count, now.speech_s, now.created_at) == (8, 28.5, old.created_at)
    wide = await store.reference("ada", model_id=MODEL)
    toward = HERSELF.voice * 9.5 + more.voice * 19.0
    assert wide.voice == pytest.approx(toward / np.linalg.norm(toward), abs=1e-6)
    assert wide.face == pytest.approx(HERSELF.face, abs=1e-6)
    again = await store.widen("ada", replace(more, speech_s=20.0), AGAIN, widens=old.id)
    assert (again.widened, again.speech_s) == (2, 48.5)
    assert await store.get("ada") == again


async def test_the_person_agrees_anew_and_the_trail_says_so(store: Store) -> None:
    old = await enrol(store)
    now = await store.widen(
        "ada", MORE, AGAIN, widens=old.id, origin=Origin("upload", "token-7"), actor=ACTOR
    )
    assert (now.consent.version, now.consent.text) == (2, AGAIN.text)
    assert (now.consent.recorded_by, now.consent.way) == ("token-7", "upload")
    assert [one.text for one in now.earlier_consents] == [CONSENT.text]
    assert now.origin == old.origin
    newest = (await store.audit.page(limit=9))[-1].fields
    assert (newest["kind"], newest["actor"]["token"]) == ("reference_widened", "token-7")
    assert newest["details"]["faces"] == 10
    with pytest.raises(ConsentError):
        await store.widen("ada", HERSELF, None, widens=old.id)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "more",
    [
        turned(HERSELF, face=1.3),
        turned(HERSELF, voice=1.3),
        replace(made_reference(4), face=HERSELF.face),
        made_reference(6),
    ],
)
async def test_nobody_else_is_added(store: Store, more: Reference) -> None:
    old = await enrol(store)
    with pytest.raises(OtherPersonError, match="rather not 'ada'"):
        await store.widen("ada", more, AGAIN, widens=old.id)
    assert await store.get("ada") == old


async def test_the_very_same_counts_once_after_a_restart_and_a_renewal_too(
    store: Store, tmp_path: Path
) -> None:
    """A client that heard no answer sends it again, and an operator starts a command twice."""
    old = await enrol(store)
    await store.widen("ada", MORE, AGAIN, widens=old.id)
    await store.renew("ada")
    entries = len(await store.audit.page(limit=99))
    later = store_at(tmp_path / "data" / "identities.db")
    for same in (HERSELF, MORE):
        with pytest.raises(AlreadyAddedError, match="'ada' already: nothing was added"):
            await later.widen("ada", same, AGAIN, widens=old.id)
    assert ((await later.get("ada")).widened, len(await later.audit.page(limit=99))) == (1, entries)
    await later.close()


def test_one_persons_parts_tell_two_stores_nothing() -> None:
    assert part_of("1" * 32, HERSELF) == part_of("1" * 32, HERSELF)
    assert part_of("1" * 32, HERSELF) != part_of("2" * 32, HERSELF)
    assert part_of("1" * 32, HERSELF) != part_of("1" * 32, MORE)


async def test_a_voice_in_another_mood_is_added_that_would_count_as_another(store: Store) -> None:
    old = await enrol(store)
    strained = turned(HERSELF, voice=1.1)  # a cosine of 0.45
    wide = await store.widen("ada", strained, AGAIN, widens=old.id)
    assert wide.widened == 1


async def test_it_is_added_to_the_identity_that_was_there_and_to_no_other(store: Store) -> None:
    old = await enrol(store)
    new = await store.add("ada", HERSELF, CONSENT, replace=True)
    with pytest.raises(UnknownIdentityError, match="replaced meanwhile"):
        await store.widen("ada", HERSELF, AGAIN, widens=old.id)
    await store.delete("ada")
    with pytest.raises(UnknownIdentityError):
        await store.widen("ada", HERSELF, AGAIN, widens=new.id)


async def test_a_consent_that_is_over_is_added_to_by_nobody(store: Store) -> None:
    brief = replace(CONSENT, expires_at=datetime.now(UTC) + timedelta(seconds=0.1))
    brief = replace(brief, given_at=datetime(2026, 1, 2, tzinfo=UTC))
    old = await store.add("ada", HERSELF, brief)
    await asyncio.sleep(0.12)
    with pytest.raises(ConsentLapsedError):
        await store.widen("ada", HERSELF, AGAIN, widens=old.id)


async def test_a_reference_of_another_model_is_not_added_to(store: Store) -> None:
    old = await enrol(store)
    newer = replace(HERSELF, model_id="towers-2")
    with pytest.raises(StaleReferenceError):
        await store.widen("ada", newer, AGAIN, widens=old.id)
    assert (await store.get("ada")).model_id == MODEL


async def test_running_calls_are_told_of_the_same_identity(store: Store) -> None:
    old = await enrol(store)
    changes: list[Change] = []
    store.watch(changes.append)
    await store.widen("ada", MORE, AGAIN, widens=old.id)
    assert changes == [Change("renewed", store.lookup("ada"), old.id, old.id)]


async def looked_up(
    store: Store, *, replaces: bool, adds: bool, model_id: str = MODEL, by: Adapters | None = None
) -> tuple[str, Identity | None]:
    return await enrolled_as(
        store, "ada", replaces=replaces, adds=adds, model_id=model_id, adapters=by
    )


async def test_an_older_models_reference_is_refused_before_anybody_has_talked(
    store: Store,
) -> None:
    old = await enrol(store)
    for stranded in (None, adapters(made_adapter("towers-0"))):
        with pytest.raises(StaleReferenceError, match="enrol again"):
            await looked_up(store, replaces=False, adds=True, model_id=NEW, by=stranded)
        there = await looked_up(store, replaces=True, adds=False, model_id=NEW, by=stranded)
        assert there == ("ada", old)
    moved = await looked_up(store, replaces=False, adds=True, model_id=NEW, by=adapters())
    assert moved == ("ada", old)


async def test_who_is_there_is_asked_before_anything_is_made(store: Store) -> None:
    with pytest.raises(UnknownIdentityError):
        await looked_up(store, replaces=False, adds=True)
    assert await looked_up(store, replaces=False, adds=False) == ("ada", None)
    old = await enrol(store)
    with pytest.raises(IdentityExistsError):
        await looked_up(store, replaces=False, adds=False)
    assert await looked_up(store, replaces=True, adds=False) == ("ada", old)
    assert await looked_up(store, replaces=False, adds=True) == ("ada", old)
    await store.withdraw_consent("ada")
    with pytest.raises(ConsentLapsedError):
        await looked_up(store, replaces=False, adds=True)


@pytest.mark.parametrize("adds", [False, True])
async def test_an_enrolment_replaces_or_adds_as_was_said(store: Store, adds: bool) -> None:
    old = await enrol(store)
    destination = Destination(
        name="ada",
        consent=AGAIN,
        enrolled=old,
        adds=adds,
        way="call",
        recorded_by="token-7",
        supervised=True,
        actor=ACTOR,
    )
    now, alike = await destination.store(store, turned(HERSELF, voice=0.5), None)
    kept = await store.reference("ada", model_id=MODEL)
    if adds:
        assert (now.id, alike, kept.speech_s) == (old.id, None, 28.5)
    else:
        assert now.replaces == old.id
        assert alike == pytest.approx(np.cos(0.5) - 0.5, abs=1e-3)
        assert kept.speech_s == 19.0


def destination(old: Identity, *, supervised: bool) -> Destination:
    return Destination(
        name="ada", consent=AGAIN, enrolled=old, adds=True, way="upload", recorded_by="token-7",
        supervised=supervised, actor=ACTOR,
    )  # fmt: skip


async def test_a_reference_is_supervised_only_if_all_that_was_added_was(store: Store) -> None:
    watched = Origin("call", "token-1", supervised=True)
    old = await store.add("ada", HERSELF, CONSENT, origin=watched)
    for more, (supervised, then) in enumerate(((True, True), (False, False), (True, False))):
        made = replace(HERSELF, speech_s=12.0 + more)
        now, _ = await destination(old, supervised=supervised).store(store, made, None)
        assert now.origin == replace(watched, supervised=then)
        assert (await store.get("ada")).origin == now.origin


async def test_whom_somebody_wanted_to_add_is_in_the_trail(store: Store) -> None:
    old = await enrol(store)
    with pytest.raises(OtherPersonError):
        await destination(old, supervised=True).store(store, made_reference(6), None)
    newest = (await store.audit.about("ada", limit=9))[-1].fields
    assert (newest["kind"], newest["outcome"]) == ("reference_widened", "another_person")
    assert newest["actor"]["token"] == "token-7"
    assert newest["details"] == {"identity": old.id}


async def test_it_is_added_to_only_as_often_as_the_consents_to_its_parts_are_kept(
    store: Store,
) -> None:
    old = await enrol(store)
    for number in range(MOST_ADDED):
        said = replace(AGAIN, text=f"I agree to more of it, {number}.")
        made = replace(HERSELF, speech_s=12.0 + number)
        now = await store.widen("ada", made, said, widens=old.id)
    assert now.earlier_consents[0].text == CONSENT.text
    assert len({one.text for one in (*now.earlier_consents, now.consent)}) == MOST_ADDED + 1
    with pytest.raises(EnrolmentError, match="10 times.*replace it"):
        await store.widen("ada", MORE, AGAIN, widens=old.id)
    with pytest.raises(EnrolmentError, match="10 times"):
        await looked_up(store, replaces=False, adds=True)
    assert await store.get("ada") == now
    anew = await store.add("ada", HERSELF, CONSENT, replace=True)
    assert (await store.widen("ada", MORE, AGAIN, widens=anew.id)).widened == 1
