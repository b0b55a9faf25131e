from __future__ import annotations

import errno
import json
import re
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from stream_verifier.audit.deed import Actor, Deed, Detail, Kind
from stream_verifier.console import commands
from stream_verifier.console.operator import with_store
from stream_verifier.errors import SettingsError
from stream_verifier.identities.identity import Identity
from stream_verifier.identities.sqlite import SqliteIdentityStore
from stream_verifier.settings import load_settings
from tests.support.commands import refused, run
from tests.support.stores import CONSENT, made_reference

CALLER = Actor("0123", "call:publish")


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STREAM_VERIFIER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path / "data"


def enrol(*names: str, subject: str | None = None) -> list[Identity]:
    async def add(store: SqliteIdentityStore) -> list[Identity]:
        consents = [replace(CONSENT, subject=subject or name) for name in names]
        return [
            await store.add(name, made_reference(number), consent)
            for number, (name, consent) in enumerate(zip(names, consents, strict=True))
        ]

    return with_store(load_settings(), add)


def call(name: str, *sessions: str) -> None:
    async def tell(store: SqliteIdentityStore) -> None:
        for session in sessions:
            known: dict[str, Detail] = {"session": session, "mode": "verify"}
            over: dict[str, Detail] = {
                **known,
                "reason": "stopped",
                "verdict": "verified",
                "seconds": 61,
            }
            await store.audit.append(
                Deed(Kind.CALL_STARTED, CALLER, name, details=known),
                Deed(Kind.CALL_ENDED, CALLER, name, details=over),
            )

    with_store(load_settings(), tell)


def test_people_are_listed_as_the_store_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    people = enrol(*(f"person {number}" for number in range(7)))
    monkeypatch.setattr("stream_verifier.identities.sqlite.MOST_LISTED", 3)
    monkeypatch.setattr("stream_verifier.identities.pages.MOST_LISTED", 3)
    lines = [json.loads(line) for line in run("identities", "list", "--json").splitlines()]
    assert [one["id"] for one in lines] == sorted(one.id for one in people)
    assert {one["consent"] for one in lines} == {"in_force"}
    table = run("identities", "list")
    assert all(one.name in table and one.id in table for one in people)
    assert "in force" in table


def test_people_are_found_and_filtered() -> None:
    ada, _ = enrol("ada", "grace")
    run("consent", "withdraw", "ada", "--yes")
    found = json.loads(run("identities", "list", "--consent", "withdrawn", "--json"))
    assert (found["name"], found["consent"]) == ("ada", "withdrawn")
    assert "ada" in run("identities", "list", "--search", ada.id[:16])
    assert "Nobody fits." in run("identities", "list", "--search", "gr")  # no id begins so
    assert run("identities", "list", "--search", "gr", "--json") == ""


def test_a_person_is_named_or_given_by_the_whole_id() -> None:
    ada, _ = enrol("ada", "grace")
    assert "ada" in run("identities", "show", ada.id)
    assert "f" * 32 in refused("identities", "show", "f" * 32)
    run("identities", "delete", ada.id, "--yes")
    assert not re.search(r"\bada\b", run("identities", "list"))


@pytest.mark.parametrize(
    "command",
    [("identities", "delete", "ada"), ("consent", "withdraw", "ada"), ("audit", "restart", "old")],
)
def test_a_script_is_told_how_to_say_yes(
    command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    enrol("ada")
    assert "say --yes" in run(*command, code=2)
    assert "ada" in run("identities", "list")


def test_what_is_held_is_written_for_its_owner(tmp_path: Path) -> None:
    enrol("ada", "grace")
    call("ada", "s1")
    held = json.loads(run("identities", "export", "ada"))
    assert held["consents"][0]["subject"] == "ada"
    assert [one["session"] for one in held["calls"]] == ["s1"]
    file = tmp_path / "ada.json"
    run("identities", "export", "ada", "--vectors", "--file", file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(json.loads(file.read_text())["reference"]["vectors"]["face"]) == 128
    assert "is there already" in refused("identities", "export", "ada", "--file", file)


def test_a_person_can_read_the_own_name_in_what_is_handed_out(tmp_path: Path) -> None:
    enrol("Зоя")
    run("identities", "export", "Зоя", "--file", tmp_path / "zoya.json")
    written = (tmp_path / "zoya.json").read_text(encoding="utf-8")
    assert '"name": "Зоя"' in written
    assert json.loads(written)["identity"]["name"] == "Зоя"
    assert json.loads(run("identities", "export", "Зоя"))["identity"]["name"] == "Зоя"


def test_words_that_are_no_unicode_are_written_down_too(tmp_path: Path) -> None:
    """Earlier releases took a consent in Latin-1."""
    enrol("ada", subject="f\udcfcr Зоя")
    run("identities", "export", "ada", "--file", tmp_path / "ada.json")
    written = (tmp_path / "ada.json").read_text(encoding="utf-8")
    assert r'"subject": "f\udcfcr Зоя"' in written
    assert json.loads(written)["consents"][0]["subject"] == "f\udcfcr Зоя"


def test_a_file_that_came_to_nothing_is_not_left(tmp_path: Path) -> None:
    enrol("ada")
    file = tmp_path / "nobody.json"
    assert "Nobody is enrolled" in refused("identities", "export", "nobody", "--file", file)
    assert not file.exists()
    with pytest.raises(SettingsError, match="cannot be written"):
        run("identities", "delete", "ada", "--yes", "--receipt", tmp_path / "no" / "such" / "file")
    assert "ada" in run("identities", "list")


def test_a_receipt_that_no_file_took_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space")

    enrol("ada")
    monkeypatch.setattr("stream_verifier.console.identity_commands._fill", full)
    receipt = tmp_path / "ada.json"
    delete = ["x", "identities", "delete", "ada", "--yes", "--receipt", str(receipt)]
    monkeypatch.setattr("sys.argv", delete)
    with pytest.raises(SystemExit):
        commands.main()
    told = capsys.readouterr().err.splitlines()
    assert json.loads(told[0])["name"] == "ada"
    assert "cannot be written (No space)" in told[1]
    assert not receipt.exists()


def test_calls_are_listed_newest_first() -> None:
    enrol("ada")
    call("ada", "s1", "s2")
    lines = [json.loads(line) for line in run("identities", "calls", "ada", "--json").splitlines()]
    assert [(one["session"], one["verdict"]) for one in lines] == [
        ("s2", "verified"),
        ("s1", "verified"),
    ]
    run("identities", "delete", "ada", "--yes")
    table = run("identities", "calls", "ada")
    assert "s1" in table
    assert "61 s" in table
    assert "No call" in run("identities", "calls", "grace")


def test_a_receipt_is_checked_without_the_store(tmp_path: Path, data: Path) -> None:
    enrol("ada", "grace")
    receipt, key, trail = (tmp_path / name for name in ("ada.json", "trail.pem", "trail.jsonl"))
    key.write_text(run("audit", "public-key"))
    early = tmp_path / "early.jsonl"
    run("audit", "export", early)
    printed = run("identities", "delete", "ada", "--yes", "--receipt", receipt)
    assert "Deleted ada" in printed
    assert stat.S_IMODE(receipt.stat().st_mode) == 0o600
    run("audit", "export", trail)
    data.rename(tmp_path / "elsewhere")
    checked = run("audit", "receipt", receipt, "--public-key", key)
    assert "Holds: ada was deleted" in checked
    assert run("audit", "receipt", receipt, "--public-key", key, "--trail", trail) == checked
    assert "ends at" in refused("audit", "receipt", receipt, "--public-key", key, "--trail", early)
    receipt.write_text(receipt.read_text().replace('"name":"ada"', '"name":"bob"'))
    assert "another name" in refused("audit", "receipt", receipt, "--public-key", key)
    receipt.write_bytes(b"\xff" * 99)
    assert "no receipt" in refused("audit", "receipt", receipt, "--public-key", key)


def test_a_receipt_is_printed_where_no_file_is_named() -> None:
    enrol("ada")
    printed = run("identities", "delete", "ada", "--yes")
    (line,) = (one for one in printed.splitlines() if one.startswith("{"))
    assert json.loads(line)["name"] == "ada"
