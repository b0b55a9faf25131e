from __future__ import annotations

import errno
import os
import shutil
import stat
from pathlib import Path

import pytest

from stream_verifier.errors import KeyMismatchError, LedgerError
from stream_verifier.identities.ledger import Entry, Ledger, Pending, from_bytes
from stream_verifier.identities.ledger_file import LedgerFile
from stream_verifier.identities.vault import Vault
from tests.support.stores import KEY, OTHER_KEY, SECRET, made_vault, ring

ADA = "0a" * 32
FIRST, SECOND = Entry(1, "a" * 32), Entry(2, "b" * 32)
OLD = Ledger(1, {ADA: FIRST})
BEGUN = Ledger(2, {ADA: FIRST}, Pending(ADA, SECOND))
SETTLED = Ledger(2, {ADA: SECOND})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "identities.ledger"


@pytest.fixture
def place(path: Path) -> LedgerFile:
    place = LedgerFile(path, made_vault())
    lock = place.try_lock()
    assert lock is not None
    lock.close()
    place.write(OLD)
    return place


def test_another_process_reads_what_was_written(place: LedgerFile, path: Path) -> None:
    other = LedgerFile(path, made_vault())
    assert other.read() == OLD
    place.begin(BEGUN, SETTLED)
    assert other.read() == BEGUN
    place.finish()
    assert other.read() == SETTLED


def test_what_did_not_change_is_not_read_again(place: LedgerFile, path: Path) -> None:
    known = place.read()
    assert place.read() is known
    LedgerFile(path, made_vault()).write(SETTLED)
    shutil.copystat(path, path)
    assert place.read() == SETTLED


def test_files_are_for_their_owner_only_and_none_is_left_over(
    place: LedgerFile, path: Path
) -> None:
    place.begin(BEGUN, SETTLED)
    place.finish()
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert {one.name: stat.S_IMODE(one.stat().st_mode) for one in path.parent.iterdir()} == {
        "identities.ledger": 0o600,
        "identities.ledger.lock": 0o600,
    }


def test_it_brings_the_secret_and_the_key_with_it(place: LedgerFile, path: Path) -> None:
    vault = Vault(ring(OTHER_KEY, KEY))
    assert LedgerFile(path, vault).read() == OLD
    assert vault.key_id == KEY.key_id
    assert vault.lookup("ada") == made_vault().lookup("ada")
    assert SECRET not in path.read_bytes()
    assert SECRET.hex().encode() not in path.read_bytes()


def test_a_device_is_asked_for_the_secret_once(
    place: LedgerFile, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault, asked = Vault(ring()), []
    unwrap = KEY.unwrap

    def counted(wrapped: bytes, context: bytes) -> bytes:
        asked.append(context)
        return unwrap(wrapped, context)

    monkeypatch.setattr(KEY, "unwrap", counted)
    monkeypatch.setattr(KEY, "wrap", lambda *_: pytest.fail("it is wrapped already"))
    other = LedgerFile(path, vault)
    assert other.read() == OLD
    for ledger in (SETTLED, OLD):
        other.write(ledger)
        assert other.read() == ledger
    assert len(asked) == 1


def test_nobody_without_the_key_can_bring_another_secret(place: LedgerFile, path: Path) -> None:
    forger = made_vault(OTHER_KEY)
    forger.adopt(b"f" * 32)
    LedgerFile(path.with_name("forged"), forger).write(OLD)
    other = from_bytes(path.with_name("forged").read_bytes())
    mine = from_bytes(path.read_bytes())
    path.write_bytes(
        path.with_name("forged")
        .read_bytes()
        .replace(other.key_ids[0].encode(), mine.key_ids[0].encode())
    )
    with pytest.raises(LedgerError, match="changed"):
        LedgerFile(path, Vault(ring())).read()


def test_what_a_crash_left_is_tidied_away(place: LedgerFile, path: Path) -> None:
    place.begin(BEGUN, SETTLED)
    place.tidy()
    assert {one.name for one in path.parent.iterdir()} == {
        "identities.ledger",
        "identities.ledger.lock",
    }


def test_there_may_be_none(path: Path) -> None:
    assert LedgerFile(path, made_vault()).read() is None


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\xff" * 300])
def test_what_is_no_ledger_is_said(place: LedgerFile, path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(LedgerError, match="it is no ledger: put the right one back.*accept"):
        place.read()


def test_one_that_was_changed_is_said(place: LedgerFile, path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b'"counter":1', b'"counter":9'))
    with pytest.raises(LedgerError, match="was changed"):
        LedgerFile(path, made_vault()).read()


def test_another_key_is_said(place: LedgerFile, path: Path) -> None:
    with pytest.raises(KeyMismatchError, match="give back the key"):
        LedgerFile(path, made_vault(OTHER_KEY)).read()


def test_one_holds_the_lock(place: LedgerFile, path: Path) -> None:
    other = LedgerFile(path, made_vault())
    lock = place.try_lock()
    assert lock is not None
    assert other.try_lock() is None
    lock.close()
    with other.try_lock() or pytest.fail("the lock was not given back"):
        assert place.try_lock() is None


@pytest.mark.parametrize(
    ("name", "call"), [("open", 1), ("open", 2), ("fsync", 1), ("fsync", 2), ("replace", 1)]
)
def test_a_full_disk_leaves_the_old_one(
    place: LedgerFile, path: Path, monkeypatch: pytest.MonkeyPatch, name: str, call: int
) -> None:
    """Wherever the disk is full, all is as before; the last write of all needs no room."""
    calls = 0
    whole = getattr(os, name)

    def full(*args: object, **kwargs: object) -> object:
        nonlocal calls
        calls += 1
        if calls == call:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return whole(*args, **kwargs)

    monkeypatch.setattr(f"stream_verifier.identities.ledger_file.os.{name}", full)
    with pytest.raises(LedgerError, match="free some space"):
        place.begin(BEGUN, SETTLED)
    monkeypatch.undo()
    assert LedgerFile(path, made_vault()).read() == OLD
    assert {one.suffix for one in path.parent.iterdir()} <= {".ledger", ".lock"}


def test_a_place_that_cannot_be_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerError, match="name another place"):
        LedgerFile(tmp_path / "file" / "identities.ledger", made_vault()).try_lock()
