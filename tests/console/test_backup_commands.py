from __future__ import annotations

import re
from pathlib import Path

import pytest

from stream_verifier.console.operator import with_store
from stream_verifier.settings import load_settings
from tests.support.commands import refused, run
from tests.support.stores import CONSENT, change, made_reference


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STREAM_VERIFIER_DATA_DIR", str(tmp_path / "first"))
    monkeypatch.setenv("STREAM_VERIFIER_KEY_FILE", str(tmp_path / "store.key"))
    monkeypatch.delenv("STREAM_VERIFIER_KEY", raising=False)
    return tmp_path


@pytest.fixture
def file(folder: Path) -> Path:
    with_store(load_settings(), lambda store: store.add("ada", made_reference(1), CONSENT))
    with_store(load_settings(), lambda store: store.add("grace", made_reference(2), CONSENT))
    file = folder / "monday.backup"
    assert "Wrote 2 records and the ledger" in run("backup", file)
    return file


def test_a_new_machine_gets_everybody_and_is_told_what_that_means(
    file: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREAM_VERIFIER_DATA_DIR", str(folder / "second"))
    printed = run("restore", file, "--yes")
    assert "when 2 were enrolled" in printed
    assert "they are enrolled again" in printed
    assert "Put 2 records back" in printed
    listed = run("identities", "list")
    assert "ada" in listed
    assert "grace" in listed


def test_what_was_lost_comes_back_and_the_deleted_do_not(file: Path, folder: Path) -> None:
    run("identities", "delete", "ada", "--yes")
    change(folder / "first" / "identities.db", "DELETE FROM identities")
    printed = run("restore", file, "--yes")
    assert "enrolled again" not in printed
    assert "Put 1 records back; 0 were there, 1 stay out" in printed
    assert not re.search(r"\bada\b", run("identities", "list"))


def test_a_file_that_is_there_or_damaged_is_said(file: Path) -> None:
    assert "--force" in refused("backup", file)
    run("backup", file, "--force")
    file.write_bytes(file.read_bytes()[:-1])
    assert "cut short" in refused("restore", file, "--yes")


def test_without_a_yes_nothing_is_put_back(file: Path) -> None:
    assert "Put 0 records" not in run("restore", file, code=2)


@pytest.mark.parametrize(
    "command",
    [
        ("backup", "new.svb"),
        ("keys", "rotate"),
        ("retention",),
        ("audit", "export", "new.jsonl"),
        ("identities", "migrate", "--dry-run"),
    ],
)
def test_what_looks_after_a_store_makes_none_where_the_settings_lead_astray(
    folder: Path, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    assert "no identity store in" in (said := refused(*command))
    assert "STREAM_VERIFIER_DATA_DIR" in said
    assert list(folder.iterdir()) == []
