from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import errno
import itertools
import os
import sqlite3
import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

from model.runtime.reference_format import reference_to_bytes
from stream_verifier.errors import (
    ConsentError,
    IdentityError,
    IdentityExistsError,
    KeyMismatchError,
    LedgerError,
    RefusedRecordError,
    SettingsError,
    StaleReferenceError,
    StoreError,
    UnknownIdentityError,
)
from stream_verifier.identities.origin import Origin
from stream_verifier.identities.sqlite import SqliteIdentityStore
from stream_verifier.identities.store import Change, IdentityStore
from tests.support.places import in_a_file
from tests.support.stores import (
    AUDIT_KEY,
    CONSENT,
    MODEL,
    OTHER_KEY,
    assert_same,
    bytes_below,
    change,
    ledger_of,
    made_reference,
    parts_of,
    put_row,
    ring,
    rows,
    store_at,
)


def _bytes_on_disk(path: Path) -> bytes:
    return bytes_below(path.parent)


def _overwrite_from(path: Path, offset: int) -> None:
    whole = path.read_bytes() if path.exists() else b""
    path.write_bytes(whole[:offset] + b"\xa5" * max(len(whole) - offset, 8192))


async def test_gives_back_what_was_stored(store: IdentityStore) -> None:
    before = datetime.now(UTC)
    added = await store.add("ada", made_reference(), CONSENT)
    assert_same(await store.reference("ada", model_id=MODEL), made_reference())
    got = await store.get("ada")
    assert got == added
    assert (got.name, got.consent, got.model_id) == ("ada", CONSENT, MODEL)
    assert (got.face_count, got.speech_s) == (5, 9.5)
    assert before <= got.created_at <= before + timedelta(minutes=5)


async def test_lists_by_name(store: IdentityStore) -> None:
    assert await store.list() == []
    for name in ("linus", "ada", "grace"):
        await store.add(name, made_reference(), CONSENT)
    assert [identity.name for identity in await store.list()] == ["ada", "grace", "linus"]


@in_a_file
async def test_outlives_its_store(store: IdentityStore, path: Path) -> None:
    await store.add("ada", made_reference(), CONSENT)
    await store.close()
    again = SqliteIdentityStore(
        f"sqlite:///{path}", ring(), ledger=ledger_of(path), audit_key=AUDIT_KEY
    )
    assert_same(await again.reference("ada", model_id=MODEL), made_reference())
    await again.close()
    await again.close()


async def test_keeps_identities_in_memory_too() -> None:
    store = SqliteIdentityStore("sqlite+aiosqlite://", ring())
    await store.add("ada", made_reference(), CONSENT)
    assert [identity.name for identity in await store.list()] == ["ada"]
    await store.close()


async def test_two_spellings_are_one_name(store: IdentityStore) -> None:
    await store.add("Rene\u0301e", made_reference(), CONSENT)
    assert (await store.get("Ren\u00e9e")).name == "Ren\u00e9e"


async def test_a_bad_name_is_refused(store: IdentityStore) -> None:
    for call in (store.get, store.delete):
        with pytest.raises(IdentityError):
            await call("../etc/passwd")


async def test_nobody_is_stored_without_consent(store: IdentityStore) -> None:
    with pytest.raises(ConsentError):
        await store.add("ada", made_reference(), None)  # type: ignore[arg-type]
    assert await store.list() == []


async def test_a_name_is_replaced_only_on_request(store: IdentityStore) -> None:
    first = await store.add("ada", made_reference(1), CONSENT)
    with pytest.raises(IdentityExistsError, match="replace"):
        await store.add("ada", made_reference(2), CONSENT)
    assert_same(await store.reference("ada", model_id=MODEL), made_reference(1))
    second = await store.add("ada", made_reference(3), CONSENT, replace=True)
    assert second.id != first.id
    assert await store.list() == [second]
    assert_same(await store.reference("ada", model_id=MODEL), made_reference(3))


async def test_a_record_says_by_whom_and_in_whose_place(store: IdentityStore) -> None:
    first = await store.add("ada", made_reference(1), CONSENT)
    assert (first.origin, first.replaces) == (None, None)
    origin = Origin(way="call", by="9f3a", supervised=True, replaced_similarity=0.75)
    second = await store.add("ada", made_reference(2), CONSENT, replace=True, origin=origin)
    assert await store.get("ada") == second
    assert (second.origin, second.replaces) == (origin, first.id)
    assert second.version > first.version


async def test_only_the_one_who_was_there_is_replaced(store: IdentityStore) -> None:
    """What a long enrolment began with may be gone when it ends."""
    first = await store.add("ada", made_reference(1), CONSENT)
    second = await store.add("ada", made_reference(2), CONSENT, replace=True, replaces=first.id)
    with pytest.raises(IdentityExistsError):
        await store.add("ada", made_reference(3), CONSENT, replace=True, replaces=first.id)
    assert await store.get("ada") == second
    await store.delete("ada")
    with pytest.raises(UnknownIdentityError, match="deleted meanwhile"):
        await store.add("ada", made_reference(3), CONSENT, replace=True, replaces=second.id)
    assert await store.list() == []


async def test_one_who_does_not_wait_leaves_nothing_half_done(
    store: SqliteIdentityStore, path: Path
) -> None:
    for number in range(6):
        task = asyncio.create_task(store.add(f"person {number}", made_reference(1), CONSENT))
        await asyncio.sleep(0.002 * number)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    await store.close()
    again = store_at(path)
    assert {one.name for one in await again.list()} == {f"person {number}" for number in range(6)}
    assert await again.restore().refused() == []
    await again.close()


async def test_unknown_names(store: IdentityStore) -> None:
    await store.add("ada", made_reference(), CONSENT)
    with pytest.raises(UnknownIdentityError, match="enrol first"):
        await store.get("grace")
    with pytest.raises(UnknownIdentityError):
        await store.reference("grace", model_id=MODEL)
    with pytest.raises(UnknownIdentityError):
        await store.delete("grace")


async def test_a_reference_of_another_model_is_stale(store: IdentityStore) -> None:
    await store.add("ada", made_reference(), CONSENT)
    with pytest.raises(StaleReferenceError, match="enrol again"):
        await store.reference("ada", model_id="towers-2")


async def test_nothing_personal_is_in_the_clear(store: IdentityStore, path: Path) -> None:
    reference = made_reference()
    await store.add("Ada Lovelace", reference, CONSENT)
    content = _bytes_on_disk(path)
    for secret in (
        b"Ada",
        b"Lovelace",
        b"agree",
        b"support",
        CONSENT.text_sha256.encode(),
        reference.face.tobytes()[:16],
        reference.voice.tobytes()[:16],
        reference_to_bytes(reference)[-16:],
    ):
        assert secret not in content


@in_a_file
async def test_deletion_leaves_no_trace_on_disk(store: IdentityStore, path: Path) -> None:
    """Ciphertext and name hash go, with pages split and joined around them.

    Of the id, which is random and never used again, the audit trail tells.
    """
    for number in range(60):
        await store.add(f"person {number}", made_reference(number), CONSENT)
    before = rows(path)
    for number in itertools.chain(range(0, 60, 3), range(1, 60, 3)):
        await store.delete(f"person {number}")
    kept = {row["id"] for row in rows(path)}
    content = _bytes_on_disk(path)
    # Looked up rather than searched for: thousands of searches through all of it take seconds.
    found = {content[at : at + 16] for at in range(len(content) - 15)}
    gone = [row for row in before if row["id"] not in kept]
    assert (len(gone), len(kept)) == (40, 20)
    for row in before:
        for column in ("name_lookup", "wrapped_key", "sealed_profile", "sealed_reference"):
            value = row[column]
            pieces = [value[at : at + 16] for at in range(0, len(value) - 15, 16)]
            if row["id"] in kept:
                assert pieces[0] in found
            else:
                assert found.isdisjoint(pieces), column


@in_a_file
async def test_replacing_leaves_no_trace_either(store: IdentityStore, path: Path) -> None:
    await store.add("ada", made_reference(1), CONSENT)
    (old,) = rows(path)
    await store.add("ada", made_reference(2), CONSENT, replace=True)
    content = _bytes_on_disk(path)
    for value in (old["sealed_profile"], old["sealed_reference"]):
        assert value[:16] not in content
        assert value[-16:] not in content


@in_a_file
async def test_files_are_for_their_owner_only(store: IdentityStore, path: Path) -> None:
    await store.add("ada", made_reference(), CONSENT)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.rglob("*")} == {
        "identities.db": 0o600,
        "identities.ledger": 0o600,
        "identities.ledger.d": 0o700,
        parts_of(path)[0].name: 0o600,
        "identities.ledger.lock": 0o600,
    }


async def test_another_key_is_named_as_the_fault(store: IdentityStore, path: Path) -> None:
    await store.add("ada", made_reference(), CONSENT)
    other = store_at(path, OTHER_KEY)
    for call in (
        other.list(),
        other.get("ada"),
        other.reference("ada", model_id=MODEL),
        other.delete("ada"),
        other.add("grace", made_reference(), CONSENT),
        other.add("ada", made_reference(), CONSENT, replace=True),
    ):
        with pytest.raises(KeyMismatchError, match="give back the key"):
            await call
    await other.close()
    assert [identity.name for identity in await store.list()] == ["ada"]


async def test_another_schema_version_is_refused(store: IdentityStore, path: Path) -> None:
    await store.add("ada", made_reference(), CONSENT)
    change(path, "UPDATE stream_verifier_schema SET version = 99")
    other = store_at(path)
    with pytest.raises(StoreError, match="version 99"):
        await other.list()
    await other.close()


async def test_many_at_once(store: IdentityStore, path: Path) -> None:
    other = store_at(path)
    names = [f"person {number}" for number in range(12)]
    await asyncio.gather(
        *(
            one.add(name, made_reference(), CONSENT)
            for one, name in zip(itertools.cycle([store, other]), names, strict=False)
        )
    )
    outcomes = await asyncio.gather(
        *(one.add("same", made_reference(), CONSENT) for one in [store, other] * 4),
        *(store.get(name) for name in names),
        return_exceptions=True,
    )
    failures = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    assert [type(failure) for failure in failures] == [IdentityExistsError] * 7
    assert len(await other.list()) == 13
    await other.close()


@in_a_file
async def test_what_is_no_database_is_said(path: Path) -> None:
    path.parent.mkdir()
    _overwrite_from(path, 0)
    store = store_at(path)
    with pytest.raises(StoreError, match="no SQLite database"):
        await store.list()
    await store.close()


@in_a_file
async def test_what_cannot_be_opened_leaves_no_thread_behind(path: Path) -> None:
    """One that still has something to say finds a command's event loop closed."""
    path.parent.mkdir()
    _overwrite_from(path, 0)
    store = store_at(path)
    before = _own_threads()
    for _ in range(20):
        with pytest.raises(StoreError, match="no SQLite database"):
            await store.list()
        assert _own_threads() == before
    await store.close()


def _own_threads() -> set[threading.Thread]:
    """All but those of the event loop's pool, which stay."""
    return {one for one in threading.enumerate() if not one.name.startswith("asyncio_")}


@in_a_file
async def test_a_damaged_database_is_said(store: IdentityStore, path: Path) -> None:
    for number in range(20):
        await store.add(f"person {number}", made_reference(number), CONSENT)
    _overwrite_from(path, 4096)
    with pytest.raises(StoreError, match="damaged"):
        await store.list()


@in_a_file
async def test_a_read_only_database_is_said(store: SqliteIdentityStore) -> None:
    await store.add("ada", made_reference(), CONSENT)
    _on_connect(store, "PRAGMA query_only=ON")
    with pytest.raises(StoreError, match="cannot be written"):
        await store.delete("ada")
    assert (await store.get("ada")).name == "ada"


@in_a_file
async def test_a_full_disk_is_said_and_harms_nothing(store: SqliteIdentityStore) -> None:
    await store.add("ada", made_reference(), CONSENT)
    _on_connect(store, "PRAGMA max_page_count=1")  # SQLite rounds it up to the present size.
    with pytest.raises(StoreError, match="disk is full"):
        for number in range(20):
            await store.add(f"person {number}", made_reference(number), CONSENT)
    assert_same(await store.reference("ada", model_id=MODEL), made_reference())


@in_a_file
async def test_a_locked_database_is_said(
    path: Path, monkeypatch: pytest.MonkeyPatch, store: IdentityStore
) -> None:
    await store.add("ada", made_reference(), CONSENT)
    monkeypatch.setattr("stream_verifier.identities.database.BUSY_TIMEOUT_S", 0.05)
    impatient = store_at(path)
    blocker = sqlite3.connect(path)
    blocker.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreError, match="locked"):
        await impatient.add("grace", made_reference(), CONSENT)
    blocker.rollback()
    blocker.close()
    await impatient.add("grace", made_reference(), CONSENT)
    await impatient.close()


async def test_a_full_disk_at_the_first_use_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: Path) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("stream_verifier.identities.database.open_private", full)
    url, ledger = f"sqlite+aiosqlite:///{tmp_path}/identities.db", tmp_path / "ledger"
    store = SqliteIdentityStore(url, ring(), ledger=ledger, audit_key=AUDIT_KEY)
    with pytest.raises(StoreError, match="cannot be opened.*free some space"):
        await store.list()
    monkeypatch.undo()
    assert await store.list() == []
    await store.close()


async def test_a_place_that_cannot_be_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    url, ledger = f"sqlite+aiosqlite:///{tmp_path}/file/identities.db", tmp_path / "ledger"
    store = SqliteIdentityStore(url, ring(), ledger=ledger, audit_key=AUDIT_KEY)
    with pytest.raises(StoreError, match="cannot be opened"):
        await store.list()
    await store.close()
    url, ledger = f"sqlite+aiosqlite:///{tmp_path}/identities.db", tmp_path / "file" / "ledger"
    store = SqliteIdentityStore(url, ring(), ledger=ledger, audit_key=AUDIT_KEY)
    with pytest.raises(LedgerError, match="name another place"):
        await store.list()
    await store.close()


@pytest.mark.parametrize("url", ["", "nonsense", "cobol://here/db"])
def test_a_url_of_no_use_is_refused(url: str) -> None:
    with pytest.raises(SettingsError):
        SqliteIdentityStore(url, ring())


def test_a_store_that_stays_needs_a_ledger(path: Path) -> None:
    with pytest.raises(SettingsError, match="ledger"):
        SqliteIdentityStore(f"sqlite+aiosqlite:///{path}", ring())


@in_a_file
async def test_messages_hold_no_names_and_no_data(store: SqliteIdentityStore) -> None:
    await store.add("ada", made_reference(), CONSENT)
    _on_connect(store, "PRAGMA query_only=ON")
    with pytest.raises(StoreError) as caught:
        await store.add("Grace Hopper", made_reference(), CONSENT)
    assert "Grace" not in str(caught.value) + str(caught.value.__cause__)


def _on_connect(store: SqliteIdentityStore, pragma: str) -> None:
    """Have SQLite itself refuse, as it does on a bad disk; root may write anywhere."""

    def run(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute(pragma)

    event.listen(store._books.engine.sync_engine, "connect", run)


async def test_a_reference_of_another_format_is_said(
    store: SqliteIdentityStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "stream_verifier.identities.record.reference_to_bytes", lambda _: b"from the future"
    )
    await store.add("ada", made_reference(), CONSENT)
    with pytest.raises(StoreError, match="enrol again"):
        await store.reference("ada", model_id=MODEL)


async def test_a_reference_is_renewed_without_the_person(
    store: SqliteIdentityStore, path: Path
) -> None:
    """Whoever calls as that person notices nothing; copies of the old record are refused."""
    told: list[Change] = []
    stop = store.watch(told.append)
    before = await store.add("ada", made_reference(1), CONSENT)
    (old,) = rows(path)
    after = await store.renew("ada")
    assert after == dataclasses.replace(before, version=before.version + 1)
    assert await store.get("ada") == after
    assert_same(await store.reference("ada", model_id=MODEL), made_reference(1))
    content = _bytes_on_disk(path)
    for column in ("wrapped_key", "sealed_profile", "sealed_reference"):
        assert old[column][:16] not in content
    await asyncio.sleep(0.1)
    assert {change.what for change in told} == {"renewed"}
    stop()
    put_row(path, old)
    with pytest.raises(RefusedRecordError, match="replaced since"):
        await store.get("ada")
    with pytest.raises(UnknownIdentityError):
        await store.renew("grace")
