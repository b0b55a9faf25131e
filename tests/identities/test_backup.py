from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from stream_verifier.audit.deed import SYSTEM, Deed, Kind
from stream_verifier.errors import BackupError, KeyMismatchError, LedgerError, RefusedRecordError
from stream_verifier.identities import backup as backups
from stream_verifier.identities import backup_file, last_used
from stream_verifier.identities.backup import PutBack
from stream_verifier.identities.backup_file import BackupWriter, read_backup
from stream_verifier.identities.sqlite import SqliteIdentityStore
from tests.support.stores import (
    CONSENT,
    KEY,
    MODEL,
    OTHER_KEY,
    assert_same,
    change,
    copy_store,
    enrol_all,
    ledger_of,
    made_reference,
    ring,
    rows,
    store_at,
)

PEOPLE = {f"person {number}": number for number in range(8)}


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backups, "PAGE", 3)
    monkeypatch.setattr(backup_file, "_CHUNK_BYTES", 5000)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "identities.db"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "monday.backup"


@pytest.fixture(scope="module")
def enrolled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return enrol_all(tmp_path_factory.mktemp("store") / "identities.db", PEOPLE)


@pytest.fixture
async def store(enrolled: Path, path: Path) -> AsyncIterator[SqliteIdentityStore]:
    made = store_at(copy_store(enrolled, to=path))
    yield made
    await made.close()


def _content(file: Path) -> bytes:
    return file.read_bytes()


async def _assert_enrolled(store: SqliteIdentityStore, people: dict[str, int]) -> None:
    assert {one.name for one in await store.list()} == set(people)
    for name, seed in people.items():
        assert_same(await store.reference(name, model_id=MODEL), made_reference(seed))
    assert await store.restore().refused() == []


async def test_all_comes_back_on_a_new_machine(
    store: SqliteIdentityStore, file: Path, tmp_path: Path
) -> None:
    before = await store.list()
    assert await store.backup().write(file) == 8
    fresh = store_at(tmp_path / "new" / "identities.db")
    assert await fresh.backup().is_unused()
    assert await fresh.backup().put_back(file) == PutBack(restored=8)
    await _assert_enrolled(fresh, PEOPLE)
    assert await fresh.list() == before
    newest = await fresh.add("linus", made_reference(9), CONSENT)
    assert newest.version > max(one.version for one in before)
    assert await fresh.backup().put_back(file) == PutBack(present=8)
    await fresh.close()


async def test_what_the_database_lost_comes_back(
    store: SqliteIdentityStore, file: Path, path: Path
) -> None:
    await store.backup().write(file)
    await store.add("linus", made_reference(9), CONSENT)
    change(path, "DELETE FROM identities WHERE id = ?", (await store.get("person 1")).id)
    change(
        path,
        "UPDATE identities SET sealed_reference = x'00' WHERE id = ?",
        (await store.get("person 2")).id,
    )
    with pytest.raises(RefusedRecordError):
        await store.list()
    assert await store.backup().put_back(file) == PutBack(restored=2, present=6)
    await _assert_enrolled(store, {**PEOPLE, "linus": 9})


async def test_a_lost_database_comes_back_beside_its_ledger(
    store: SqliteIdentityStore, file: Path, path: Path
) -> None:
    await store.backup().write(file)
    await store.delete("person 0")
    await store.close()
    os.remove(path)
    again = store_at(path)
    assert await again.backup().put_back(file) == PutBack(restored=7, kept_out=1)
    await _assert_enrolled(again, {name: seed for name, seed in PEOPLE.items() if seed})
    await again.close()


async def test_the_deleted_and_replaced_stay_so(store: SqliteIdentityStore, file: Path) -> None:
    await store.backup().write(file)
    await store.delete("person 0")
    await store.add("person 1", made_reference(20), CONSENT, replace=True)
    await store.renew("person 2")
    assert await store.backup().put_back(file) == PutBack(present=5, kept_out=3)
    people = {name: seed for name, seed in PEOPLE.items() if seed}
    await _assert_enrolled(store, people | {"person 1": 20})


async def test_it_is_of_one_moment_while_people_are_enrolled(
    store: SqliteIdentityStore, file: Path, path: Path, tmp_path: Path
) -> None:
    server = store_at(path)

    async def enrol() -> None:
        for number in range(6):
            await server.add(f"new {number}", made_reference(number), CONSENT)
            await server.delete(f"person {number}")

    await asyncio.gather(enrol(), store.backup().write(file))
    await server.close()
    contents = await store.backup().look(file)
    fresh = store_at(tmp_path / "new" / "identities.db")
    done = await fresh.backup().put_back(file)
    assert done == PutBack(restored=len(contents.ledger.live))
    assert len(await fresh.list()) == len(contents.ledger.live) >= 7
    assert await fresh.restore().refused() == []
    await fresh.close()


async def test_it_outlives_a_rotation_as_long_as_its_key_is_there(
    store: SqliteIdentityStore, file: Path, path: Path, tmp_path: Path
) -> None:
    await store.backup().write(file)
    both = store_at(path, OTHER_KEY, KEY)
    await both.rotation().run()
    change(path, "DELETE FROM identities")
    assert await both.backup().put_back(file) == PutBack(restored=8)
    await both.close()
    assert {row["key_id"] for row in rows(path)} == {OTHER_KEY.key_id}
    without = store_at(path, OTHER_KEY)
    told = f"cannot be opened.* under key {KEY.key_id}, .* give back the key.*stays as it is"
    with pytest.raises(KeyMismatchError, match=told) as refused:
        await without.backup().put_back(file)
    assert "enrol again" not in str(refused.value)  # which is for a store whose key is lost
    await _assert_enrolled(without, PEOPLE)
    await without.close()


async def test_another_stores_backup_is_refused(
    store: SqliteIdentityStore, file: Path, tmp_path: Path
) -> None:
    await store.backup().write(file)
    other = store_at(tmp_path / "other" / "identities.db")
    await other.add("grace", made_reference(30), CONSENT)
    with pytest.raises(BackupError, match="another store"):
        await other.backup().put_back(file)
    await _assert_enrolled(other, {"grace": 30})
    await other.close()


async def test_a_killed_restore_goes_on(
    store: SqliteIdentityStore, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.backup().write(file)
    fresh = store_at(tmp_path / "new" / "identities.db")
    put_page = fresh.backup()._put_page
    pages = 0

    async def killed(self: backups.Backup, *args: object) -> PutBack:
        nonlocal pages
        pages += 1
        if pages == 2:
            raise RuntimeError("killed")
        return await put_page(*args)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(backups.Backup, "_put_page", killed)
        with pytest.raises(RuntimeError):
            await fresh.backup().put_back(file)
    assert {one.why for one in await fresh.restore().refused()} == {"missing"}
    assert await fresh.backup().put_back(file) == PutBack(restored=5, present=3)
    await _assert_enrolled(fresh, PEOPLE)
    await fresh.close()


async def test_the_file_is_for_its_owner_only_and_tells_nobody_anything(
    store: SqliteIdentityStore, file: Path, path: Path
) -> None:
    await store.backup().write(file)
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
    content = _content(file)
    for row in rows(path):
        for value in (row["id"].encode(), row["name_lookup"], row["sealed_reference"][:16]):
            assert value not in content
    assert b"person" not in content
    assert [one.name for one in file.parent.iterdir() if one.is_file()] == [file.name]


async def test_a_file_that_is_there_is_kept_unless_said(
    store: SqliteIdentityStore, file: Path
) -> None:
    assert await store.backup().write(file) == 8
    before = _content(file)
    await store.delete("person 0")
    with pytest.raises(BackupError, match="--force"):
        await store.backup().write(file)
    assert _content(file) == before
    assert await store.backup().write(file, replace=True) == 7
    assert len((await store.backup().look(file)).ledger.live) == 7


async def test_a_full_disk_leaves_no_half_a_backup(
    store: SqliteIdentityStore, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    await store.list()
    monkeypatch.setattr("stream_verifier.identities.backup_file.os.fsync", full)
    with pytest.raises(BackupError, match="No space left"):
        await store.backup().write(file)
    monkeypatch.undo()
    assert [one for one in file.parent.iterdir() if one.is_file()] == []


LINES = [b"x" * length for length in (0, 1, 7000, 12000, 3)]


def _written(file: Path) -> bytes:
    with BackupWriter(file, ring(), KEY.key_id, replace=True) as writer:
        for line in LINES:
            writer.write(line)
    return file.read_bytes()


def _refused(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises((BackupError, KeyMismatchError)):
        list(read_backup(file, ring()))


def test_lines_come_back_in_order(file: Path) -> None:
    _written(file)
    assert list(read_backup(file, ring())) == LINES


def test_every_cut_is_noticed(file: Path) -> None:
    content = _written(file)
    for length in (*range(0, len(content), 97), *range(len(content) - 40, len(content))):
        _refused(file, content[:length])


def test_every_changed_byte_is_noticed(file: Path) -> None:
    content = _written(file)
    header = content.index(b"\n") + 1
    for at in (*range(0, header, 7), *range(header, header + 24), *range(0, len(content), 211)):
        _refused(file, content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])


def test_pieces_that_change_places_or_are_left_out_are_noticed(file: Path) -> None:
    content = _written(file)
    start = content.index(b"\n") + 1
    pieces = []
    while start < len(content):
        end = start + 4 + int.from_bytes(content[start : start + 4], "big")
        pieces.append(content[start:end])
        start = end
    header = content[: content.index(b"\n") + 1]
    assert len(pieces) == 4
    _refused(file, header + b"".join([pieces[1], pieces[0], *pieces[2:]]))
    _refused(file, header + b"".join(pieces[1:]))
    _refused(file, header + b"".join(pieces[:-1]))
    _refused(file, header + b"".join([*pieces, pieces[0]]))


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\xff" * 3000, b"a b c\n"])
def test_what_is_no_backup_is_said(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(BackupError, match="no backup"):
        list(read_backup(file, ring()))


async def test_a_store_without_its_ledger_is_not_overwritten(
    store: SqliteIdentityStore, file: Path, path: Path
) -> None:
    await store.backup().write(file)
    await store.close()
    ledger_of(path).unlink()
    again = store_at(path)
    with pytest.raises(LedgerError, match="accept-restore"):
        await again.backup().put_back(file)
    await again.close()


async def test_the_days_of_last_use_come_back_and_the_trail_is_told(
    store: SqliteIdentityStore, file: Path, tmp_path: Path
) -> None:
    await store.note_use("person 3", Deed(Kind.CALL_STARTED, SYSTEM))
    person = (await store.get("person 3")).id
    await store.backup().write(file)
    fresh = store_at(tmp_path / "new" / "identities.db")
    await fresh.backup().put_back(file)
    async with fresh._books.reading() as connection:
        assert set(await last_used.read(connection, [person])) == {person}
    told = [
        (one.fields["kind"], one.fields["details"]["done"])
        for one in await fresh.audit.page(limit=9)
    ]
    assert told == [(Kind.PUT_BACK, False), (Kind.PUT_BACK, True)]
    assert (await store.audit.page(limit=99))[-1].fields["kind"] == Kind.BACKED_UP
    await fresh.close()
