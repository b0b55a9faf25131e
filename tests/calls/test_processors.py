from __future__ import annotations

import os
from pathlib import Path

import pytest

from stream_verifier.calls.processors import available_cpus, inference_threads


@pytest.mark.parametrize(
    ("text", "expected"),
    [("50000 100000\n", 0.5), ("max 100000\n", None), ("", None), ("what is this\n", None)],
)
def test_a_containers_quota_counts_where_there_is_one(
    tmp_path: Path, text: str, expected: float | None
) -> None:
    file = tmp_path / "cpu.max"
    file.write_text(text)
    assert available_cpus(file) == (expected or len(os.sched_getaffinity(0)))
    assert available_cpus(tmp_path / "none") == len(os.sched_getaffinity(0))


@pytest.mark.parametrize(("cpus", "threads"), [(0.5, 1), (2, 1), (3.9, 1), (4, 2), (6, 3), (64, 3)])
def test_half_of_the_processors_are_for_inference_as_far_as_one_loop_feeds_them(
    cpus: float, threads: int
) -> None:
    assert inference_threads(cpus) == threads
