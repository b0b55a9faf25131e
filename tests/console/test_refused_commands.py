from __future__ import annotations

from pathlib import Path

import pytest

from stream_verifier.console.operator import with_store
from stream_verifier.identities.origin import Origin
from stream_verifier.settings import load_settings
from tests.support.commands import refused, run
from tests.support.stores import CONSENT, made_reference, put_row, rows


@pytest.fixture(autouse=True)
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STREAM_VERIFIER_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path / "identities.db"


def _enrol(name: str, origin: Origin | None = None) -> None:
    with_store(
        load_settings(),
        lambda store: store.add(name, made_reference(1), CONSENT, origin=origin),
    )


@pytest.fixture
def put_back(path: Path) -> str:
    """Ada was deleted and put back from a copy; the id of her record."""
    for name in ("ada", "grace"):
        _enrol(name)
    before = {row["id"]: row for row in rows(path)}
    run("identities", "delete", "ada", "--yes")
    (gone,) = set(before) - {row["id"] for row in rows(path)}
    put_row(path, before[gone])
    return str(gone)


def test_a_store_in_order_refuses_nothing() -> None:
    assert "No record is refused" in run("identities", "refused")
    assert "No record is refused" in run("identities", "erase-refused", "--yes")


def test_the_refused_are_listed_and_erased(put_back: str) -> None:
    assert put_back in refused("identities", "list")
    listed = run("identities", "refused")
    assert put_back in listed
    assert "ada" in listed
    assert "deleted, and put back" in listed
    assert "grace" not in listed
    assert "Erased 1" in run("identities", "erase-refused", put_back, "--yes")
    assert "grace" in run("identities", "list")
    assert "No record is refused" in run("identities", "refused")


def test_the_refused_are_accepted_by_their_ids(put_back: str) -> None:
    assert "'nobody'" in refused("identities", "accept-restore", "nobody", "--yes")
    run("identities", "accept-restore", code=2)  # nobody said yes
    assert put_back in refused("identities", "list")
    assert "Accepted 1" in run("identities", "accept-restore", put_back, "--yes")
    assert "ada" in run("identities", "list")


@pytest.mark.parametrize("content", [None, b"torn"])
def test_a_lost_ledger_is_made_anew_on_request(
    put_back: str, path: Path, content: bytes | None
) -> None:
    ledger = path.with_suffix(".ledger")
    ledger.unlink()
    if content is not None:
        ledger.write_bytes(content)
    assert "accept-restore" in refused("identities", "list")
    assert "Accepted 2" in run("identities", "accept-restore", "--yes")
    assert "ada" in run("identities", "list")


def test_a_damaged_ledger_of_nobody_is_made_anew(path: Path) -> None:
    run("identities", "list")
    path.with_suffix(".ledger").write_bytes(b"torn")
    assert "accept-restore" in refused("identities", "list")
    run("identities", "accept-restore", "--yes")
    assert "Nobody is enrolled" in run("identities", "list")


def test_a_record_says_by_whom_it_was_enrolled() -> None:
    origin = Origin(way="call", by="token-9f3a", supervised=True)
    _enrol("ada", origin)
    shown = run("identities", "show", "ada")
    assert "token-9f3a (call)" in shown
    assert "supervised" in shown
    assert "nobody" in shown
