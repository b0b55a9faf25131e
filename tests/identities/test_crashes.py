"""Processes killed in the middle of a change: it is made whole or not at all, and stays so."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from stream_verifier.errors import RefusedRecordError
from stream_verifier.identities.sqlite import SqliteIdentityStore
from tests.support import killed_store
from tests.support.forking import run_apart
from tests.support.places import EVERYWHERE, place
from tests.support.stores import (
    CONSENT,
    MODEL,
    assert_same,
    made_reference,
    put_row,
    rows,
    store_at,
)

# Whom each action leaves enrolled, with the seeds of their references: not made, and made.
OUTCOMES = {
    "add": ({"ada": 1}, {"ada": 1, "grace": 2}),
    "replace": ({"ada": 1}, {"ada": 2}),
    "delete": ({"ada": 1}, {}),
}
MADE = {"when the database has it", "when it is settled"}


@pytest.fixture(scope="module", params=EVERYWHERE)
def killed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("killed")
    for action in killed_store.ACTIONS:
        for point in killed_store.POINTS:
            place(request, killed_store.path_of(folder, action, point))
    said = folder / "said"
    assert run_apart(killed_store.main, folder, said=said) == 0, said.read_text()
    return folder


@pytest.fixture
async def opened() -> AsyncIterator[list[SqliteIdentityStore]]:
    stores: list[SqliteIdentityStore] = []
    yield stores
    for store in stores:
        await store.close()


async def _assert_enrolled(store: SqliteIdentityStore, people: dict[str, int]) -> None:
    assert {one.name for one in await store.list()} == set(people)
    for name, seed in people.items():
        assert_same(await store.reference(name, model_id=MODEL), made_reference(seed))
    assert await store.restore().refused() == []


@pytest.mark.parametrize("point", killed_store.POINTS)
@pytest.mark.parametrize("action", killed_store.ACTIONS)
async def test_a_killed_change_is_made_whole_or_not_at_all(
    killed: Path, opened: list[SqliteIdentityStore], action: str, point: str
) -> None:
    path = killed_store.path_of(killed, action, point)
    store = store_at(path)
    opened.append(store)
    await _assert_enrolled(store, OUTCOMES[action][point in MADE])

    if action != "add" and point in MADE:
        # Whoever has seen it made sees it stay so, though the old record is put back.
        (old,) = rows(path.parent / killed_store.BEFORE / path.name)
        put_row(path, old)
        with pytest.raises(RefusedRecordError, match=f"{old['id']} .*older copy"):
            await store.get("ada")
    else:
        await store.add("linus", made_reference(3), CONSENT)
        assert "linus" in {one.name for one in await store.list()}


@pytest.mark.parametrize("killed", ["file"], indirect=True)
@pytest.mark.parametrize("point", killed_store.MIGRATION_POINTS)
async def test_a_killed_migration_starts_again(
    killed: Path, opened: list[SqliteIdentityStore], point: str
) -> None:
    store = store_at(killed / "migrate" / point / "identities.db")
    opened.append(store)
    await _assert_enrolled(store, {"ada": 1, "grace": 2})
