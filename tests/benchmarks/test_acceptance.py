from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.acceptance.figures import ALIKE, ALL, by_time, exact, shares
from benchmarks.acceptance.markdown import page
from benchmarks.acceptance.plots import by_seconds, draw
from benchmarks.acceptance.trying import Tried, first_verified_s, try_all
from benchmarks.swaps.figures import summary
from benchmarks.swaps.people import People
from benchmarks.swaps.results import result
from model.types import (
    Comparison,
    FaceQuality,
    FaceSample,
    Reference,
    VoiceQuality,
    VoiceSample,
)
from stream_verifier.simulation.impostor_calls import BOTH, FACE, VOICE, WAYS, Attempt, Sides
from stream_verifier.simulation.replay import Played, ours
from stream_verifier.verify.operating import OperatingPoint
from tests.support.simulated_calls import EVIDENCE, make_call, make_role, make_script

ADA, BOB, EVE = (make_role(*who) for who in (("ada", "x/1"), ("bob", "x/2"), ("eve", "y/3")))
CAST = [ADA, BOB, EVE]
POINTS = {
    "low": OperatingPoint(accept=0.5, reject=-2.0),
    "high": OperatingPoint(accept=3.0, reject=-2.0),
}
GOOD, FAIR, BAD = (
    make_call(make_script(), [llrs] * windows)
    for llrs, windows in (((6.0, 6.0), 20), ((1.0, 1.0), 5), ((-6.0, -6.0), 20))
)


def tried() -> Tried:
    """Eve passes in Ada's name in all ways, Bob in Ada's by his voice at the low point."""
    played = [
        [
            Attempt(way, claimed, impostor, call)
            for claimed in CAST
            for impostor in CAST
            if impostor is not claimed
            for call in [_call(way, claimed.name, impostor.name)]
        ]
        for way in WAYS
    ]
    return try_all(played, CAST, ours(EVIDENCE), POINTS)


def _call(way: str, claimed: str, impostor: str) -> Played:
    if (claimed, impostor) == ("ada", "eve"):
        return GOOD
    return FAIR if (way, claimed, impostor) == (VOICE, "ada", "bob") else BAD


def test_each_call_is_noted_by_when_it_was_first_verified() -> None:
    found = tried().verified_s
    assert first_verified_s(BAD, ours(EVIDENCE)(POINTS["low"])) == np.inf
    assert found["low"][BOTH][0, 2] < 5
    assert found["low"][VOICE][0, 1] < np.inf
    assert found["high"][VOICE][0, 1] == np.inf
    assert np.isnan(np.diag(found["low"][FACE])).all()


def test_shares_count_pairs_and_those_whose_recordings_give_nothing_away() -> None:
    rows = shares(tried())
    both, voice = rows["low"][BOTH], rows["low"][VOICE]
    assert (both[ALL]["verified"], both[ALL]["of"]) == (1, 6)
    assert (both[ALIKE]["verified"], both[ALIKE]["of"]) == (0, 2)
    assert (voice[ALIKE]["verified"], voice[ALIKE]["claimed"]) == (1, 1)
    assert rows["high"][VOICE][ALIKE]["verified"] == 0
    low, high = both[ALL]["people"]
    assert low <= both[ALL]["value"] <= high


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [(0, 1000, 0.0, 0.003682), (5, 1000, 0.001625, 0.011629), (3, 3, 0.2924, 1.0)],
)
def test_the_exact_interval_is_clopper_and_pearsons(
    count: int, of: int, low: float, high: float
) -> None:
    assert exact(count, of) == pytest.approx([low, high], abs=1e-5 if of > 3 else 1e-4)
    assert exact(0, 0) is None


def test_the_page_and_the_plots_tell_all_of_it(tmp_path: Path) -> None:
    genuine = [result(GOOD, "x", ours(EVIDENCE)(point)) for point in POINTS.values()]
    price = summary(genuine, People(["ada"])) | {"never": 0}
    found = {
        "about": {
            "command": "python -m benchmarks.acceptance --pack mine",
            "pack": "mine",
            "whom": "",
            "people": 3,
            "pairs": 6,
            "model": "m",
            "rounds": 2000,
        },
        "points": {name: point.model_dump() for name, point in POINTS.items()},
        "conditions": {
            "clean": {"impostors": shares(tried()), "genuine": dict.fromkeys(POINTS, price)}
        },
    }
    text = page(found)
    assert f"| clean | {BOTH} | {ALL} | 1 | 6 | 16.667 %" in text
    assert "## Operating point `high`" in text
    assert "1 claimed, 1 impostors" in text
    seconds = np.arange(0.0, 61.0)
    waits = {"clean": {name: [2.0, np.inf] for name in POINTS}}
    files = draw(tmp_path, seconds, {"clean": by_time(tried(), seconds)}, waits)
    assert [file.name for file in files] == ["acceptance-clean.png"]
    assert files[0].stat().st_size > 1000


def test_the_legend_names_points_and_ways_once_and_covers_no_curve() -> None:
    seconds = np.arange(0.0, 61.0)
    waits = {name: [2.0, np.inf] for name in POINTS}
    curves = by_time(tried(), seconds)
    figure = by_seconds("clean", seconds, curves, waits)
    figure.draw_without_rendering()
    (legend,) = figure.legends
    ways = next(iter(curves.values()))
    assert [text.get_text() for text in legend.get_texts()] == [*POINTS, *ways]
    box = legend.get_window_extent()
    assert not any(box.overlaps(axes.get_window_extent()) for axes in figure.axes)


class Counting:
    """A comparator that counts what it is asked."""

    name = "counting"
    operating_points: dict[str, float] = {}

    def __init__(self) -> None:
        self.asked = 0

    def compare(
        self, reference: Reference, face: FaceSample | None, voice: VoiceSample | None
    ) -> Comparison:
        self.asked += 1
        return Comparison(None, None, 1.5 if face else None, -2.5 if voice else None, None)


def test_each_sample_is_compared_with_each_reference_once() -> None:
    counting = Counting()
    sides, face, voice = Sides(counting), np.ones(128, np.float32), np.ones(192, np.float32)
    people = [Reference("m", face, voice, 1, 9.0) for _ in range(2)]
    faces = [FaceSample(face, FaceQuality(*[1.0] * 7)) for _ in range(2)]
    voices = [VoiceSample(voice, VoiceQuality(3.0, 20.0, -20.0)) for _ in range(2)]
    for who in people:
        for seen in faces:
            for heard in voices:
                said = sides.compare(who, seen, heard)
                assert (said.llr_face, said.llr_voice, said.llr_fused) == (1.5, -2.5, None)
    assert counting.asked == 8
    assert sides.compare(people[0], None, None).modalities == ()
