"""A new model for people who stay enrolled."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from model.runtime.adapter import Adapters
from model.types import Reference
from stream_verifier.audit.deed import Actor, Kind
from stream_verifier.audit.entry import EntryFields
from stream_verifier.errors import StaleReferenceError, StoreError
from stream_verifier.identities import batches
from stream_verifier.identities.moving import Moved
from stream_verifier.identities.sqlite import SqliteIdentityStore
from tests.support import killed_move
from tests.support.adapters import NEW, adapters, made_adapter
from tests.support.forking import run_apart
from tests.support.places import EVERYWHERE, in_a_file, place
from tests.support.stores import (
    CONSENT,
    KEY,
    MODEL,
    OTHER_KEY,
    assert_same,
    change,
    made_reference,
    put_row,
    rows,
    store_at,
)

ADAPTERS = adapters()
OPERATOR = Actor("uid 1000", "command line")


def moved(seed: int) -> Reference:
    return made_adapter().adapt(made_reference(seed))


async def read(store: SqliteIdentityStore, name: str, using: Adapters = ADAPTERS) -> Reference:
    return await store.reference(name, model_id=NEW, adapters=using)


async def fill(store: SqliteIdentityStore, count: int, model: str = MODEL) -> None:
    for seed in range(count):
        await store.add(f"person {seed}", made_reference(seed, model), CONSENT)


async def told(
    store: SqliteIdentityStore, kind: Kind = Kind.REFERENCE_MIGRATED
) -> list[EntryFields]:
    entries = await store.audit.page(limit=1000)
    return [one.fields for one in entries if one.fields["kind"] == kind]


async def test_everybody_comes_to_the_new_model(
    store: SqliteIdentityStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "SIZE", 2)
    await fill(store, 5)
    await store.add("new", made_reference(9, NEW), CONSENT)
    seen: list[tuple[int, int]] = []
    before = {one.name: one for one in await store.list()}
    done = await store.moving(ADAPTERS).run(lambda *now: seen.append(now), actor=OPERATOR)
    assert done == Moved({MODEL: 5}, present=1)
    assert seen == [(0, 5), (2, 5), (4, 5), (5, 5)]
    for one in await store.list():
        was = before[one.name]
        if one.name == "new":
            assert one == was
            continue
        assert one == replace(was, model_id=NEW, adapted_from=(MODEL,))
        reference = await read(store, one.name)
        assert_same(reference, moved(int(one.name[-1])))
        assert reference.adapted_from == (MODEL,)
    assert await store.restore().refused() == []
    assert await store.moving(ADAPTERS).run() == Moved(present=6)


async def test_each_move_is_an_entry(store: SqliteIdentityStore) -> None:
    await fill(store, 2)
    await store.moving(ADAPTERS).run(actor=OPERATOR)
    entries = await told(store)
    assert len(entries) == 2
    ids = {one.id for one in await store.list()}
    assert {one["details"]["identity"] for one in entries} == ids
    for one in entries:
        assert one["actor"]["token"] == "uid 1000"
        details = one["details"]
        assert (details["from"], details["to"], details["enrolled_with"]) == (MODEL, NEW, MODEL)


async def test_a_dry_run_changes_nothing_and_tells_the_same(
    store: SqliteIdentityStore, path: Path
) -> None:
    await fill(store, 3)
    await store.add("other", made_reference(4, "towers-0"), CONSENT)
    await store.close()
    before = {one: one.read_bytes() for one in sorted(path.parent.rglob("*")) if one.is_file()}
    looked = await store.moving(ADAPTERS).run(dry_run=True)
    await store.close()
    assert {one: one.read_bytes() for one in before} == before
    assert looked.moved == {MODEL: 3}
    assert await store.moving(ADAPTERS).run() == looked


async def test_what_cannot_be_moved_is_told_and_stays(
    store: SqliteIdentityStore, path: Path
) -> None:
    await fill(store, 1)
    await store.add("strange", made_reference(1, "towers-0"), CONSENT)
    await store.add("withdrawn", made_reference(2), CONSENT)
    await store.withdraw_consent("withdrawn")
    await store.add("changed", made_reference(3), CONSENT)
    ids = {one.name: one.id for one in await store.list()}
    change(path, "UPDATE identities SET sealed_reference = x'00' WHERE id = ?", ids["changed"])
    change(path, "UPDATE identities SET model_id = ? WHERE id = ?", "towers-7", ids["changed"])
    before = {row["id"]: tuple(row) for row in rows(path)}
    done = await store.moving(ADAPTERS).run()
    assert done.moved == {MODEL: 1}
    assert done.left == {
        "no_adapter": (ids["strange"],),
        "consent_not_in_force": (ids["withdrawn"],),
        "refused": (ids["changed"],),
    }
    for row in rows(path):
        assert (before[row["id"]] == tuple(row)) == (row["id"] != ids["person 0"])


async def test_nothing_is_moved_twice_without_a_word(store: SqliteIdentityStore) -> None:
    await fill(store, 1)
    await store.moving(ADAPTERS).run()
    newest = adapters(made_adapter(NEW, "towers-3", seed=2))
    (identity,) = await store.list()
    assert (await store.moving(newest).run()).left == {"moved_before": (identity.id,)}
    with pytest.raises(StaleReferenceError, match=f"another model .{MODEL}. .*--again"):
        await store.reference("person 0", model_id="towers-3", adapters=newest)
    assert (await store.moving(newest).run(again=True)).moved == {NEW: 1}
    again = await store.reference("person 0", model_id="towers-3", adapters=newest)
    assert again.adapted_from == (MODEL, NEW)
    assert (await store.list())[0].adapted_from == (MODEL, NEW)
    assert [one["details"]["enrolled_with"] for one in await told(store)] == [MODEL, MODEL]


async def test_both_models_are_served_side_by_side(store: SqliteIdentityStore) -> None:
    """Servers of the new release move as they read; those of the old one find what they know."""
    await fill(store, 1)
    (before,) = await store.list()
    assert_same(await read(store, "person 0"), moved(0))
    assert (await read(store, "person 0")).adapted_from == (MODEL,)
    assert_same(await store.reference("person 0", model_id=MODEL), made_reference(0))
    assert await store.list() == [before]
    await store.moving(ADAPTERS).run()
    assert_same(await read(store, "person 0"), moved(0))
    with pytest.raises(StaleReferenceError) as caught:
        await store.reference("person 0", model_id=MODEL)
    assert caught.value.code == "reference_of_another_model"


async def test_without_an_adapter_nobody_is_moved_or_served(store: SqliteIdentityStore) -> None:
    await fill(store, 1)
    none = Adapters(NEW)
    for using in (none, None):
        with pytest.raises(StaleReferenceError, match="another model .towers-1.*enrol again"):
            await store.reference("person 0", model_id=NEW, adapters=using)
    (identity,) = await store.list()
    assert (await store.moving(none).run()).left == {"no_adapter": (identity.id,)}


async def test_who_accepts_no_moved_references_is_given_none(store: SqliteIdentityStore) -> None:
    await fill(store, 1)
    await store.moving(ADAPTERS).run()
    with pytest.raises(StaleReferenceError, match="not accepted here: enrol again"):
        await store.reference("person 0", model_id=NEW)


async def test_enrolling_again_ends_it(store: SqliteIdentityStore) -> None:
    await fill(store, 1)
    await store.moving(ADAPTERS).run()
    await store.add("person 0", made_reference(7, NEW), CONSENT, replace=True)
    assert (await store.get("person 0")).adapted_from == ()
    assert_same(await store.reference("person 0", model_id=NEW), made_reference(7, NEW))


async def test_a_renewed_reference_still_tells_where_it_came_from(
    store: SqliteIdentityStore,
) -> None:
    await fill(store, 1)
    await store.moving(ADAPTERS).run()
    await store.renew("person 0")
    await store.renew_consent("person 0", CONSENT)
    assert (await store.get("person 0")).adapted_from == (MODEL,)
    assert (await read(store, "person 0")).adapted_from == (MODEL,)


async def test_a_copy_from_before_is_moved_again(store: SqliteIdentityStore, path: Path) -> None:
    """It is the same person's reference under the same consent, as of a backup from before."""
    await fill(store, 1)
    (old,) = rows(path)
    await store.moving(ADAPTERS).run()
    put_row(path, old)
    assert await store.restore().refused() == []
    assert_same(await read(store, "person 0"), moved(0))
    assert (await store.moving(ADAPTERS).run()).moved == {MODEL: 1}
    # One that somebody agreed to anew since is older than what the ledger names.
    await store.renew_consent("person 0", CONSENT)
    put_row(path, old)
    assert [one.why for one in await store.restore().refused()] == ["replaced"]
    assert list((await store.moving(ADAPTERS).run()).left) == ["refused"]


async def test_a_backup_gives_moved_references_back(store: SqliteIdentityStore, path: Path) -> None:
    await fill(store, 2)
    await store.moving(ADAPTERS).run()
    await store.backup().write(path.with_name("after.backup"))
    change(path, "DELETE FROM identities")
    await store.backup().put_back(path.with_name("after.backup"))
    for seed in range(2):
        assert_same(await read(store, f"person {seed}"), moved(seed))


async def test_the_key_may_change_before_and_after(path: Path) -> None:
    store = store_at(path)
    await fill(store, 2)
    await store.close()
    both = store_at(path, OTHER_KEY, KEY)
    assert (await both.moving(ADAPTERS).run()).moved == {MODEL: 2}
    await both.rotation().run()
    await both.close()
    alone = store_at(path, OTHER_KEY)
    for seed in range(2):
        assert_same(await read(alone, f"person {seed}"), moved(seed))
    await alone.close()


async def test_a_server_beside_it_sees_all_of_the_old_or_all_of_the_new(
    store: SqliteIdentityStore, path: Path
) -> None:
    await fill(store, 4)
    server = store_at(path)
    migrating = asyncio.create_task(store.moving(ADAPTERS).run())
    looks = 0
    while not migrating.done():
        for seed in range(4):
            assert_same(await read(server, f"person {seed}"), moved(seed))
            looks += 1
        await server.add("guest", made_reference(8, NEW), CONSENT)
        await server.delete("guest")
    assert migrating.result().moved == {MODEL: 4}
    assert looks >= 4
    await server.close()


async def test_who_is_deleted_or_changed_meanwhile_stays_so(
    store: SqliteIdentityStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(store, 4)
    run = store.moving(ADAPTERS)
    write = run._write

    async def after_changes(moves: list[Any]) -> list[Any]:
        await store.delete("person 0")
        await store.withdraw_consent("person 1")
        # Its id comes before all others, so that this run does not meet the new record.
        monkeypatch.setattr("stream_verifier.identities.sqlite.uuid.uuid4", lambda: UUID(int=0))
        await store.add("person 2", made_reference(7), CONSENT, replace=True)
        return await write(moves)

    monkeypatch.setattr(run, "_write", after_changes)
    done = await run.run()
    assert (done.moved, done.gone) == ({MODEL: 1}, 3)
    assert {one.name: one.model_id for one in await store.list()} == {
        "person 1": MODEL,
        "person 2": MODEL,
        "person 3": NEW,
    }
    assert len(await told(store)) == 1
    again = await store.moving(ADAPTERS).run()
    assert again.moved == {MODEL: 1}
    assert list(again.left) == ["consent_not_in_force"]
    assert_same(await read(store, "person 2"), moved(7))


async def test_who_is_deleted_between_two_looks_is_not_refused(
    store: SqliteIdentityStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(store, 3)
    beside = store_at(path)
    looked = batches._next

    async def then_deleted(*asked: Any) -> Any:
        found = await looked(*asked)
        if found and asked[-1] == "":
            await beside.delete("person 1")
        return found

    monkeypatch.setattr(batches, "_next", then_deleted)
    done = await store.moving(ADAPTERS).run(actor=OPERATOR)
    await beside.close()
    assert done == Moved({MODEL: 2}, gone=1)


async def test_a_key_that_changes_meanwhile_is_the_one_that_holds(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = store_at(path)
    await fill(first, 2)
    await first.close()
    store = store_at(path, OTHER_KEY, KEY)
    run = store.moving(ADAPTERS)
    write = run._write

    async def after_rotation(moves: list[Any]) -> list[Any]:
        await store.rotation().run()
        return await write(moves)

    monkeypatch.setattr(run, "_write", after_rotation)
    assert (await run.run()).gone == 2
    assert {row["key_id"] for row in rows(path)} == {OTHER_KEY.key_id}
    assert (await store.moving(ADAPTERS).run()).moved == {MODEL: 2}
    assert {row["key_id"] for row in rows(path)} == {OTHER_KEY.key_id}
    await store.close()


async def test_a_consent_that_lapses_is_looked_at_when_its_turn_comes(
    store: SqliteIdentityStore,
) -> None:
    over = replace(CONSENT, expires_at=datetime.now(UTC) - timedelta(days=1))
    await store.add("ada", made_reference(0), over)
    assert list((await store.moving(ADAPTERS).run()).left) == ["consent_not_in_force"]


@in_a_file
async def test_what_somebody_wrote_into_a_row_stops_nothing(
    store: SqliteIdentityStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(store, 2)
    first, second = sorted(row["id"] for row in rows(path))
    change(path, "UPDATE identities SET name_lookup = 'text' WHERE id = ?", first)
    for number in range(4):
        put = "INSERT INTO identities SELECT ?, ?, version, model_id, key_id, wrapped_key, "
        put += "sealed_profile, sealed_reference FROM identities WHERE id = ?"
        change(path, put, bytes([255, number]), bytes(32) + bytes([number]), second)
    monkeypatch.setattr(batches, "SIZE", 2)
    done = await asyncio.wait_for(store.moving(ADAPTERS).run(), 60)
    assert done.moved == {MODEL: 1}
    assert done.left == {"refused": (first, *(ascii(bytes([255, number])) for number in range(4)))}


async def test_a_full_disk_stops_it_and_what_was_done_holds(
    store: SqliteIdentityStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "SIZE", 2)
    await fill(store, 5)
    whole, calls = store.audit.write, 0

    async def write(*given: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise StoreError("no space left on device")
        return await whole(*given)

    monkeypatch.setattr(store.audit, "write", write)
    with pytest.raises(StoreError, match="no space"):
        await store.moving(ADAPTERS).run()
    assert len(await told(store)) == 2
    assert [one.model_id for one in await store.list()].count(NEW) == 2
    assert (await store.moving(ADAPTERS).run()).moved == {MODEL: 3}
    assert len(await told(store)) == 5


@pytest.mark.parametrize("kind", EVERYWHERE)
async def test_killed_anywhere_it_goes_on(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """The entry is there where the change is, and nowhere else."""
    paths = [place(request, one, kind) for one in killed_move.paths(tmp_path)]
    assert len(paths) == 4
    said = tmp_path / "said"
    assert run_apart(killed_move.main, tmp_path, said=said) == 0, said.read_text()
    for killed in paths:
        store = store_at(killed)
        done = [one for one in await store.list() if one.model_id == NEW]
        entries = await told(store)
        assert {one["details"]["identity"] for one in entries} == {one.id for one in done}
        assert len(done) in (2, 4)
        assert await store.restore().refused() == []
        for seed in range(4):
            assert_same(await read(store, f"person {seed}"), moved(seed))
        rest = {MODEL: 2} if len(done) == 2 else {}
        assert (await store.moving(ADAPTERS).run()).moved == rest
        assert len(await told(store)) == 4
        for seed in range(4):
            assert_same(await read(store, f"person {seed}"), moved(seed))
        await store.close()
