from __future__ import annotations

import errno
import itertools
import json
import os
import shutil
import stat
from pathlib import Path

import pytest

from stream_verifier.errors import KeyMismatchError, LedgerError
from stream_verifier.identities.ledger import Ledger, Pending, from_bytes, to_json
from stream_verifier.identities.ledger_file import LedgerFile
from stream_verifier.identities.part_files import PartFiles
from stream_verifier.identities.shards import Entry, Shard, Shards
from stream_verifier.identities.vault import Vault
from tests.support.stores import KEY, OTHER_KEY, SECRET, made_vault, ring

ADA = "0a" * 32
FIRST, SECOND = Entry(1, "a" * 32), Entry(2, "b" * 32)
OLD = Ledger(1, Shards.of({ADA: FIRST}))
BEGUN = Ledger(2, Shards.of({ADA: FIRST}), Pending(ADA, SECOND))
SETTLED = Ledger(2, Shards.of({ADA: SECOND}))


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
    (part,) = (one.digest for one in SETTLED.live.parts if one.digest)
    assert {one.name: stat.S_IMODE(one.stat().st_mode) for one in path.parent.rglob("*")} == {
        "identities.ledger": 0o600,
        "identities.ledger.d": 0o700,
        part: 0o600,
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
        "identities.ledger.d",
        "identities.ledger.lock",
    }


def test_parts_of_which_no_ledger_tells_are_swept_away(place: LedgerFile, path: Path) -> None:
    """A crash between the two ledgers leaves what was deleted in a part."""
    place.begin(BEGUN, SETTLED)
    place.finish()
    (part,) = parts(path)
    (path.parent / "identities.ledger.d" / ("0" * 64)).write_bytes(b"what was there before")
    LedgerFile(path, made_vault()).sweep()
    assert parts(path) == [part]
    path.write_bytes(b"torn")
    LedgerFile(path, made_vault()).sweep()
    assert parts(path) == [part], "nobody knows whose it is"


def test_a_change_writes_one_part_and_reading_it_reads_one(
    place: LedgerFile, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = Ledger(900, Shards.of({f"{n:03x}" + "0" * 61: Entry(n, "c" * 32) for n in range(900)}))
    place.write(many)
    other = LedgerFile(path, made_vault())
    other.read()
    before = set(parts(path))
    after = many.begun(ADA, SECOND)
    place.begin(after, after.settled(SECOND))
    place.finish()
    (new,) = set(parts(path)) - before
    read: list[str] = []
    whole = Path.read_bytes

    def noted(one: Path) -> bytes:
        read.append(one.name)
        return whole(one)

    monkeypatch.setattr(Path, "read_bytes", noted)
    assert other.read() == after.settled(SECOND)
    assert read == [new]


def test_one_that_is_read_while_another_takes_its_place(
    place: LedgerFile, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its parts may go between the reading of the ledger and theirs."""
    other = LedgerFile(path, made_vault())
    whole = PartFiles.load

    def overtaken(files: PartFiles, digest: str) -> Shard:
        if digest:
            place.write(SETTLED)
        return whole(files, digest)

    monkeypatch.setattr(PartFiles, "load", overtaken)
    assert other.read() == SETTLED


def test_the_ledger_of_a_release_without_parts_is_read_and_gets_them(
    place: LedgerFile, path: Path
) -> None:
    vault = made_vault()
    body = json.dumps(to_json(OLD)).encode()
    signed = f"{vault.key_id} {vault.wrapped_secret(vault.key_id).hex()}\n".encode() + body
    path.write_bytes(b"stream-verifier-ledger-2 %b\n%b" % (vault.sign(signed).encode(), signed))
    assert LedgerFile(path, made_vault()).read() == OLD
    place.begin(BEGUN, SETTLED)
    assert LedgerFile(path, made_vault()).read() == BEGUN
    place.finish()
    assert LedgerFile(path, made_vault()).read() == SETTLED
    assert len(parts(path)) == 1


def parts(path: Path) -> list[str]:
    return sorted(one.name for one in path.with_name("identities.ledger.d").iterdir())


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
    ("name", "call"),
    [("replace", 1), *itertools.product(["open", "fsync"], [1, 2, 3, 4]), ("mkdir", 1)],
)
def test_a_full_disk_leaves_the_old_one(
    place: LedgerFile, path: Path, monkeypatch: pytest.MonkeyPatch, name: str, call: int
) -> None:
    """Wherever the disk is full, all is as before; the last write of all needs no room."""
    before = parts(path)
    if name == "mkdir":
        place.write(Ledger(1))
        path.with_name("identities.ledger.d").rmdir()
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
    assert LedgerFile(path, made_vault()).read() == (OLD if name != "mkdir" else Ledger(1))
    assert {one.suffix for one in path.parent.iterdir()} <= {".ledger", ".lock", ".d"}
    assert name == "mkdir" or parts(path) == before


def test_a_place_that_cannot_be_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerError, match="name another place"):
        LedgerFile(tmp_path / "file" / "identities.ledger", made_vault()).try_lock()
