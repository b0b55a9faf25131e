from __future__ import annotations

import os
from pathlib import Path

import pytest

from stream_verifier.errors import SettingsError
from stream_verifier.identities.keys import add_key, new_key, parse_key
from stream_verifier.identities.master import LocalKey
from stream_verifier.identities.opening import open_keys, open_store
from stream_verifier.settings import load_settings

ONE, TWO, THREE = (new_key() for _ in range(3))


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KEY", "OLD_KEYS", "KEY_FILE", "HSM_KEY"):
        monkeypatch.delenv(f"STREAM_VERIFIER_{name}", raising=False)


def _id(key: str) -> str:
    return LocalKey(parse_key(key)).key_id


def _written(path: Path, *keys: str) -> Path:
    path.write_text("".join(f"{key}\n" for key in keys))
    path.chmod(0o600)
    return path


def test_without_a_setting_a_file_is_made(tmp_path: Path) -> None:
    ring = open_keys(load_settings(data_dir=tmp_path))
    assert ring.ids == open_keys(load_settings(data_dir=tmp_path)).ids
    assert [path.name for path in tmp_path.iterdir()] == ["store.key"]


def test_a_setting_needs_no_file_and_makes_none(tmp_path: Path) -> None:
    assert open_keys(load_settings(data_dir=tmp_path, key=ONE)).ids == [_id(ONE)]
    assert list(tmp_path.iterdir()) == []


def test_the_settings_key_comes_first_and_each_key_once(tmp_path: Path) -> None:
    file = _written(tmp_path / "keys", TWO, ONE)
    settings = load_settings(data_dir=tmp_path, key=ONE, old_keys=(THREE, TWO), key_file=file)
    assert open_keys(settings).ids == [_id(ONE), _id(TWO), _id(THREE)]
    settings = load_settings(data_dir=tmp_path, old_keys=(THREE,), key_file=file)
    assert open_keys(settings).ids == [_id(TWO), _id(ONE), _id(THREE)]


def test_a_key_that_comes_into_the_file_later_is_found(tmp_path: Path) -> None:
    file = _written(tmp_path / "keys", ONE)
    ring = open_keys(load_settings(data_dir=tmp_path, key_file=file))
    add_key(file)
    new = open_keys(load_settings(data_dir=tmp_path, key_file=file)).first.key_id
    assert ring.get(new).key_id == new
    assert ring.get(_id(ONE)).key_id == _id(ONE)


def test_an_old_key_may_not_serve_another_purpose(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="two purposes"):
        load_settings(data_dir=tmp_path, key=ONE, old_keys=(TWO,), token_key=TWO)


def test_what_is_no_key_is_refused_and_not_shown(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        open_keys(load_settings(data_dir=tmp_path, key=ONE, old_keys=("secret-words",)))
    assert "Make one with" in str(caught.value)
    assert "secret-words" not in str(caught.value)


@pytest.mark.parametrize("left", ["identities.ledger", "identities.db"])
def test_a_lost_key_is_asked_for_and_no_other_made_in_its_place(tmp_path: Path, left: str) -> None:
    (tmp_path / left).write_bytes(b"of the store that the lost key opens")
    for _ in range(2):
        with pytest.raises(SettingsError, match="store.key is missing.*put it back"):
            open_keys(load_settings(data_dir=tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == [left]
    assert open_keys(load_settings(data_dir=tmp_path, key=ONE)).ids == [_id(ONE)]


@pytest.mark.parametrize("name", ["why? not#1", "100%41", "a:b@c", "für 数据"])
async def test_a_store_lies_in_its_folder_whatever_that_is_called(
    name: str, tmp_path: Path
) -> None:
    store = open_store(load_settings(data_dir=tmp_path / name))
    await store.page(limit=1)
    await store.close()
    assert os.listdir(tmp_path) == [name]
    assert "identities.db" in os.listdir(tmp_path / name)
