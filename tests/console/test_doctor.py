from __future__ import annotations

import asyncio
import os
import resource
import shutil
import socket
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console

from model.runtime import weights
from stream_verifier.console import commands, doctor
from stream_verifier.console.operator import with_store
from stream_verifier.console.tables import findings_table
from stream_verifier.identities.keys import load_or_create_keys, new_key
from stream_verifier.identities.opening import open_store
from stream_verifier.settings import Settings, load_settings
from tests.support.stores import CONSENT, change, made_reference


def findings(settings: Settings) -> dict[str, doctor.Finding]:
    return {finding.check: finding for finding in doctor.examine(settings)}


def test_a_good_machine_is_in_order(tmp_path: Path) -> None:
    assert [
        f for f in findings(load_settings(port=0, data_dir=tmp_path)).values() if not f.ok
    ] == []


def test_a_busy_port_is_named_with_what_to_do(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        finding = findings(load_settings(port=port, data_dir=tmp_path))["port"]
    assert not finding.ok
    assert f"127.0.0.1:{port}" in finding.message
    assert "STREAM_VERIFIER_PORT" in finding.message


def test_an_operating_point_that_the_model_lacks_is_wrong(tmp_path: Path) -> None:
    settings = load_settings(port=0, data_dir=tmp_path, operating_point="alarm_8hours")
    finding = findings(settings)["weights"]
    assert not finding.ok
    assert "alarm_8h," in finding.message
    assert "STREAM_VERIFIER_OPERATING_POINT" in finding.message


def test_a_narrow_terminal_cuts_no_advice_short(capsys: pytest.CaptureFixture[str]) -> None:
    found = doctor.Finding("port", False, "set STREAM_VERIFIER_PORT_THAT_IS_LONG")
    Console(width=30).print(findings_table([found]))
    lines = capsys.readouterr().out.splitlines()[3:-1]
    assert "".join(line.split("│")[3].strip() for line in lines) == found.message.replace(
        "set ", "set"
    )


def test_a_file_system_that_takes_no_more_files_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = os.statvfs(tmp_path)
    fields = ("f_frsize", "f_blocks", "f_bfree", "f_bavail")
    for files, left, is_wrong in ((1000, 0, True), (1000, 900, False), (0, 0, False)):
        known = {name: getattr(whole, name) for name in fields}
        found = SimpleNamespace(**known, f_files=files, f_favail=left)
        monkeypatch.setattr(os, "statvfs", lambda *_, found=found: found)
        if is_wrong:
            with pytest.raises(OSError, match="only 0 files .* inodes"):
                doctor._data_dir(load_settings(data_dir=tmp_path))
        else:
            assert "GiB free" in doctor._data_dir(load_settings(data_dir=tmp_path))


@pytest.mark.parametrize(("most", "ok"), [(4096, True), (64, False)])
def test_files_are_counted_that_the_server_may_open_and_not_a_shell_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int, ok: bool
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (64, most))
    finding = findings(load_settings(port=0, data_dir=tmp_path))["open files"]
    assert finding.ok is ok
    assert f"{most} files may be open" in finding.message


def test_too_little_address_space_is_told_before_a_library_ends_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for limit, ok in ((resource.RLIM_INFINITY, True), (2 << 30, True), (800_000 << 10, False)):
        monkeypatch.setattr(resource, "getrlimit", lambda _, limit=limit: (limit, limit))
        assert doctor._run("", doctor._address_space, load_settings()).ok is ok
    monkeypatch.setattr(sys, "argv", ["stream-verifier", "serve", "--port", "1"])
    with pytest.raises(SystemExit) as ended:
        commands.main()
    assert ended.value.code == 2
    assert "781 MiB of address space" in (told := capsys.readouterr().err)
    assert "ulimit -v unlimited" in told


def test_a_changed_weights_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "weights"
    shutil.copytree(weights.WEIGHTS_DIR, folder)
    victim = folder / "campplus.tflite"
    content = bytearray(victim.read_bytes())
    content[1000] ^= 1
    victim.write_bytes(content)
    monkeypatch.setattr(weights, "WEIGHTS_DIR", folder)
    finding = findings(load_settings(port=0, data_dir=tmp_path))["weights"]
    assert not finding.ok
    assert "campplus.tflite" in finding.message


def test_a_missing_library_is_named_with_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "_LIBRARIES", ("aiortc", "no_such_library"))
    finding = findings(load_settings(port=0, data_dir=tmp_path))["libraries"]
    assert not finding.ok
    assert "no_such_library" in finding.message
    assert "pip install" in finding.message


def test_a_key_file_that_others_can_read_is_wrong(tmp_path: Path) -> None:
    settings = load_settings(port=0, data_dir=tmp_path)
    (tmp_path / "store.key").write_text("x")
    (tmp_path / "store.key").chmod(0o644)
    finding = findings(settings)["store key"]
    assert not finding.ok
    assert "chmod" in finding.message


def test_nothing_is_written_by_looking(tmp_path: Path) -> None:
    findings(load_settings(port=0, data_dir=tmp_path / "new"))
    assert not (tmp_path / "new").exists()


def test_a_broken_store_is_named(tmp_path: Path) -> None:
    settings = load_settings(port=0, data_dir=tmp_path)
    load_or_create_keys(tmp_path / "store.key")
    (tmp_path / "identities.db").write_bytes(b"this is no database" * 100)
    finding = findings(settings)["store"]
    assert not finding.ok
    assert "identities.db" in finding.message


def test_missing_demo_packages_are_no_fault_but_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "_DEMO_LIBRARIES", ("no_such_portraits",))
    finding = findings(load_settings(port=0, data_dir=tmp_path))["demo"]
    assert finding.ok
    assert "no_such_portraits" in finding.message


@pytest.fixture
def in_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings of a store with somebody in it, and an entry about that."""
    for name in ("KEY", "KEY_FILE", "AUDIT_KEY", "DATABASE_URL"):
        monkeypatch.delenv(f"STREAM_VERIFIER_{name}", raising=False)
    settings = load_settings(port=0, data_dir=tmp_path)

    async def enrol() -> None:
        store = open_store(settings)
        await store.add("ada", made_reference(1), CONSENT)
        await store.close()

    asyncio.run(enrol())
    return settings


def test_what_a_store_is_read_and_signed_with_fits(in_use: Settings) -> None:
    found = findings(in_use)
    assert found["store"].message == "1 enrolled"
    assert found["audit trail"].message == "1 entries, signed with this key"
    assert found["fleet"].message == "one server alone"
    assert all(finding.ok for finding in found.values())


@pytest.mark.parametrize(
    ("lost", "wrong"),
    [("store.key", {"store key", "store", "audit trail"}), ("audit.key", {"audit trail"})],
)
def test_a_lost_key_is_wrong_and_is_not_made_anew_by_looking(
    in_use: Settings, lost: str, wrong: set[str]
) -> None:
    key = in_use.data_dir / lost
    key.unlink()
    found = findings(in_use)
    assert {one.check for one in found.values() if not one.ok} == wrong
    assert all(f"{key} is missing" in found[check].message for check in wrong)
    assert not key.exists()


def test_records_that_an_older_copy_brought_back_are_wrong(in_use: Settings) -> None:
    database = in_use.data_dir / "identities.db"
    older = database.read_bytes()
    with_store(in_use, lambda store: store.delete("ada"))
    database.write_bytes(older)
    finding = findings(in_use)["store"]
    assert not finding.ok
    assert "0 enrolled; 1 records are refused" in finding.message
    assert "identities refused" in finding.message


def test_a_trail_whose_end_was_cut_off_is_wrong(in_use: Settings) -> None:
    change(in_use.data_dir / "identities.db", "DELETE FROM audit_entries")
    finding = findings(in_use)["audit trail"]
    assert not finding.ok
    assert "was cut off" in finding.message
    assert "audit restart FILE" in finding.message


def test_a_trail_signed_with_another_key_is_wrong(in_use: Settings) -> None:
    (in_use.data_dir / "audit.key").unlink()
    load_or_create_keys(in_use.data_dir / "audit.key")
    finding = findings(in_use)["audit trail"]
    assert not finding.ok
    assert "not signed with this key" in finding.message
    assert "audit.key" in finding.message


def test_with_keys_in_the_settings_nothing_is_written_either(tmp_path: Path) -> None:
    settings = load_settings(port=0, data_dir=tmp_path / "new", key=new_key(), audit_key=new_key())
    assert findings(settings)["store"].message == "will be made on the first run"
    assert not (tmp_path / "new").exists()


def test_settings_that_lead_nowhere_are_wrong_and_tell_no_secret(tmp_path: Path) -> None:
    found = findings(
        load_settings(
            port=0,
            data_dir=tmp_path,
            token_key="c2hvcnQ",
            worker_address="http://127.0.0.1:8080",
            redis_url="redis://:much-secret@127.0.0.1:1/0",
            database_url="postgresql+asyncpg://me:much-secret@127.0.0.1:1/verify",
        )
    )
    for check, remedy in (
        ("access", "stream-verifier key"),
        ("store", "check that it runs"),
        ("fleet", "STREAM_VERIFIER_REDIS_URL"),
    ):
        assert not found[check].ok
        assert remedy in found[check].message
    assert "secret" not in str(found)
