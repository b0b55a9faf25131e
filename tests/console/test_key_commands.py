from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from stream_verifier.console.operator import with_store
from stream_verifier.identities.keys import load_or_create_keys, new_key
from stream_verifier.identities.opening import open_keys
from stream_verifier.identities.sqlite import SqliteIdentityStore
from stream_verifier.settings import load_settings
from tests.support.commands import refused, run
from tests.support.stores import CONSENT, MODEL, assert_same, change, made_reference, rows


@pytest.fixture(autouse=True)
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STREAM_VERIFIER_DATA_DIR", str(tmp_path))
    for name in ("KEY", "OLD_KEYS", "KEY_FILE", "HSM_KEY"):
        monkeypatch.delenv(f"STREAM_VERIFIER_{name}", raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path / "identities.db"


async def _check(store: SqliteIdentityStore) -> None:
    assert_same(await store.reference("ada", model_id=MODEL), made_reference(1))


def _enrol() -> None:
    with_store(load_settings(), lambda store: store.add("ada", made_reference(1), CONSENT))


def _keys() -> list[str]:
    return open_keys(load_settings()).ids


def test_a_key_file_gets_a_new_key_and_loses_the_old_one(path: Path) -> None:
    _enrol()
    (old,) = _keys()
    assert f"{old} " in run("keys", "list")
    printed = run("keys", "rotate")
    (new,) = _keys()
    assert new != old
    assert f"was under key {old} and is under {new}" in printed
    assert "Wrapped 1 records anew" in printed
    assert "make a new one now" in printed
    assert old not in run("keys", "list")
    assert {row["key_id"] for row in rows(path)} == {new}
    with_store(load_settings(), _check)


def test_a_server_that_runs_finds_the_new_key_in_the_file(path: Path) -> None:
    """It was started with the old one, and nobody told it."""

    async def serve(store: SqliteIdentityStore) -> None:
        await store.add("ada", made_reference(1), CONSENT)
        await asyncio.to_thread(run, "keys", "rotate")
        await _check(store)
        await store.add("grace", made_reference(2), CONSENT)

    with_store(load_settings(), serve)
    assert {row["key_id"] for row in rows(path)} == set(_keys())
    with_store(load_settings(), _check)


def test_the_old_key_may_stay_for_backups(tmp_path: Path) -> None:
    _enrol()
    (old,) = load_or_create_keys(tmp_path / "store.key")
    run("keys", "rotate", "--keep-old")
    new, kept = load_or_create_keys(tmp_path / "store.key")
    assert kept == old != new
    run("keys", "rotate", "--keep-old")
    assert len(load_or_create_keys(tmp_path / "store.key")) == 3


def test_keys_from_settings_change_over_and_back(monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = new_key(), new_key()
    monkeypatch.setenv("STREAM_VERIFIER_KEY", old)
    _enrol()
    monkeypatch.setenv("STREAM_VERIFIER_KEY", new)
    assert "give back the key" in refused("keys", "list")
    monkeypatch.setenv("STREAM_VERIFIER_OLD_KEYS", f'["{old}"]')
    assert "what a rotation changes to" in run("keys", "list")
    with_store(load_settings(), _check)
    assert "Wrapped 1 records" in run("keys", "rotate")
    assert "Wrapped 0 records" in run("keys", "rotate")
    monkeypatch.delenv("STREAM_VERIFIER_OLD_KEYS")
    with_store(load_settings(), _check)


def test_what_cannot_be_wrapped_keeps_the_old_key(path: Path, tmp_path: Path) -> None:
    _enrol()
    change(path, "UPDATE identities SET wrapped_key = x'00'")
    assert "are damaged" in run("keys", "rotate", code=3)
    assert len(load_or_create_keys(tmp_path / "store.key")) == 2
    run("identities", "erase-refused", "--yes")
    run("keys", "rotate")
    assert len(load_or_create_keys(tmp_path / "store.key")) == 1


def test_a_renewed_reference_is_the_same_and_its_copies_are_refused(path: Path) -> None:
    _enrol()
    (before,) = rows(path)
    assert "Renewed the reference of ada" in run("identities", "renew", "ada")
    (after,) = rows(path)
    assert before["id"] == after["id"]
    assert before["sealed_reference"] != after["sealed_reference"]
    with_store(load_settings(), _check)
    assert "Nobody is enrolled" in refused("identities", "renew", "grace")
