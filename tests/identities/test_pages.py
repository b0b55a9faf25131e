"""Pages of identities, of a store in a file, on a server and in memory alike."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from stream_verifier.errors import CursorError
from stream_verifier.identities.identity import Identity
from stream_verifier.identities.pages import MOST_LOOKED_AT
from stream_verifier.identities.sqlite import SqliteIdentityStore
from stream_verifier.identities.store import MOST_LISTED, IdentityPage, IdentityStore
from tests.support.places import EVERYWHERE, in_a_file, place
from tests.support.stores import (
    CONSENT,
    change,
    copy_store,
    enrol_all,
    made_reference,
    put_row,
    ring,
    rows,
    store_at,
)

NAMES = [f"person {number}" for number in range(11)]


@pytest.fixture(scope="module", params=[*EVERYWHERE, "memory"])
def enrolled(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Path | None:
    """A closed store with everybody in it; None: in memory, where nothing can be copied."""
    if request.param == "memory":
        return None
    path = place(request, tmp_path_factory.mktemp("store") / "identities.db")
    return enrol_all(path, dict.fromkeys(NAMES, 0))


@pytest.fixture
async def store(enrolled: Path | None, tmp_path: Path) -> AsyncIterator[IdentityStore]:
    if enrolled is not None:
        made = store_at(copy_store(enrolled, to=tmp_path / "data" / "identities.db"))
    else:
        made = SqliteIdentityStore("sqlite+aiosqlite://", ring())
        for name in NAMES:
            await made.add(name, made_reference(), CONSENT)
    yield made
    await made.close()


async def pages(store: IdentityStore, **how: object) -> list[IdentityPage]:
    found = [await store.page(**how)]  # type: ignore[arg-type]
    while found[-1].next is not None:
        found.append(await store.page(found[-1].next, **how))  # type: ignore[arg-type]
    return found


def names(found: list[IdentityPage]) -> list[str]:
    return [one.name for page in found for one in page.identities]


@pytest.mark.parametrize(
    ("limit", "sizes"), [(4, [4, 4, 3]), (11, [11]), (10, [10, 1]), (1, [1] * 11)]
)
async def test_everybody_is_on_one_page(store: IdentityStore, limit: int, sizes: list[int]) -> None:
    found = await pages(store, limit=limit)
    assert [len(page.identities) for page in found] == sizes
    assert sorted(names(found)) == sorted(NAMES)
    assert {page.enrolled for page in found} == {11}
    assert names(await pages(store, limit=limit)) == names(found)


async def test_a_page_tells_what_the_store_tells(store: IdentityStore) -> None:
    (page,) = await pages(store)
    assert sorted(page.identities, key=lambda one: one.name) == await store.list()


@pytest.mark.parametrize(("limit", "size"), [(0, 1), (-5, 1), (10**9, 11)])
async def test_a_page_has_bounds(store: IdentityStore, limit: int, size: int) -> None:
    assert len((await store.page(limit=limit)).identities) == size
    assert MOST_LISTED <= MOST_LOOKED_AT


async def test_whoever_stays_is_told_once_whatever_changes(store: IdentityStore) -> None:
    first = await store.page(limit=4)
    gone, *_, last = first.identities
    await store.delete(gone.name)
    await store.delete(last.name)
    await store.add("newcomer", made_reference(), CONSENT)
    rest = await pages(store, limit=4)
    seen = [one.name for one in first.identities]
    cursor = first.next
    while cursor is not None:
        page = await store.page(cursor, limit=4)
        seen += [one.name for one in page.identities]
        cursor = page.next
    assert len(seen) == len(set(seen))
    assert set(NAMES) <= set(seen) <= {*NAMES, "newcomer"}
    assert set(names(rest)) == {*NAMES, "newcomer"} - {gone.name, last.name}


async def _one(store: IdentityStore) -> Identity:
    return await store.get("person 7")


async def test_an_id_is_found_by_its_beginning(store: IdentityStore) -> None:
    one = await _one(store)
    assert names(await pages(store, search=one.id)) == ["person 7"]
    assert names(await pages(store, search=f" {one.id[:20].upper()} ")) == ["person 7"]
    alike = [other.name for other in await store.list() if other.id[0] == one.id[0]]
    assert sorted(names(await pages(store, search=one.id[0], limit=2))) == sorted(alike)
    assert names(await pages(store, search=one.id[1:])) == []


async def test_a_name_is_found_whole_and_in_no_part(store: IdentityStore) -> None:
    assert names(await pages(store, search="person 7")) == ["person 7"]
    assert names(await pages(store, search=" person 7 ")) == ["person 7"]
    for part in ("person", "n 7", "erson 7", "Person 7", "%", "_" * 8, "../x", "\0", "é" * 500):
        assert names(await pages(store, search=part)) == [], part


async def test_a_name_that_could_be_an_id_comes_first_and_once(store: IdentityStore) -> None:
    await store.add("f", made_reference(), CONSENT)
    found = names(await pages(store, search="f", limit=2))
    assert found[0] == "f"
    assert len(found) == len(set(found))
    beginning = [one.name for one in await store.list() if one.id[0] == "f" and one.name != "f"]
    assert sorted(found[1:]) == sorted(beginning)


async def test_a_filter_finds_all_of_a_standing(store: IdentityStore) -> None:
    long_ago = replace(
        CONSENT, given_at=datetime.now(UTC) - timedelta(days=9),
        expires_at=datetime.now(UTC) - timedelta(days=2),
    )  # fmt: skip
    await store.withdraw_consent("person 3")
    await store.add("expired", made_reference(), long_ago)
    assert names(await pages(store, standing="withdrawn", limit=2)) == ["person 3"]
    assert names(await pages(store, standing="expired", limit=2)) == ["expired"]
    in_force = names(await pages(store, standing="in_force", limit=2))
    assert sorted(in_force) == sorted(set(NAMES) - {"person 3"})
    assert names(await pages(store, standing="in_force", search="person 3")) == []


async def test_a_filter_looks_at_so_many_at_once(
    store: IdentityStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stream_verifier.identities.pages.MOST_LOOKED_AT", 4)
    await store.withdraw_consent("person 3")
    found = await pages(store, standing="withdrawn", limit=5)
    assert names(found) == ["person 3"]
    assert len(found) >= 3


@pytest.mark.parametrize("cursor", ["", "=", "%%%", "AA", "_w", "a" * 5000, "ü", "AAAAAA=="])
async def test_a_cursor_of_ones_own_making_is_refused(store: IdentityStore, cursor: str) -> None:
    with pytest.raises(CursorError, match="begin without a cursor"):
        await store.page(cursor)


@pytest.fixture(params=EVERYWHERE)
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return place(request, tmp_path / "identities.db")


async def test_records_that_are_refused_hide_nobody_else(path: Path) -> None:
    store = store_at(path)
    for name in NAMES:
        await store.add(name, made_reference(), CONSENT)
    deleted, changed = (await store.get("person 2")).id, (await store.get("person 4")).id
    (old,) = (row for row in rows(path) if row["id"] == deleted)
    await store.delete("person 2")
    put_row(path, old)
    change(path, "UPDATE identities SET sealed_profile = x'00' WHERE id = ?", changed)
    found = await pages(store, limit=3)
    assert sorted(names(found)) == sorted(set(NAMES) - {"person 2", "person 4"})
    told = {str(error).split()[1]: str(error) for page in found for error in page.refused}
    assert set(told) == {deleted, changed}
    assert "was deleted" in told[deleted]
    assert "was changed" in told[changed]
    assert found[0].enrolled == 10
    await store.close()


@in_a_file
async def test_what_is_no_id_ends_no_list_for_ever(path: Path) -> None:
    store = store_at(path)
    await store.add("ada", made_reference(), CONSENT)
    row = dict(rows(path)[0])
    for number, odd in enumerate(["zz", "!", b"\xff\x00", "ü" * 90]):
        change(
            path,
            "INSERT INTO identities SELECT ?, ?, version, model_id, key_id, wrapped_key,"
            " sealed_profile, sealed_reference FROM identities WHERE id = ?",
            *(odd, bytes([number]), row["id"]),
        )
    found = await pages(store, limit=1)
    assert names(found) == ["ada"]
    assert sum(len(page.refused) for page in found) >= 3
    await store.close()
