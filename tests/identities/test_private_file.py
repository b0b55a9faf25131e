from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from stream_verifier.identities.private_file import (
    new_private,
    open_private,
    private_folder,
    put_if_new,
    write_private,
)
from tests.support.stores import CONSENT, made_reference, store_at

SERVICE = 4321, 4322


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A service's folder; of the tests' own user, where that is not root."""
    made = tmp_path / "service"
    made.mkdir()
    if os.geteuid() == 0:
        os.chown(made, *SERVICE)
    return made


def test_what_root_makes_in_a_services_folder_is_the_services(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "fchown", lambda _, *owner: given.append(owner))
    monkeypatch.setattr(os, "chown", lambda _, *owner, follow_symlinks: given.append(owner))
    os.close(open_private(folder / "lock"))
    write_private(folder / "ledger", b"1")
    private_folder(folder / "parts")
    there = folder.stat()
    assert given == [(there.st_uid, there.st_gid)] * 3
    os.close(open_private(folder / "lock"))  # which was there, whosever it is
    private_folder(folder / "parts")
    assert len(given) == 3


def test_nobody_else_gives_files_away(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(os, "fchown", lambda *_: pytest.fail("it was given away"))
    write_private(folder / "key", b"1", new=True)
    assert (folder / "key").stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes files of others")
async def test_a_service_can_read_its_store_after_root_has_enrolled_somebody(folder: Path) -> None:
    store = store_at(folder / "data" / "identities.db")
    os.mkdir(folder / "data", 0o700)
    os.chown(folder / "data", *SERVICE)
    await store.add("ada", made_reference(1), CONSENT)
    await store.add("bob", made_reference(2), CONSENT)
    await store.close()
    found = [path.stat() for path in (folder / "data").rglob("*")]
    assert len(found) > 4
    assert {(one.st_uid, one.st_gid) for one in found} == {SERVICE}


def test_nothing_is_written_where_a_link_leads(folder: Path) -> None:
    elsewhere = folder / "shadow"
    elsewhere.write_bytes(b"somebody's")
    (folder / "draft").symlink_to(elsewhere)
    write_private(folder / "draft", b"ours")
    assert (elsewhere.read_bytes(), (folder / "draft").read_bytes()) == (b"somebody's", b"ours")
    assert not (folder / "draft").is_symlink()


def test_no_half_of_a_new_file_is_left_and_none_that_is_there_is_touched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    new, old = tmp_path / "new", tmp_path / "old"
    old.write_bytes(b"old")
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"), new_private(new) as file:
            file.write(b"half")
    assert not new.exists()
    with pytest.raises(FileExistsError), new_private(old):
        pass
    assert old.read_bytes() == b"old"
    with new_private(new) as file:
        file.write(b"whole")
    assert new.read_bytes() == b"whole"


@pytest.mark.parametrize("has_links", [True, False])
def test_a_draft_takes_a_name_that_is_free_also_where_files_have_one_alone(
    has_links: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(_: Path, __: Path) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    if not has_links:
        monkeypatch.setattr(os, "link", no_links)
    draft, path = tmp_path / "draft", tmp_path / "file"
    write_private(draft, b"1")
    put_if_new(draft, path)
    assert path.read_bytes() == b"1"
    write_private(draft, b"2")
    with pytest.raises(FileExistsError):
        put_if_new(draft, path)
    assert path.read_bytes() == b"1"
