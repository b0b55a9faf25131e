"""Against SoftHSM, a PKCS#11 device in software."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pkcs11
import pytest

from stream_verifier.errors import KeyMismatchError, RefusedRecordError, SettingsError
from stream_verifier.identities.hsm import Device
from stream_verifier.identities.keys import new_key
from stream_verifier.identities.opening import open_keys, open_store
from stream_verifier.settings import Settings, load_settings
from tests.support.commands import run
from tests.support.stores import CONSENT, MODEL, assert_same, made_reference, rows

MODULES = [
    Path(folder) / "libsofthsm2.so"
    for folder in (
        "/usr/lib/softhsm",
        "/usr/lib/x86_64-linux-gnu/softhsm",
        "/usr/local/lib/softhsm",
    )
]
MODULE = next((path for path in MODULES if path.exists()), None)
TOKEN, PIN, DATA_KEY = "bank", "1234", bytes(range(50, 82))

pytestmark = pytest.mark.skipif(
    MODULE is None or shutil.which("softhsm2-util") is None, reason="needs Debian's softhsm2"
)


@pytest.fixture(scope="module", autouse=True)
def no_tensorflow() -> None:
    """SoftHSM crashes beside TensorFlow, which training loads and no server does."""
    if "tensorflow" in sys.modules:
        pytest.skip("TensorFlow is in this process: run this file apart from tests of the model")


@pytest.fixture(scope="module")
def device(no_tensorflow: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Device]:
    """One a process: the library reads its configuration once."""
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    conf = folder / "softhsm2.conf"
    conf.write_text(f"directories.tokendir = {folder}/tokens\nlog.level = ERROR\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", str(conf))
        command = ["softhsm2-util", "--init-token", "--free", "--label", TOKEN]
        subprocess.run([*command, "--pin", PIN, "--so-pin", "5678"], check=True, timeout=60)
        token = pkcs11.lib(str(MODULE)).get_token(token_label=TOKEN)
        with token.open(rw=True, user_pin=PIN) as session:
            for label in ("first", "second", "twice", "twice"):
                session.generate_key(pkcs11.KeyType.AES, 256, label=label, store=True)
        assert MODULE is not None
        yield Device(MODULE, token=TOKEN, pin=PIN)


def _settings(folder: Path, key: str, *old: str, **more: object) -> Settings:
    return load_settings(
        data_dir=folder, hsm_module=MODULE, hsm_token=TOKEN, hsm_pin=PIN, hsm_key=key,
        hsm_old_keys=old, **more,
    )  # fmt: skip


def test_gives_back_what_it_wrapped_and_hides_it(device: Device) -> None:
    key = device.key("first")
    wrapped = key.wrap(DATA_KEY, b"row 1")
    assert DATA_KEY not in wrapped
    assert key.unwrap(wrapped, b"row 1") == DATA_KEY
    assert key.wrap(DATA_KEY, b"row 1") != wrapped


def test_it_is_bound_to_its_context_and_its_key(device: Device) -> None:
    first, second = device.key("first"), device.key("second")
    assert first.key_id != second.key_id
    assert first.key_id == device.key("first").key_id
    wrapped = first.wrap(DATA_KEY, b"row 1")
    damaged = wrapped[:-1] + bytes([wrapped[-1] ^ 1])
    for key, piece, context in (
        (first, wrapped, b"row 2"),
        (second, wrapped, b"row 1"),
        (first, damaged, b"row 1"),
        (first, b"short", b"row 1"),
    ):
        with pytest.raises(RefusedRecordError):
            key.unwrap(piece, context)


async def test_threads_take_turns(device: Device) -> None:
    key = device.key("first")
    wrapped = key.wrap(DATA_KEY, b"")
    found = await asyncio.gather(*(asyncio.to_thread(key.unwrap, wrapped, b"") for _ in range(40)))
    assert set(found) == {DATA_KEY}


# The library's own search does not end well either.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_session_that_was_dropped_is_opened_again(device: Device) -> None:
    key = device.key("first")
    wrapped = key.wrap(DATA_KEY, b"")
    device._session.close()
    assert key.unwrap(wrapped, b"") == DATA_KEY


def test_what_is_not_there_is_said(device: Device, tmp_path: Path) -> None:
    assert MODULE is not None
    with pytest.raises(SettingsError, match="no AES key 'third'"):
        device.key("third")
    with pytest.raises(SettingsError, match="several keys 'twice'"):
        device.key("twice")
    with pytest.raises(SettingsError, match="check that library, token label and PIN"):
        Device(MODULE, token="none", pin=PIN)
    with pytest.raises(SettingsError, match="check that library, token label and PIN"):
        Device(tmp_path / "none.so", token=TOKEN, pin=PIN)
    with pytest.raises(SettingsError, match="hsm_pin"):
        load_settings(hsm_key="first", hsm_module=MODULE)


async def test_a_store_moves_from_a_file_into_the_device_and_on(
    device: Device, tmp_path: Path
) -> None:
    store = open_store(load_settings(data_dir=tmp_path))
    await store.add("ada", made_reference(1), CONSENT)
    await store.close()

    file = tmp_path / "store.key"
    for settings in (
        _settings(tmp_path, "first", key_file=file),
        _settings(tmp_path, "second", "first"),
    ):
        store = open_store(settings)
        assert (await store.rotation().run()).rewrapped == 1
        await store.close()
    file.unlink()

    store = open_store(_settings(tmp_path, "second"))
    assert_same(await store.reference("ada", model_id=MODEL), made_reference(1))
    await store.close()
    assert {row["key_id"] for row in rows(tmp_path / "identities.db")} == {
        device.key("second").key_id
    }
    assert not file.exists()
    store = open_store(_settings(tmp_path, "first"))
    with pytest.raises(KeyMismatchError, match="give back the key"):
        await store.list()
    await store.close()


def test_the_keys_command_knows_them(
    device: Device, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "DATA_DIR": tmp_path, "HSM_MODULE": MODULE, "HSM_TOKEN": TOKEN, "HSM_PIN": PIN,
        "HSM_KEY": "first", "OLD_KEYS": f'["{new_key()}"]',
    }.items():  # fmt: skip
        monkeypatch.setenv(f"STREAM_VERIFIER_{name}", str(value))
    listed = run("keys", "list")
    assert device.key("first").key_id in listed
    assert "in use" in listed
    assert len(open_keys(load_settings()).ids) == 2
