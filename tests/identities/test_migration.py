from __future__ import annotations

import shutil
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from stream_verifier.errors import KeyMismatchError, LedgerError, RefusedRecordError
from stream_verifier.identities.sqlite import SqliteIdentityStore
from tests.support.old_store import old_id, write_old_store
from tests.support.stores import (
    CONSENT,
    MODEL,
    OTHER_KEY,
    assert_same,
    change,
    ledger_of,
    made_reference,
    rows,
    store_at,
)

PEOPLE = {"ada": 1, "grace": 2, "zoë": 3}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "data" / "identities.db"
    write_old_store(path, PEOPLE)
    return path


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqliteIdentityStore]:
    made = store_at(path)
    yield made
    await made.close()


def _version(path: Path) -> int:
    connection = sqlite3.connect(path)
    (version,) = connection.execute("SELECT version FROM stream_verifier_schema").fetchone()
    connection.close()
    return int(version)


async def test_everybody_is_still_enrolled(store: SqliteIdentityStore, path: Path) -> None:
    listed = await store.list()
    assert {one.name: one.id for one in listed} == {
        name: old_id(seed) for name, seed in PEOPLE.items()
    }
    assert all(one.consent == CONSENT and one.origin is None for one in listed)
    for name, seed in PEOPLE.items():
        assert_same(await store.reference(name, model_id=MODEL), made_reference(seed))
    assert _version(path) == 2
    newest = await store.add("linus", made_reference(4), CONSENT)
    assert newest.version > max(one.version for one in listed)


async def test_nothing_of_the_old_form_stays(store: SqliteIdentityStore, path: Path) -> None:
    old = rows(path)
    await store.list()
    content = b"".join(file.read_bytes() for file in path.parent.iterdir())
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
        with pytest.raises(RefusedRecordError, match="changed"):
            await store.get(name)
    assert (await store.get("zoë")).name == "zoë"
    assert {item.why for item in await store.restore().refused()} == {"changed"}
    await store.close()


async def test_a_damaged_record_holds_up_nobody(path: Path) -> None:
    change(path, "UPDATE identities SET sealed_profile = x'00' WHERE id = ?", old_id(1))
    store = store_at(path)
    assert (await store.get("grace")).name == "grace"
    with pytest.raises(RefusedRecordError, match=old_id(1)):
        await store.get("ada")
    await store.close()


async def test_an_old_backup_does_not_undo_a_deletion(
    store: SqliteIdentityStore, path: Path, tmp_path: Path
) -> None:
    write_old_store(tmp_path / "copy.db", PEOPLE)
    await store.delete("ada")
    shutil.copy(tmp_path / "copy.db", path)
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
    import asyncio

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
