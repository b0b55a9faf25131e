from __future__ import annotations

import json
from pathlib import Path

import pytest

from model.runtime.adapter import Adapters
from model.runtime.weights import Weights
from stream_verifier.console.operator import with_store
from stream_verifier.identities.sqlite import SqliteIdentityStore
from stream_verifier.settings import load_settings
from tests.support.adapters import NEW, adapters
from tests.support.commands import run
from tests.support.stores import CONSENT, MODEL, made_reference, rows


@pytest.fixture(autouse=True)
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STREAM_VERIFIER_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "250")
    monkeypatch.setattr(Weights, "load", classmethod(lambda cls: None))
    monkeypatch.setattr(Adapters, "load", classmethod(lambda cls, weights: adapters()))
    return tmp_path / "identities.db"


def enrol(**models: str) -> dict[str, str]:
    """Enrol people with models; gives their ids."""

    async def add(store: SqliteIdentityStore) -> dict[str, str]:
        added = [
            await store.add(name, made_reference(seed, model), CONSENT)
            for seed, (name, model) in enumerate(models.items())
        ]
        return {one.name: one.id for one in added}

    return with_store(load_settings(), add)


def test_a_dry_run_tells_and_a_run_moves(path: Path) -> None:
    enrol(ada=MODEL, grace=MODEL, alan=NEW)
    before = [tuple(row) for row in rows(path)]
    told = run("identities", "migrate", "--dry-run")
    assert f"The model in use is {NEW}. 1 references were of it already." in told
    assert f"Would move 2 references of {MODEL}." in told
    assert "enrol again" not in told
    assert [tuple(row) for row in rows(path)] == before
    told = run("identities", "migrate")
    assert f"Moved 2 references of {MODEL}." in told
    assert "enrol again when you can" in told
    assert {row["model_id"] for row in rows(path)} == {NEW}
    told = run("identities", "migrate")
    assert "3 references were of it already" in told
    assert "Moved none." in told


def test_a_moved_reference_is_shown_as_one() -> None:
    enrol(ada=MODEL, alan=NEW)
    run("identities", "migrate")
    assert f"{NEW}, moved from {MODEL}" in run("identities", "list")
    shown = run("identities", "show", "ada")
    assert f"{NEW}, moved from {MODEL}: enrolling again is surer" in shown
    assert "moved" not in run("identities", "show", "alan")
    listed = map(json.loads, run("identities", "list", "--json").splitlines())
    assert {one["name"]: one["adapted_from"] for one in listed} == {"ada": [MODEL], "alan": []}
    told = json.loads(run("identities", "export", "ada"))
    assert told["reference"]["adapted_from"] == [MODEL]


def test_who_is_left_is_told_with_what_to_do() -> None:
    ids = enrol(ada=MODEL, strange="towers-0")
    told = run("identities", "migrate", code=3)
    assert "1 stay as they are: no adapter leads from their model" in told
    assert ids["strange"] in told
    report = json.loads(run("identities", "migrate", "--json", code=3))
    assert report == {
        "model": NEW,
        "dry_run": False,
        "moved": {},
        "already_new": 1,
        "changed_meanwhile": 0,
        "left": {"no_adapter": [ids["strange"]]},
    }
