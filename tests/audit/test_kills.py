"""Processes killed at random moments: no change without its entry, no entry without its change."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import killed_trail
from tests.support.forking import run_apart
from tests.support.places import EVERYWHERE, place


@pytest.mark.parametrize("kind", EVERYWHERE)
@pytest.mark.parametrize("rounds", [20, pytest.param(200, marks=pytest.mark.slow)])
def test_no_kill_parts_a_change_from_its_entry(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str, rounds: int
) -> None:
    place(request, tmp_path / "identities.db", kind)
    said = tmp_path / "said"
    assert run_apart(killed_trail.main, tmp_path, rounds, 5, said=said) == 0, said.read_text()
    assert said.read_text().startswith(f"{rounds} killed, ")
