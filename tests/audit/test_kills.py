"""Processes killed at random moments: no change without its entry, no entry without its change."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.places import EVERYWHERE, place


@pytest.mark.parametrize("kind", EVERYWHERE)
@pytest.mark.parametrize("rounds", [20, pytest.param(200, marks=pytest.mark.slow)])
def test_no_kill_parts_a_change_from_its_entry(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str, rounds: int
) -> None:
    place(request, tmp_path / "identities.db", kind)
    command = [sys.executable, "-m", "tests.support.killed_trail", str(tmp_path), str(rounds), "5"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=550, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{rounds} killed, ")
