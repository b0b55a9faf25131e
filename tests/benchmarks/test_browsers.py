"""What pages were told, summed up."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.capacity.browsers import judge, table

WALL = "2026-01-02T03:04:05.000Z"
WALL_MS = 1_767_323_045_000.0


def score(late_ms: float, age_s: float = 0.2) -> dict[str, Any]:
    return {"type": "score", "wall": WALL, "receivedAt": WALL_MS + late_ms, "age_s": age_s}


def state(name: str) -> dict[str, Any]:
    return {"type": "state_changed", "state": name}


def test_lag_is_from_the_media_to_the_page_and_the_last_state_counts() -> None:
    told = [[state("verified"), score(100), score(300)], [state("verified"), state("uncertain")]]
    found = judge(told, cpu=0.5, alone=0.2)
    assert (found.calls, found.verified) == (2, 1)
    assert (found.lag_p50_s, found.lag_p95_s) == (pytest.approx(0.4), pytest.approx(0.49))
    assert "| 2 | 1 | 0.40 / 0.49 | 0.50 | 0.20 | 2.5 |" in table([found])


def test_a_call_that_was_told_nothing_is_not_verified() -> None:
    found = judge([[]], cpu=0.5, alone=0.2)
    assert (found.calls, found.verified) == (1, 0)
    assert "| 1 | 0 | nan / nan |" in table([found])


def test_a_call_that_failed_is_no_figure() -> None:
    with pytest.raises(RuntimeError, match="a call failed: Full."):
        judge([[{"type": "error", "message": "Full."}]], cpu=0.5, alone=0.2)
