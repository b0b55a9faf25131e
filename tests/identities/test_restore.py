"""Backups that are put back, rows that are exchanged, ledgers that are lost."""

from __future__ import annotations

import asyncio
import itertools
import os
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_verifier.errors import (
    LedgerError,
    RefusedRecordError,
    StoreError,
    UnknownIdentityError,
)
from stream_verifier.identities.sqlite import SqliteIdentityStore
from tests.support.stores import (
    CONSENT,
    MODEL,
    assert_same,
    backup,
    change,
    copy_store,
    enrol_all,
    ledger_of,
    made_reference,
    parts_of,
    put_row,
    rows,
    store_at,
)

Act = Callable[[SqliteIdentityStore], Awaitable[object]]

READS: dict[str, Act] = {
    "get": lambda store: store.get("ada"),
    "reference": lambda store: store.reference("ada", model_id=MODEL),
    "list": lambda store: store.list(),
    "delete": lambda store: store.delete("ada"),
    "add": lambda store: store.add("ada", made_reference(9), CONSENT),
    "replace": lambda store: store.add("ada", made_reference(9), CONSENT, replace=True),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "identities.db"


@pytest.fixture(scope="module")
def enrolled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("store")
    return enrol_all(folder / "identities.db", {"ada": 1, "grace": 2})


@pytest.fixture
async def store(enrolled: Path, path: Path) -> AsyncIterator[SqliteIdentityStore]:
    made = store_at(copy_store(enrolled, to=path))
    yield made
    await made.close()


def _exchange(path: Path, columns: tuple[str, ...]) -> None:
    one, other = rows(path)
    free = b"while the two are exchanged"
    for column in columns:
        sql = f"UPDATE identities SET {column} = ? WHERE name_lookup = ?"
        if column == "name_lookup":
            change(path, sql, free, one["name_lookup"])
            change(path, sql, one["name_lookup"], other["name_lookup"])
            change(path, sql, other["name_lookup"], free)
        elif column == "id":
            change(path, sql, "0" * 32, one["name_lookup"])
            change(path, sql, one["id"], other["name_lookup"])
            change(path, sql, other["id"], one["name_lookup"])
        else:
            change(path, sql, other[column], one["name_lookup"])
            change(path, sql, one[column], other["name_lookup"])


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize(
    "columns",
    [
        ("name_lookup",),
        ("id",),
        ("version",),
        ("sealed_reference",),
        ("sealed_profile",),
        ("sealed_profile", "sealed_reference"),
        ("id", "sealed_profile", "sealed_reference"),
        ("id", "version", "model_id", "sealed_profile", "sealed_reference"),
    ],
    ids=" ".join,
)
async def test_exchanged_columns_are_refused(
    store: SqliteIdentityStore, path: Path, columns: tuple[str, ...], read: str
) -> None:
    _exchange(path, columns)
    with pytest.raises(RefusedRecordError, match="Record [0-9a-f]{32} .*changed") as caught:
        await READS[read](store)
    assert "ada" not in re.sub("[0-9a-f]{32}", "", str(caught.value))
    refused = await store.restore().refused()
    assert [one.why for one in refused if one.record is None] == ["changed", "changed"]


@pytest.mark.parametrize("read", READS)
async def test_a_deleted_person_put_back_from_a_copy_is_refused(
    store: SqliteIdentityStore, path: Path, read: str
) -> None:
    ada = await store.get("ada")
    (row,) = (row for row in rows(path) if row["id"] == ada.id)
    await store.delete("ada")
    put_row(path, row)
    with pytest.raises(RefusedRecordError, match=f"{ada.id} .*was deleted.*erase-refused"):
        await READS[read](store)
    assert (await store.get("grace")).name == "grace"
    (refused,) = await store.restore().refused()
    assert (refused.id, refused.why, refused.identity) == (ada.id, "deleted", ada)


@pytest.mark.parametrize("read", READS)
async def test_a_replaced_reference_put_back_is_refused(
    store: SqliteIdentityStore, path: Path, read: str
) -> None:
    old = await store.get("ada")
    (row,) = (row for row in rows(path) if row["id"] == old.id)
    await store.add("ada", made_reference(3), CONSENT, replace=True)
    put_row(path, row)
    with pytest.raises(RefusedRecordError, match=f"{old.id} .*was replaced"):
        await READS[read](store)


async def test_an_older_database_brings_back_nobody_and_loses_nobody(
    store: SqliteIdentityStore, path: Path, tmp_path: Path
) -> None:
    await store.add("linus", made_reference(3), CONSENT)
    copy = backup(path, to=tmp_path / "backup")
    await store.delete("ada")
    await store.add("grace", made_reference(4), CONSENT, replace=True)
    newest = await store.add("eve", made_reference(5), CONSENT)
    shutil.copy(copy, path)

    again = store_at(path)
    assert_same(await again.reference("linus", model_id=MODEL), made_reference(3))
    for name in ("ada", "grace"):
        with pytest.raises(RefusedRecordError):
            await again.get(name)
    with pytest.raises(UnknownIdentityError, match=f"{newest.id} .*put a newer backup"):
        await again.get("eve")
    whys = {one.identity and one.identity.name: one.why for one in await again.restore().refused()}
    assert whys == {"ada": "deleted", "grace": "replaced", None: "missing"}
    await again.close()


async def test_the_refused_are_erased_for_good(
    store: SqliteIdentityStore, path: Path, tmp_path: Path
) -> None:
    copy = backup(path, to=tmp_path / "backup")
    await store.delete("ada")
    shutil.copy(copy, path)
    restore = store.restore()
    (refused,) = await restore.refused()
    grace = (await store.get("grace")).id
    assert await restore.erase([refused.id, grace, "0" * 32]) == 1
    assert [one.name for one in await store.list()] == ["grace"]
    assert await restore.refused() == []
    await store.add("ada", made_reference(6), CONSENT)


async def test_a_changed_record_is_erased_and_enrolled_anew(
    store: SqliteIdentityStore, path: Path
) -> None:
    _exchange(path, ("name_lookup",))
    restore = store.restore()
    refused = await restore.refused()
    assert await restore.accept([one.id for one in refused]) == 0
    assert await restore.erase([one.id for one in refused]) == 2
    assert await restore.refused() == []
    await store.add("ada", made_reference(7), CONSENT)
    assert [one.name for one in await store.list()] == ["ada"]


@pytest.mark.parametrize("value", [5, 1 << 40, b"\xff", "x" * 5000, ""])
async def test_nonsense_in_the_columns_is_refused_and_erased(
    store: SqliteIdentityStore, path: Path, value: object
) -> None:
    for column in ("id", "version", "model_id", "sealed_profile", "sealed_reference"):
        change(path, f"UPDATE identities SET {column} = ? WHERE rowid = 1", value)
    with pytest.raises(RefusedRecordError):
        await store.list()
    restore = store.restore()
    refused = [one for one in await restore.refused() if one.why == "changed"]
    assert await restore.erase([one.id for one in refused]) == 1
    assert len(await store.list()) == 1


async def test_a_restore_is_accepted_on_request(
    store: SqliteIdentityStore, path: Path, tmp_path: Path
) -> None:
    await store.add("linus", made_reference(3), CONSENT)
    copy = backup(path, to=tmp_path / "backup")
    for name in ("ada", "grace"):
        await store.delete(name)
    shutil.copy(copy, path)
    restore = store.restore()
    by_name = {one.identity.name: one for one in await restore.refused() if one.identity}
    assert await restore.accept([by_name["ada"].id]) == 1
    assert_same(await store.reference("ada", model_id=MODEL), made_reference(1))
    with pytest.raises(RefusedRecordError):
        await store.get("grace")
    assert (await store.get("linus")).name == "linus"
    await store.delete("ada")


@pytest.mark.parametrize("damage", ["missing", "damaged"])
async def test_a_store_without_its_ledger_is_refused_until_it_is_accepted(
    store: SqliteIdentityStore, path: Path, damage: str
) -> None:
    ledger = ledger_of(path)
    if damage == "missing":
        ledger.unlink()
    else:
        ledger.write_bytes(b"torn" + ledger.read_bytes())
    again = store_at(path)
    for reader, act in itertools.product((store, again), READS.values()):
        with pytest.raises(LedgerError, match="identities accept-restore"):
            await act(reader)
    refused = await again.restore().refused()
    assert {(one.identity.name, one.why) for one in refused if one.identity} == {
        ("ada", "no_ledger"),
        ("grace", "no_ledger"),
    }
    assert await again.restore().accept([one.id for one in refused]) == 2
    assert [one.name for one in await store.list()] == ["ada", "grace"]
    assert ledger.with_name("identities.ledger.unreadable").exists() == (damage == "damaged")
    await again.add("linus", made_reference(3), CONSENT)
    await again.close()


async def test_an_empty_store_needs_no_old_ledger(store: SqliteIdentityStore, path: Path) -> None:
    for name in ("ada", "grace"):
        await store.delete(name)
    ledger_of(path).unlink()
    again = store_at(path)
    assert await again.list() == []
    await again.add("ada", made_reference(1), CONSENT)
    await again.close()


async def test_an_older_ledger_is_noticed(store: SqliteIdentityStore, path: Path) -> None:
    old = ledger_of(path).read_bytes()
    linus = await store.add("linus", made_reference(3), CONSENT)
    ledger_of(path).write_bytes(old)
    with pytest.raises(RefusedRecordError, match=f"{linus.id} .*newer than the ledger"):
        await store.get("linus")
    assert [one.why for one in await store.restore().refused()] == ["ahead"]


async def test_an_older_ledger_without_its_parts_is_noticed(
    store: SqliteIdentityStore, path: Path
) -> None:
    old = ledger_of(path).read_bytes()
    await store.delete("ada")
    ledger_of(path).write_bytes(old)
    again = store_at(path)
    with pytest.raises(LedgerError, match="a part of it is missing.*accept-restore"):
        await again.get("grace")
    refused = await again.restore().refused()
    assert [one.why for one in refused] == ["no_ledger"]
    assert await again.restore().accept([one.id for one in refused]) == 1
    assert [one.name for one in await again.list()] == ["grace"]
    await again.close()


@pytest.mark.parametrize("damage", ["torn", "gone", "another"])
async def test_a_damaged_part_of_the_ledger_is_noticed(
    store: SqliteIdentityStore, path: Path, damage: str
) -> None:
    part, other = parts_of(path)
    if damage == "gone":
        part.unlink()
    else:
        part.write_bytes(part.read_bytes()[:-1] if damage == "torn" else other.read_bytes())
    again = store_at(path)
    with pytest.raises(LedgerError, match="a part of it is (missing|damaged or was changed)"):
        await again.list()
    await again.close()


async def test_a_new_database_beside_an_old_ledger_starts_empty(
    store: SqliteIdentityStore, path: Path
) -> None:
    os.unlink(path)
    again = store_at(path)
    assert await again.list() == []
    await again.add("ada", made_reference(8), CONSENT)
    assert_same(await again.reference("ada", model_id=MODEL), made_reference(8))
    (missing,) = await again.restore().refused()
    assert missing.why == "missing"
    await again.delete("grace")
    assert await again.restore().refused() == []
    await again.close()


async def test_the_ledger_does_not_grow_with_those_who_come_and_go(
    store: SqliteIdentityStore, path: Path
) -> None:
    def size() -> int:
        return sum(one.stat().st_size for one in (ledger_of(path), *parts_of(path)))

    before = size()
    for number in range(12):
        await store.add(f"person {number}", made_reference(number), CONSENT)
        await store.delete(f"person {number}")
    assert size() <= before + 4


async def test_a_full_disk_beside_the_database_refuses_and_harms_nothing(
    store: SqliteIdentityStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = ledger_of(path).read_bytes(), [tuple(row) for row in rows(path)]

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("stream_verifier.identities.ledger_file.os.fsync", full)
    for act in (READS["delete"], READS["replace"]):
        with pytest.raises(LedgerError, match="free some space"):
            await act(store)
    assert (ledger_of(path).read_bytes(), [tuple(row) for row in rows(path)]) == before
    assert len(await store.list()) == 2


async def test_both_disks_full_harm_nothing_either(
    store: SqliteIdentityStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database refuses, and then the ledger cannot be settled: reading goes on all the same."""
    whole = store._books.place.write

    def full(*_: object) -> None:
        raise LedgerError("full")

    monkeypatch.setattr(store._books.place, "write", full)
    change(
        path,
        "CREATE TRIGGER no BEFORE DELETE ON identities BEGIN SELECT RAISE(ABORT, 'full'); END",
    )
    with pytest.raises(StoreError, match="failed"):
        await store.delete("ada")
    assert len(await store.list()) == 2
    change(path, "DROP TRIGGER no")
    monkeypatch.setattr(store._books.place, "write", whole)
    await store.delete("ada")
    assert [one.name for one in await store.list()] == ["grace"]


class _Model:
    """What a store must say: the newest of each name, or nothing of what was put back."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.store = store_at(path)
        self.now: dict[str, str] = {}

    async def step(self, what: str, name: str) -> None:
        if what == "back up" and self.path.exists():
            backup(self.path, to=self.path.parent / "backup")
        elif what == "restore" and (copy := self.path.parent / "backup" / self.path.name).exists():
            shutil.copy(copy, self.path)
        elif what in ("store", "delete"):
            await self._change(what, name)
        await self._check(name)

    async def _change(self, what: str, name: str) -> None:
        try:
            if what == "delete":
                await self.store.delete(name)
                del self.now[name]
            else:
                new = await self.store.add(name, made_reference(1), CONSENT, replace=True)
                self.now[name] = new.id
        except (RefusedRecordError, UnknownIdentityError):
            """Refused as it must be, or as it may be: nothing has changed."""

    async def _check(self, name: str) -> None:
        try:
            assert (await self.store.get(name)).id == self.now[name]
        except RefusedRecordError:
            assert (self.path.parent / "backup").exists()
        except UnknownIdentityError:
            assert name not in self.now or (self.path.parent / "backup").exists()


_STEPS = st.tuples(
    st.sampled_from(["store", "store", "delete", "back up", "restore"]),
    st.sampled_from(["ada", "grace"]),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(_STEPS, min_size=4, max_size=10))
def test_whatever_is_put_back_nobody_is_who_he_was_before(steps: list[tuple[str, str]]) -> None:
    async def play() -> None:
        with tempfile.TemporaryDirectory() as folder:
            model = _Model(Path(folder) / "identities.db")
            for what, name in steps:
                await model.step(what, name)
            await model.store.close()

    asyncio.run(play())
