"""What the measurement of a fleet takes for a fault, and that it uses the shipped proxy."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from benchmarks.fleet.caller import FleetCaller
from benchmarks.fleet.hook import Hook
from benchmarks.fleet.town import WorkerProcess, proxy_config
from benchmarks.fleet.watching import Follower, faults, hook_faults


def caller(numbers: list[int], *, untold: int = 0) -> FleetCaller:
    made = FleetCaller("ws://nowhere", Path("none"), "grace", "token")
    made.session = "s1"
    made.events = [{"seq": seq, "untold": untold} for seq in numbers]
    return made


def follower(numbers: list[int]) -> Follower:
    made: Any = Follower("http://nowhere", "token")
    made.events["s1"] = numbers
    follower: Follower = made
    return follower


def test_a_whole_run_has_no_fault() -> None:
    assert faults([caller([1, 2, 3])], follower([1, 2, 3])) == []


def test_each_fault_is_found() -> None:
    assert "missing [2]" in faults([caller([1, 2, 3])], follower([1, 3]))[0]
    assert "doubled [3]" in faults([caller([1, 2, 3])], follower([1, 2, 3, 3]))[0]
    assert "has a hole" in faults([caller([1, 3])], follower([1, 2, 3]))[0]
    lost = caller([1])
    lost.failed = "not resumed"
    assert "not resumed" in faults([lost], follower([1]))[0]


def test_the_webhook_is_held_to_what_lasts() -> None:
    one, hook = caller([]), Hook()
    kinds = ["session_started", "score", "state_changed"]
    one.events = [{"seq": seq, "type": kind} for seq, kind in enumerate(kinds, 1)]
    hook.events["s1"] = [1, 3]
    assert hook_faults([one], hook) == []
    hook.events["s1"] = [3, 3]
    assert hook_faults([one], hook) == ["s1: missing [1], doubled [3]"]


def test_the_proxy_is_the_shipped_one_with_other_ports() -> None:
    workers: list[Any] = [SimpleNamespace(port=port) for port in (7001, 7002, 7003)]
    text = proxy_config(7000, workers)
    assert "bind 127.0.0.1:7000" in text
    assert "10.0.0." not in text
    assert (
        re.findall(r"server worker\d (\S+)", text)
        == [f"127.0.0.1:{worker.port}" for worker in workers] * 3
    )
    assert "verify.example" not in text


def test_a_worker_process_that_was_never_started_stops_at_once(tmp_path: Path) -> None:
    assert WorkerProcess({}, tmp_path / "log").address.startswith("http://127.0.0.1:")
