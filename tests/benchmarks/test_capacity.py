from __future__ import annotations

import math
from datetime import UTC, datetime
from pathlib import Path

import pytest

from benchmarks.capacity.figures import Figures, figures_of, p95
from benchmarks.capacity.media import Clip, Material
from benchmarks.capacity.page import draw, markdown
from benchmarks.capacity.playing import PlayedCall, Run
from benchmarks.capacity.soak import Soak
from stream_verifier.events.event import Event
from stream_verifier.events.schema import Score, State, StateChanged

BEGAN_S = 1000.0
DELIVERY_S = 0.05
MATERIAL = Material(Path("own"), Clip(Path("own")), (), 25, "somebody")


def score(end_s: float, *, compared: bool = True, age_s: float = 0.2) -> Score:
    return Score(
        media_s=end_s, start_s=end_s - 1, end_s=end_s, scored=["face", "voice"] if compared else [],
        face=None, voice=None, fused=None,
        speech_s=1.0, faces=[], notes=[] if compared else ["overloaded"], evidence=None,
        age_s=age_s,
    )  # fmt: skip


def changed(end_s: float, state: State) -> StateChanged:
    return StateChanged(media_s=end_s, state=state, previous=State.WAITING, reasons=[], llr=0.0)


def heard(*payloads: Score | StateChanged) -> list[tuple[float, Event]]:
    """Media came from the beginning on, and each score was made as old as it says."""
    events = []
    for seq, payload in enumerate(payloads, 1):
        at_s = BEGAN_S + payload.media_s + 0.2
        wall = datetime.fromtimestamp(at_s, UTC).isoformat()
        events.append((at_s + DELIVERY_S, Event(seq, "s", wall, payload)))
    return events


def figures() -> Figures:
    genuine = PlayedCall(Clip(Path("own")), heard(
        score(1.0), changed(2.0, State.VERIFIED),
        *(score(t, compared=t != 12) for t in range(10, 21)),
    ))  # fmt: skip
    swapped = PlayedCall(Clip(Path("swap"), 15.0), heard(
        score(1.0), changed(2.0, State.VERIFIED), score(17.0), changed(18.0, State.REJECTED)
    ))  # fmt: skip
    full = PlayedCall(Clip(Path("own")), refused="server_full: come again")
    counters: dict[tuple[str, ...], float] = {
        ("cpu_seconds_total", "process"): 10.0,
        ("cpu_seconds_total", "event_loop"): 2.0,
        ("stage_cpu_seconds_total", "voice"): 3.0,
    }
    return figures_of(
        Run(
            calls=[genuine, swapped, full], seconds=12.0, cpu=1.0, alone=0.5, memory_mib=300.0,
            metrics=counters,
        )
    )  # fmt: skip


def test_a_run_is_judged_by_what_its_clients_heard() -> None:
    found = figures()
    assert (found.calls, found.refused, found.rejected) == (2, 1, 0)
    assert found.lag_p50_s == pytest.approx(0.25, abs=0.01)
    assert found.left_out == pytest.approx(1 / 12)
    assert found.scores_per_s == pytest.approx(11 / 2 / 12)
    assert (found.steady, found.verified) == (1.0, pytest.approx(1.0))
    assert found.noticed_s == (pytest.approx(3.2 + DELIVERY_S, abs=0.01),)


def test_the_workers_stages_are_part_of_the_whole() -> None:
    stages = figures().stages
    assert sum(stages.values()) == pytest.approx(1.0)
    assert stages["voice"] == pytest.approx(0.3)
    assert stages["decoding and the rest"] == pytest.approx(0.5)


def test_a_swap_that_nobody_noticed_counts_as_never() -> None:
    assert p95([1.0, math.inf]) == math.inf
    assert p95([float(n) for n in range(1, 101)]) == 95.0


def test_the_page_has_a_row_a_number_of_calls_and_the_plot_is_one(tmp_path: Path) -> None:
    rows, soak = [figures()], Soak(3, (100.0, 101.0, 102.0, 102.0, 103.02), (0.0,) * 5)
    text = markdown(
        rows,
        command="python -m x",
        material=MATERIAL,
        seconds=12,
        asked=rows[0],
        refusal="no room",
        soak=soak,
    )
    assert "| 2 | 0.25 / 0.25 / 0.25 |" in text
    assert "Of 3 calls, one a second, it took 2" in text
    assert "`no room`" in text
    assert "3 calls: +1.0% since minute 4." in text
    draw(rows, tmp_path / "plot.png")
    assert (tmp_path / "plot.png").read_bytes()[1:4] == b"PNG"
