from __future__ import annotations

import shutil
import socket
from pathlib import Path

import pytest

from model.runtime import weights
from stream_verifier.console import doctor
from stream_verifier.identities.keys import load_or_create_keys
from stream_verifier.settings import Settings, load_settings


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
