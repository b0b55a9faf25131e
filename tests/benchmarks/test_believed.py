from __future__ import annotations

import numpy as np
import pytest

from benchmarks.believed import Told, contradictions, figures, follow, page
from stream_verifier.verify.operating import DecisionModel, FilterModel, OperatingPoint, Worth
from tests.support.simulated_calls import EVIDENCE, make_call, make_script

POINT = OperatingPoint(accept=1.0, reject=-1.0)
WORTH = Worth(first=0.5, per_s=0.2, limit=4.0)
MODEL = DecisionModel(
    evidence=EVIDENCE.model_copy(
        update={
            "ceiling": 2.0,
            "posterior": FilterModel(face=WORTH, voice=WORTH, swap_every_s=60.0),
        }
    ),
    points={"one": POINT},
)
WELL, ILL = (6.0, 6.0), (-6.0, -6.0)
CALLS = [
    make_call(make_script(chimera="ada"), [WELL] * 60),
    make_call(make_script("swap_both", chimera="bob", change_s=29.5), [WELL] * 29 + [ILL] * 31),
]


def told(posterior: list[float], genuine: list[bool], states: list[str]) -> Told:
    odds = np.array(posterior)
    return Told(
        odds={"state": odds / 4, "posterior": odds},
        genuine=np.array(genuine),
        person=np.arange(len(genuine)) % 2,
        state=np.array(states),
    )


def test_odds_that_say_what_is_true_have_no_error() -> None:
    # Of four windows each at three to one, three are as said.
    odds = [np.log(3)] * 4 + [-np.log(3)] * 4
    row = figures(told(odds, [True] * 3 + [False] + [False] * 3 + [True], ["verified"] * 8))
    assert row["posterior"]["error"] == pytest.approx(0.0, abs=1e-9)
    assert row["state"]["error"] > 0.1
    bins = row["posterior"]["bins"]
    assert [one["true"] for one in bins] == pytest.approx([0.25, 0.75])
    assert [one["windows"] for one in bins] == [4, 4]


def test_what_is_believed_against_the_state_is_counted() -> None:
    states = ["verified", "verified", "rejected", "uncertain"]
    found = contradictions(told([2.0, -1.0, 1.0, -3.0], [True] * 2 + [False] * 2, states))
    assert found == {
        "verified": 2,
        "verified, rather not believed": 1,
        "rejected": 1,
        "rejected, rather believed": 1,
    }


def test_a_ceiling_costs_calibration_and_the_page_says_how_much() -> None:
    followed = follow(CALLS, MODEL, POINT)
    rows = {side: figures(one) for side, one in followed.items()}
    assert rows["both"]["posterior"]["cllr"] < rows["both"]["state"]["cllr"]
    assert rows["both"]["posterior"]["least"] <= rows["both"]["posterior"]["cllr"]
    about = {
        "command": "python -m benchmarks.believed --pack mine",
        "pack": "mine",
        "people": 4,
        "calls": 24,
        "model": "m",
        "point": "one",
    }
    text = page(
        {
            "about": about,
            "conditions": {"all": rows},
            "contradictions": contradictions(followed["both"]),
        }
    )
    assert "| all | both |" in text
    assert "what the state hangs on" in text
