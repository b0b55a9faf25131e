"""A person's entries and calls, out of a trail that is of many people."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from stream_verifier.audit.call_history import calls_of
from stream_verifier.audit.deed import RESUMED, Actor, Deed, Kind
from stream_verifier.audit.trail import AuditTrail
from stream_verifier.errors import AuditError
from tests.support.stores import change, store_at

ACTOR = Actor("0123", "call:publish")


@pytest.fixture
async def trail(tmp_path: Path) -> AsyncIterator[AuditTrail]:
    store = store_at(tmp_path / "identities.db")
    yield store.audit
    await store.close()


def begun(session: str, name: str = "ada", actor: Actor = ACTOR) -> Deed:
    details = {"session": session, "mode": "verify", "operating_point": None}
    return Deed(Kind.CALL_STARTED, actor, name, details=details)


def ended(
    session: str, name: str = "ada", verdict: str | None = "verified", reason: str = "stopped"
) -> Deed:
    details = {
        "session": session, "reason": reason, "verdict": verdict,
        "because": "voice_mismatch face_mismatch", "seconds": 61, "windows": 30,
    }  # fmt: skip
    return Deed(Kind.CALL_ENDED, ACTOR, name, details=details)


async def test_the_entries_on_a_person_are_found_among_others(trail: AuditTrail) -> None:
    await trail.append(*(begun(f"s{n}", "ada" if n % 3 == 0 else "grace") for n in range(9)))
    await trail.append(Deed(Kind.DELETED, ACTOR, "ada"), Deed(Kind.SERVER_STARTED, ACTOR))
    numbers = [entry.number for entry in await trail.about("ada", limit=9)]
    assert numbers == [1, 4, 7, 10]
    assert [one.number for one in await trail.about("ada", limit=2, newest_first=True)] == [10, 7]
    assert [one.number for one in await trail.about("ada", after=1, before=10, limit=9)] == [4, 7]
    assert [one.number for one in await trail.about("ada", Kind.DELETED, limit=9)] == [10]
    assert await trail.about("nobody", limit=9) == []


async def test_words_of_others_pass_for_no_entry_on_a_person(trail: AuditTrail) -> None:
    whom = trail.pseudonym("ada")
    for text in (f'"whom":"{whom}"', f'","whom":"{whom}', whom):
        await trail.append(Deed(Kind.EXPORTED, Actor(text, text), details={"way": text}))
    assert await trail.about("ada", limit=9) == []


async def test_an_entry_that_was_changed_is_not_told(trail: AuditTrail, tmp_path: Path) -> None:
    await trail.append(begun("s1"))
    sql = "UPDATE audit_entries SET line = replace(line, 's1', 's2')"
    change(tmp_path / "identities.db", sql)
    with pytest.raises(AuditError, match="changed"):
        await trail.about("ada", limit=9)


async def test_calls_come_newest_first_with_their_ends(trail: AuditTrail) -> None:
    await trail.append(
        begun("s1"), begun("g1", "grace"), ended("s1", verdict="rejected"), begun("s2"),
        ended("g1", "grace"), begun("s3"), ended("s2"),
    )  # fmt: skip
    found = await calls_of(trail, "ada")
    assert [(one.session, one.verdict, one.end_reason) for one in found.calls] == [
        ("s3", None, None),
        ("s2", "verified", "stopped"),
        ("s1", "rejected", "stopped"),
    ]
    assert found.next is None
    assert found.calls[2].because == ("voice_mismatch", "face_mismatch")
    assert (found.calls[2].seconds, found.calls[2].windows) == (61, 30)
    assert found.calls[0].ended_at is None
    assert found.calls[1].ended_at is not None


async def test_calls_are_read_page_by_page_each_with_its_end(trail: AuditTrail) -> None:
    # The first one ends last: its end is behind the beginnings of all the others.
    await trail.append(begun("s0"), *(deed for n in range(1, 6) for deed in _whole(f"s{n}")))
    await trail.append(ended("s0", verdict="uncertain"))
    seen: list[tuple[str | None, str | None]] = []
    before: int | None = None
    while True:
        page = await calls_of(trail, "ada", before=before, limit=2)
        assert len(page.calls) <= 2
        seen += [(one.session, one.verdict) for one in page.calls]
        before = page.next
        if before is None:
            break
    assert seen == [(f"s{n}", "verified") for n in range(5, 0, -1)] + [("s0", "uncertain")]


def _whole(session: str) -> tuple[Deed, Deed]:
    return begun(session), ended(session)


async def test_a_call_that_went_on_at_another_server_is_one_with_its_real_end(
    trail: AuditTrail,
) -> None:
    again = Actor("0123", RESUMED)
    await trail.append(
        begun("s1"), ended("s1", verdict="absent", reason="moved"), begun("s1", actor=again),
        begun("s2"), ended("s1"), ended("s2", reason="server_lost"),
        ended("s2", verdict="absent", reason="moved"),  # of a server that stood still meanwhile
        begun("s3"), ended("s3", reason="moved"), begun("s3", actor=again),
    )  # fmt: skip
    found = await calls_of(trail, "ada")
    assert [(one.session, one.verdict, one.end_reason) for one in found.calls] == [
        ("s3", None, None),
        ("s2", "verified", "server_lost"),
        ("s1", "verified", "stopped"),
    ]


async def test_nobodys_calls_are_none(trail: AuditTrail) -> None:
    assert (await calls_of(trail, "nobody")).calls == ()
