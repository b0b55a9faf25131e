from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from stream_verifier.errors import (
    KeyMismatchError,
    LedgerError,
    RefusedRecordError,
    UnknownIdentityError,
)
from stream_verifier.identities.sqlite import SqliteIdentityStore
from tests.support.old_store import old_id, write_old_ledger, write_old_store
from tests.support.places import EVERYWHERE, in_a_file, place
from tests.support.stores import (
    CONSENT,
    MODEL,
    OTHER_KEY,
    assert_same,
    backup,
    bytes_below,
    change,
    ledger_of,
    made_reference,
    put_back,
    rows,
    store_at,
)

PEOPLE = {"ada": 1, "grace": 2, "zoë": 3}


@pytest.fixture(params=EVERYWHERE)
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = place(request, tmp_path / "data" / "identities.db")
    write_old_store(path, PEOPLE)
    return path


def _version(path: Path) -> int:
    (row,) = rows(path, "stream_verifier_schema")
    return int(row["version"])


async def test_everybody_is_still_enrolled(store: SqliteIdentityStore, path: Path) -> None:
    listed = await store.list()
    assert {one.name: one.id for one in listed} == {
        name: old_id(seed) for name, seed in PEOPLE.items()
    }
    assert all(one.consent == CONSENT and one.origin is None for one in listed)
    for name, seed in PEOPLE.items():
        assert_same(await store.reference(name, model_id=MODEL), made_reference(seed))
    assert _version(path) == 3
    newest = await store.add("linus", made_reference(4), CONSENT)
    assert newest.version > max(one.version for one in listed)


@in_a_file
async def test_nothing_of_the_old_form_stays(store: SqliteIdentityStore, path: Path) -> None:
    old = rows(path)
    await store.list()
    content = bytes_below(path.parent)
    for row in old:
        assert row["sealed_profile"][:16] not in content
        assert row["sealed_reference"][-16:] not in content


async def test_names_exchanged_before_are_noticed(path: Path) -> None:
    """The old form did not bind the look-up of the name."""
    one, other, _ = rows(path)
    for lookup, row_id in ((b"free", one["id"]), (one["name_lookup"], other["id"])):
        change(path, "UPDATE identities SET name_lookup = ? WHERE id = ?", lookup, row_id)
    change(
        path, "UPDATE identities SET name_lookup = ? WHERE id = ?", other["name_lookup"], one["id"]
    )
    store = store_at(path)
    for name in ("ada", "grace"):
        with pytest.raises(UnknownIdentityError):
            await store.get(name)
    assert (await store.get("zoë")).name == "zoë"
    assert {item.why for item in await store.restore().refused()} == {"changed"}
    await store.close()


async def test_a_damaged_record_holds_up_nobody(path: Path) -> None:
    change(path, "UPDATE identities SET sealed_profile = x'00' WHERE id = ?", old_id(1))
    store = store_at(path)
    assert (await store.get("grace")).name == "grace"
    with pytest.raises(UnknownIdentityError):  # whose it was is sealed in it
        await store.get("ada")
    with pytest.raises(RefusedRecordError, match=old_id(1)):
        await store.list()
    assert [(one.id, one.why) for one in await store.restore().refused()] == [
        (old_id(1), "changed")
    ]
    await store.close()


async def test_an_old_backup_does_not_undo_a_deletion(
    store: SqliteIdentityStore, path: Path, tmp_path: Path
) -> None:
    copy = backup(path, to=tmp_path / "copy")
    await store.delete("ada")
    put_back(copy, to=path)
    again = store_at(path)
    with pytest.raises(RefusedRecordError, match="was deleted"):
        await again.get("ada")
    assert (await again.get("grace")).name == "grace"
    assert [one.why for one in await again.restore().refused()] == ["deleted"]
    await again.close()


async def test_an_old_backup_beside_a_damaged_ledger_accepts_nobody(path: Path) -> None:
    ledger_of(path).write_text("torn")
    store = store_at(path)
    with pytest.raises(LedgerError, match="accept-restore"):
        await store.list()
    refused = await store.restore().refused()
    assert await store.restore().accept([one.id for one in refused]) == 3
    assert len(await store.list()) == 3
    await store.close()


async def test_another_key_changes_nothing(path: Path) -> None:
    store = store_at(path, OTHER_KEY)
    with pytest.raises(KeyMismatchError):
        await store.list()
    await store.close()
    assert _version(path) == 1
    assert not ledger_of(path).exists()


async def test_two_at_once_migrate_once(path: Path) -> None:
    stores = [store_at(path) for _ in range(3)]
    lists = await asyncio.gather(*(store.list() for store in stores))
    assert lists[0] == lists[1] == lists[2]
    assert len(lists[0]) == 3
    for store in stores:
        await store.close()


async def test_a_disk_that_fills_up_leaves_the_old_form(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("stream_verifier.identities.ledger_file.os.fsync", full)
    store = store_at(path)
    with pytest.raises(LedgerError, match="free some space"):
        await store.list()
    assert _version(path) == 1
    assert not ledger_of(path).exists()
    monkeypatch.undo()
    assert len(await store.list()) == 3
    await store.close()


@pytest.fixture
def second(tmp_path: Path) -> Path:
    """A store of version 2 with its ledger, after which somebody was deleted and put back."""
    path = tmp_path / "second" / "identities.db"
    write_old_store(path, PEOPLE, version=2)
    write_old_ledger(ledger_of(path), {name: PEOPLE[name] for name in ("ada", "grace")})
    return path


async def test_version_2_keeps_its_people_and_its_ledger(second: Path) -> None:
    store = store_at(second)
    for name in ("ada", "grace"):
        assert_same(await store.reference(name, model_id=MODEL), made_reference(PEOPLE[name]))
    assert (await store.get("ada")).id == old_id(1)
    with pytest.raises(RefusedRecordError, match="deleted"):
        await store.get("zoë")
    assert [one.why for one in await store.restore().refused()] == ["deleted"]
    assert _version(second) == 3
    await store.close()


async def test_nothing_of_version_2_helps_whoever_has_its_key(second: Path) -> None:
    """Not even to find out by a guessed name who is enrolled."""
    old = rows(second)
    store = store_at(second)
    await store.get("ada")
    await store.close()
    content = bytes_below(second.parent)
    for row in old:
        assert row["name_lookup"] not in content
        assert row["name_lookup"].hex().encode() not in content
        assert row["sealed_profile"][:16] not in content


@pytest.mark.parametrize("came_about", [True, False])
async def test_a_change_that_version_2_left_pending_is_settled(
    second: Path, came_about: bool
) -> None:
    lookup = next(row["name_lookup"].hex() for row in rows(second) if row["id"] == old_id(1))
    after = None if not came_about else [1, old_id(1)]
    write_old_ledger(
        ledger_of(second), {"ada": 1} if not came_about else {}, pending=[lookup, after]
    )
    store = store_at(second)
    assert (await store.get("ada")).id == old_id(1)
    await store.close()


async def test_a_copy_of_version_2_is_read_beside_a_newer_ledger(
    second: Path, tmp_path: Path
) -> None:
    copy = shutil.copy(second, tmp_path / "copy.db")
    store = store_at(second)
    await store.delete("ada")
    await store.close()
    shutil.copy(copy, second)
    again = store_at(second)
    assert_same(await again.reference("grace", model_id=MODEL), made_reference(2))
    with pytest.raises(RefusedRecordError, match="deleted"):
        await again.get("ada")
    await again.close()


async def test_version_2_without_its_ledger_is_for_somebody_to_accept(second: Path) -> None:
    ledger_of(second).unlink()
    store = store_at(second)
    with pytest.raises(LedgerError, match="missing"):
        await store.get("ada")
    refused = await store.restore().refused()
    assert [one.why for one in refused] == ["no_ledger"] * 3
    assert await store.restore().accept([one.id for one in refused]) == 3
    assert len(await store.list()) == 3
    await store.close()


async def test_an_old_ledger_beside_a_newer_store_is_refused(second: Path, tmp_path: Path) -> None:
    old = shutil.copy(ledger_of(second), tmp_path / "old.ledger")
    store = store_at(second)
    await store.get("ada")
    await store.close()
    shutil.copy(old, ledger_of(second))
    again = store_at(second)
    with pytest.raises(LedgerError, match="older release"):
        await again.get("ada")
    await again.close()
