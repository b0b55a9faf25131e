from __future__ import annotations

import asyncio
import dataclasses
import itertools
import shutil
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from stream_verifier.audit.deed import Actor, Kind
from stream_verifier.errors import KeyMismatchError, RefusedRecordError, StoreError
from stream_verifier.identities import batches
from stream_verifier.identities.record import Record, open_identity
from stream_verifier.identities.rotation import Rotated
from stream_verifier.identities.sqlite import SqliteIdentityStore
from tests.support import killed_rotation
from tests.support.forking import run_apart
from tests.support.places import EVERYWHERE, is_on_server, place
from tests.support.stores import (
    CONSENT,
    KEY,
    MODEL,
    OTHER_KEY,
    assert_same,
    backup,
    bytes_below,
    change,
    copy_store,
    enrol_all,
    ledger_of,
    made_reference,
    made_vault,
    put_back,
    put_row,
    rows,
    store_at,
)

PEOPLE = [f"person {number}" for number in range(12)]


@pytest.fixture(scope="module", params=EVERYWHERE)
def enrolled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    people = {name: number for number, name in enumerate(PEOPLE)}
    return enrol_all(place(request, tmp_path_factory.mktemp("store") / "identities.db"), people)


@pytest.fixture
def path(enrolled: Path, tmp_path: Path) -> Path:
    return copy_store(enrolled, to=tmp_path / "data" / "identities.db")


@pytest.fixture
async def both(path: Path) -> AsyncIterator[SqliteIdentityStore]:
    """As the command opens it: the new key first, the old one still valid."""
    store = store_at(path, OTHER_KEY, KEY)
    yield store
    await store.close()


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "SIZE", 5)


async def _assert_all_under(path: Path, key: object, count: int = len(PEOPLE)) -> None:
    store = store_at(path, key)  # type: ignore[arg-type]
    assert len(await store.list()) == count
    assert_same(await store.reference("person 3", model_id=MODEL), made_reference(3))
    assert await store.restore().refused() == []
    await store.close()


async def test_everything_comes_under_the_new_key(both: SqliteIdentityStore, path: Path) -> None:
    seen: list[tuple[int, int]] = []
    before = await both.list()
    assert (await both.rotation().keys()).rows == {KEY.key_id: 12}
    assert await both.rotation().run(lambda *done: seen.append(done)) == Rotated(12)
    assert seen == [(0, 12), (5, 12), (10, 12), (12, 12)]
    keys = await both.rotation().keys()
    assert (keys.current, keys.rows) == (OTHER_KEY.key_id, {OTHER_KEY.key_id: 12})
    assert await both.list() == before
    await _assert_all_under(path, OTHER_KEY)


async def test_the_old_key_opens_nothing_of_it_any_more(
    both: SqliteIdentityStore, path: Path
) -> None:
    """Nor is anything left that it wrapped, in any file."""
    old = rows(path)
    wrapped_secret = ledger_of(path).read_bytes().split(b"\n")[1].split(b" ")[1]
    await both.rotation().run()
    content = bytes_below(path.parent)
    for piece in (
        *(row["wrapped_key"] for row in old),
        wrapped_secret,
        bytes.fromhex(wrapped_secret.decode()),
    ):
        assert piece[:16] not in content
        assert piece[-16:] not in content
    assert KEY.key_id.encode() not in ledger_of(path).read_bytes()
    assert KEY.key_id not in {row["key_id"] for row in rows(path)}

    copy = shutil.copytree(path.parent, path.parent.with_name("copy")) / path.name
    for without in ("ledger", None):
        thief = store_at(copy, KEY)
        for call in (
            thief.list(),
            thief.get("person 3"),
            thief.reference("person 3", model_id=MODEL),
        ):
            with pytest.raises(KeyMismatchError, match=f"needs key {OTHER_KEY.key_id}"):
                await call
        with pytest.raises(StoreError):
            thief.lookup("person 3")
        await thief.close()
        if without:
            ledger_of(copy).unlink()
    # Nor does a row that says of itself that it is under the old key.
    vault = made_vault(KEY)
    for row in rows(copy):
        forged = dataclasses.replace(Record.of(dict(row)), key_id=KEY.key_id)
        with pytest.raises(RefusedRecordError):
            open_identity(vault, forged)


async def test_a_server_that_still_holds_the_old_key_takes_nothing_under_it(
    both: SqliteIdentityStore, path: Path, tmp_path: Path
) -> None:
    """With it, and the store's secret of an old copy, a thief can seal whatever he likes."""
    copy = backup(path, to=tmp_path / "copy")
    server = store_at(path, KEY, OTHER_KEY)
    await server.list()
    await both.rotation().run()
    (old,) = [row for row in rows(copy) if row["id"] == (await server.get("person 3")).id]
    put_row(path, old)
    with pytest.raises(RefusedRecordError, match="taken off"):
        await server.get("person 3")
    (found,) = await server.restore().refused()
    assert (found.why, found.identity and found.identity.name) == ("old_key", "person 3")
    assert await both.rotation().run() == Rotated(0, (), (old["id"],))
    await server.close()


async def test_an_old_copy_of_the_database_can_be_accepted(
    both: SqliteIdentityStore, path: Path, tmp_path: Path
) -> None:
    copy = backup(path, to=tmp_path / "copy")
    await both.rotation().run()
    await both.delete("person 0")
    put_back(copy, to=path)
    refused = await both.restore().refused()
    assert sorted(one.why for one in refused) == ["deleted", *["old_key"] * 11]
    kept = [one.id for one in refused if one.why == "old_key"]
    assert await both.restore().accept(kept) == 11
    assert await both.restore().erase([one.id for one in refused]) == 1
    await _assert_all_under(path, OTHER_KEY, 11)


async def test_twice_is_as_once(both: SqliteIdentityStore, path: Path) -> None:
    await both.rotation().run()
    before = rows(path)
    assert await both.rotation().run() == Rotated(0)
    assert [tuple(row) for row in rows(path)] == [tuple(row) for row in before]


async def test_a_server_with_both_keys_fails_nobody_meanwhile(
    both: SqliteIdentityStore, path: Path
) -> None:
    server = store_at(path, KEY, OTHER_KEY)  # the old one first, as before
    told: list[object] = []
    stop = server.watch(told.append)
    done = asyncio.Event()

    async def enrol() -> None:
        for number in itertools.count():
            await server.add(f"new {number}", made_reference(number), CONSENT)
            if number % 2:
                await server.add(f"new {number}", made_reference(1), CONSENT, replace=True)
                await server.delete(f"new {number - 1}")
            if done.is_set():
                return

    async def verify() -> None:
        for name in itertools.cycle(PEOPLE):
            assert_same(
                await server.reference(name, model_id=MODEL), made_reference(PEOPLE.index(name))
            )
            if done.is_set():
                return

    work = [asyncio.create_task(one) for one in (enrol(), verify(), verify())]
    await both.rotation().run()
    done.set()
    await asyncio.gather(*work)
    assert {row["key_id"] for row in rows(path)} == {OTHER_KEY.key_id}
    stop()
    await server.close()
    await _assert_all_under(path, OTHER_KEY, len(rows(path)))
    assert {change.what for change in told} <= {"replaced", "deleted"}  # type: ignore[attr-defined]
    assert not {change.identity_id for change in told} & {row["id"] for row in rows(path)}  # type: ignore[attr-defined]


async def test_what_does_not_open_is_told_and_left(both: SqliteIdentityStore, path: Path) -> None:
    damaged, foreign = rows(path)[2]["id"], rows(path)[7]["id"]
    change(path, "UPDATE identities SET version = 99 WHERE id = ?", damaged)
    change(path, "UPDATE identities SET key_id = 'abc' WHERE id = ?", foreign)
    assert await both.rotation().run() == Rotated(10, (damaged,), (foreign,))
    assert {(one.id, one.why) for one in await both.restore().refused()} == {
        (damaged, "changed"),
        (foreign, "other_key"),
    }


async def test_a_full_disk_changes_nothing_and_loses_nothing(
    both: SqliteIdentityStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    await both.list()
    monkeypatch.setattr("stream_verifier.identities.ledger_file.os.fsync", full)
    with pytest.raises(StoreError, match="free some space"):
        await both.rotation().run()
    monkeypatch.undo()
    await _assert_all_under(path, KEY)
    await both.rotation().run()
    await _assert_all_under(path, OTHER_KEY)


async def test_what_somebody_wrote_in_place_of_an_id_stops_nothing(
    both: SqliteIdentityStore, path: Path
) -> None:
    put = "INSERT INTO identities SELECT ?, ?, version, model_id, key_id, wrapped_key, "
    put += "sealed_profile, sealed_reference FROM identities WHERE id = ?"
    marks = [bytes([255, number]) for number in range(7)]
    ids = [f"\xff{mark[1]}" if is_on_server(path) else mark for mark in marks]
    for row_id, mark in zip(ids, marks, strict=True):
        change(path, put, row_id, bytes(30) + mark, rows(path)[0]["id"])
    done = await asyncio.wait_for(both.rotation().run(), 60)
    assert done == Rotated(12, tuple(ids))


async def test_without_the_old_key_it_does_not_begin(path: Path) -> None:
    store = store_at(path, OTHER_KEY)
    with pytest.raises(KeyMismatchError, match="give back the key"):
        await store.rotation().run()
    await store.close()
    await _assert_all_under(path, KEY)


async def test_killed_it_goes_on_where_it_was(path: Path, tmp_path: Path) -> None:
    for kill_at in (1, 2):
        ended = run_apart(killed_rotation.main, path, kill_at, said=tmp_path / "said")
        assert ended == -signal.SIGKILL
        store = store_at(path, KEY, OTHER_KEY)
        assert len(await store.list()) == 12
        assert (await store.rotation().keys()).current == OTHER_KEY.key_id
        await store.close()
    assert {row["key_id"] for row in rows(path)} == {KEY.key_id, OTHER_KEY.key_id}
    store = store_at(path, OTHER_KEY, KEY)
    assert (await store.rotation().run()).rewrapped == 9
    await store.close()
    await _assert_all_under(path, OTHER_KEY)


async def test_the_trail_tells_of_its_beginning_and_its_end(both: SqliteIdentityStore) -> None:
    await both.rotation().run(actor=Actor("uid 1", "command line"))
    await both.rotation().run()
    told = [
        one for one in await both.audit.page(limit=99) if one.fields["kind"] == Kind.KEY_ROTATED
    ]
    assert [one.fields["details"] for one in told] == [
        {"from": KEY.key_id, "to": OTHER_KEY.key_id, "done": False},
        {"to": OTHER_KEY.key_id, "done": True, "records": 12},
        {"to": OTHER_KEY.key_id, "done": True, "records": 0},
    ]
