from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from stream_verifier.console.operator import with_store
from stream_verifier.identities.consent import Consent
from stream_verifier.identities.sqlite import SqliteIdentityStore
from stream_verifier.settings import load_settings
from tests.support.commands import refused, run
from tests.support.stores import CONSENT, change, made_reference

KEY_MODE = 0o600


@pytest.fixture(autouse=True)
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STREAM_VERIFIER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path / "data" / "identities.db"


def enrol(name: str, consent: Consent = CONSENT) -> None:
    async def add(store: SqliteIdentityStore) -> None:
        await store.add(name, made_reference(1), consent)

    with_store(load_settings(), add)


def kinds(file: Path) -> list[str]:
    return [json.loads(line)["kind"] for line in file.read_text().splitlines()[:-1]]


def test_an_export_is_checked_without_the_store(tmp_path: Path, path: Path) -> None:
    enrol("ada")
    run("identities", "delete", "ada", "--yes")
    export, key = tmp_path / "trail.jsonl", tmp_path / "trail.pem"
    assert "Wrote 3 entries" in run("audit", "export", str(export))
    key.write_text(run("audit", "public-key"))
    assert kinds(export) == ["enrolled", "deleted", "exported"]
    assert (path.parent / "audit.key").stat().st_mode & 0o777 == KEY_MODE
    assert export.stat().st_mode & 0o777 == KEY_MODE
    path.unlink()

    told = run("audit", "verify", str(export), "--public-key", str(key))
    assert "Whole: 3 entries, 1 to 3" in told
    assert "--at-least 3 --hash " in told
    given = told.split("Keep these:")[1].split()
    run("audit", "verify", str(export), "--public-key", str(key), *given)
    older = refused("audit", "verify", str(export), "--public-key", str(key), "--at-least", "4")
    assert "ends at 3 and was seen to reach 4" in older

    whole = export.read_text()
    for changed in (whole.replace("deleted", "exporte"), whole[:-1], whole + "\n", ""):
        export.write_text(changed)
        assert refused("audit", "verify", str(export), "--public-key", str(key))


def test_an_export_replaces_no_file(tmp_path: Path) -> None:
    enrol("ada")
    file = tmp_path / "trail.jsonl"
    file.write_text("mine")
    assert "name a new file" in refused("audit", "export", str(file))
    assert file.read_text() == "mine"


def test_a_dash_is_the_standard_output_and_never_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    enrol("ada")
    printed = run("audit", "export", "-").splitlines()  # with what the standard error was told
    lines = [line for line in printed if line != "Wrote 2 entries into -."]
    assert len(printed) == len(lines) + 1
    assert [json.loads(line)["kind"] for line in lines[:-1]] == ["enrolled", "exported"]
    assert "signature" in json.loads(lines[-1])
    assert json.loads(run("identities", "export", "ada", "--file", "-"))["complete"]
    for writing in (("backup", "-"), ("audit", "restart", "-", "--yes")):
        assert "name a new one" in run(*writing, code=2)
    assert "kind" in run("identities", "delete", "ada", "--yes", "--receipt", "-")
    assert {one.name for one in tmp_path.iterdir()} == {"data"}


def test_a_changed_trail_begins_anew_on_request(tmp_path: Path, path: Path) -> None:
    enrol("ada")
    change(path, "DELETE FROM audit_entries")
    assert "audit restart FILE" in refused("identities", "delete", "ada", "--yes")
    old = tmp_path / "old.jsonl"
    assert "begins anew at entry 2" in run("audit", "restart", str(old), "--yes")
    run("identities", "delete", "ada", "--yes")
    new, key = tmp_path / "new.jsonl", tmp_path / "trail.pem"
    run("audit", "export", str(new))
    key.write_text(run("audit", "public-key"))
    told = run("audit", "verify", str(new), "--public-key", str(key))
    assert "anew at entry 2" in told
    told = refused("audit", "verify", str(old), "--public-key", str(key))
    assert "entries were cut off or changed" in told


def test_tokens_are_told_where_the_store_is(
    tmp_path: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREAM_VERIFIER_TOKEN_KEY", run("key").strip())
    run("token", "--scope", "call:publish")
    assert not path.exists()
    enrol("ada")
    token = run("token", "--scope", "call:publish", "--identity", "ada").strip()
    export = tmp_path / "trail.jsonl"
    run("audit", "export", str(export))
    assert kinds(export) == ["enrolled", "token_issued", "exported"]
    issued = json.loads(export.read_text().splitlines()[1])
    assert issued["details"]["scopes"] == "call:publish"
    assert issued["actor"]["scope"] == "command line"
    assert token not in export.read_text()


def test_consents_are_shown_renewed_and_withdrawn() -> None:
    enrol("ada")
    assert "it is withdrawn" in run("consent", "show", "ada")
    told = run("consent", "renew", "ada", "--text", "I agree once more.", "--days", "30")
    until = f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%d}"
    assert "version 2" in told
    assert until in told
    shown = run("consent", "show", "ada")
    assert "I agree once more." in shown
    assert "I do agree to it." in shown
    assert "Withdrew" in run("consent", "withdraw", "ada", "--yes")
    assert "withdrawn 2" in run("consent", "show", "ada")
    assert "Nobody is enrolled" in refused("consent", "withdraw", "grace", "--yes")


def test_a_consent_in_another_encoding_is_refused_since_nobody_could_be_given_it() -> None:
    enrol("ada")
    for words in (["--text", "f\udcfcr"], ["--text", "I agree.", "--purpose", "f\udcfcr"]):
        assert "not in UTF-8" in refused("consent", "renew", "ada", *words)
    assert "udcfc" not in run("consent", "show", "ada")


def test_retention_shows_what_would_go_and_deletes_it() -> None:
    for name in ("ada", "grace"):
        enrol(name)
    run("consent", "withdraw", "ada", "--yes")
    told = run("retention", "--dry-run")
    assert "1 references and 0 audit entries would go" in told
    assert "the consent was withdrawn" in told
    assert "ada" in run("identities", "list")
    assert "1 references and 0 audit entries went" in run("retention")
    listed = run("identities", "list")
    assert not re.search(r"\bada\b", listed)
    assert "grace" in listed
