from __future__ import annotations

import base64
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from stream_verifier.errors import SettingsError
from stream_verifier.identities.keys import (
    add_key,
    keep_first_key,
    load_or_create_keys,
    parse_key,
)

KEY = bytes(range(200, 232))


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("padding", ["", "="])
def test_a_key_from_a_setting(padding: str) -> None:
    text = base64.urlsafe_b64encode(KEY).decode().rstrip("=")
    assert parse_key(f" {text}{padding}\n") == KEY


@pytest.mark.parametrize("text", ["", "abc", "not base64 !", base64.b64encode(KEY[:16]).decode()])
def test_what_is_no_key_is_refused_with_a_way_out(text: str) -> None:
    with pytest.raises(SettingsError, match="Make one with"):
        parse_key(text)


def test_the_first_run_makes_a_key_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "made" / "here" / "store.key"
    (key,) = load_or_create_keys(path)
    assert len(key) == 32
    assert _mode(path) == 0o600
    assert _mode(path.parent) == 0o700
    assert load_or_create_keys(path) == [key] == [parse_key(path.read_text())]
    assert list(path.parent.iterdir()) == [path]


def test_two_new_files_hold_two_keys(tmp_path: Path) -> None:
    assert load_or_create_keys(tmp_path / "a") != load_or_create_keys(tmp_path / "b")


def test_all_who_start_at_once_get_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = {key for (key,) in pool.map(load_or_create_keys, [tmp_path / "store.key"] * 32)}
    assert len(keys) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["store.key"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_file_that_others_may_use_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "store.key"
    load_or_create_keys(path)
    path.chmod(mode)
    with pytest.raises(SettingsError, match=f"chmod 600 {path}"):
        load_or_create_keys(path)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", base64.urlsafe_b64encode(KEY[:31])])
def test_a_damaged_file_is_refused_and_kept(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "store.key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(SettingsError, match="damaged"):
        load_or_create_keys(path)
    assert path.read_bytes() == content


def test_a_place_where_nothing_can_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="cannot be read or made"):
        load_or_create_keys(tmp_path / "file" / "store.key")


def test_a_new_key_is_put_above_the_old_ones_until_these_go(tmp_path: Path) -> None:
    path = tmp_path / "store.key"
    (old,) = load_or_create_keys(path)
    add_key(path)
    new, second = load_or_create_keys(path)
    assert second == old != new
    assert _mode(path) == 0o600
    keep_first_key(path)
    assert load_or_create_keys(path) == [new]
    assert [one.name for one in tmp_path.iterdir()] == ["store.key"]


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("stream_verifier.identities.keys.os.fsync", full)


@pytest.mark.usefixtures("full_disk")
def test_no_key_is_made_on_a_full_disk(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read or made.*free some space"):
        load_or_create_keys(tmp_path / "store.key")
    assert not [*tmp_path.iterdir()]


def test_a_key_file_that_cannot_be_written_stays(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    path = tmp_path / "store.key"
    keys = load_or_create_keys(path)
    request.getfixturevalue("full_disk")
    with pytest.raises(SettingsError, match="nothing was changed: free some space"):
        add_key(path)
    assert load_or_create_keys(path) == keys
    assert [one.name for one in tmp_path.iterdir()] == ["store.key"]
