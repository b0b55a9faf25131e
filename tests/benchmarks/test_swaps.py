from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from benchmarks.rivals import variants
from benchmarks.swaps.__main__ import examine
from benchmarks.swaps.contest import contest, table
from benchmarks.swaps.figures import measure
from benchmarks.swaps.markdown import page
from benchmarks.swaps.people import People
from benchmarks.swaps.plots import draw
from benchmarks.swaps.results import COLUMNS, Result, result, write_calls
from benchmarks.swaps.sparing import sparing
from stream_verifier.simulation.delays import cost, noticed_s, threshold
from stream_verifier.simulation.replay import Played, Trace, ours, replay, trace
from stream_verifier.verify.operating import DecisionModel, OperatingPoint
from tests.support.simulated_calls import EVIDENCE, draw_calls, make_call, make_script

POINT = OperatingPoint(accept=2.0, reject=-3.0, target="few alarms")
OURS = ours(EVIDENCE)
WELL, ILL = (6.0, 6.0), (-6.0, -6.0)
SWAP = make_call(make_script("swap_both", change_s=29.5), [WELL] * 29 + [ILL] * 31)
UNNOTICED = make_call(make_script("swap_voice", change_s=29.5), [WELL] * 60)
GENUINE = make_call(make_script(), [WELL] * 60)
ALARM = make_call(make_script(chimera="bob"), [WELL] * 9 + [ILL] * 5 + [WELL] * 46)
CALLS = [SWAP, UNNOTICED, GENUINE, ALARM]
DRAWN = draw_calls(24, strength=1.0, inflated=2.0)
RULES = [OURS, *(one.make for one in variants()[::6])]


@pytest.fixture(scope="module")
def believed() -> list[list[Trace]]:
    """What each rule believes in each call that was drawn."""
    return [[trace(call, rule) for call in DRAWN] for rule in RULES]


def results(calls: list[Played]) -> list[Result]:
    return [result(call, "libri", OURS(POINT)) for call in calls]


def test_a_call_comes_to_what_its_verdicts_say() -> None:
    swap, unnoticed, genuine, alarm = results(CALLS)
    assert swap.swapped
    assert not swap.missed
    assert swap.delay_s == pytest.approx(1.5)
    assert swap.speech_s == pytest.approx(1.5)
    assert swap.impostor_windows == 2
    assert unnoticed.missed
    assert unnoticed.delay_s == float("inf")
    assert not genuine.swapped
    assert genuine.to_verify_s <= 3
    assert alarm.outcome.false_alarms == 1


def test_a_rejection_that_names_the_side_which_is_right_notices_no_swap() -> None:
    wrong_side = make_call(
        make_script("swap_voice", change_s=29.5), [WELL] * 29 + [(-6.0, 6.0)] * 31
    )
    assert trace(wrong_side, OURS).rejected(POINT.reject)[-1]
    assert noticed_s(trace(wrong_side, OURS), POINT.reject) == float("inf")
    assert result(wrong_side, "libri", OURS(POINT)).missed


def test_figures_tell_delays_misses_and_alarms() -> None:
    people = People(["ada", "bob"])
    row = measure(results(CALLS), people)["conditions"]["clean"]
    assert row["genuine_hours"] == pytest.approx((29.5 * 2 + 120) / 3600)
    assert row["false_alarms_per_hour"]["events"] == 1
    kinds = row["kinds"]
    assert kinds["swap_both"]["noticed"]["p50"]["value"] == pytest.approx(1.5)
    assert kinds["swap_both"]["reason_right"]["value"] == 1.0
    assert kinds["swap_voice"]["missed"]["value"] == 1.0
    assert kinds["swap_voice"]["noticed"]["p95"]["value"] is None
    assert kinds["genuine"]["reason_right"]["value"] == 0.5


def test_one_line_a_call(tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    write_calls(path, results(CALLS))
    with path.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    assert tuple(header) == COLUMNS
    assert rows[0][:5] == ["0000", "swap_both", "clean", "60.000", "29.500"]
    assert rows[0][6:] == ["31.000", "0", "29.500"]
    assert rows[1][6] == ""
    assert rows[2][4] == ""


def test_intervals_are_drawn_over_people() -> None:
    people = People(["a", "b", "c", "d"], rounds=200)
    alike = people.quantile([2.0] * 8, list("abcdabcd"), 0.5)
    assert (alike["value"], alike["low"], alike["high"], alike["of"]) == (2.0, 2.0, 2.0, 8)
    spread = people.quantile([1.0, 2.0, 3.0, float("inf")], list("abcd"), 0.5)
    assert (spread["value"], spread["low"], spread["high"]) == (2.0, 1.0, None)
    share = people.share([True, False, False, False], list("abcd"))
    assert share["value"] == 0.25
    assert share["low"] == 0.0
    none = people.rate([0] * 4, [1.0] * 4, list("abcd"))
    assert (none["value"], none["low"]) == (0.0, 0.0)
    assert none["high"] == pytest.approx(3.689 / 4, abs=1e-3)


@pytest.mark.parametrize("per_hour", [1.0, 30.0, 300.0])
def test_all_rules_are_held_to_the_same_rate_of_false_alarms(
    per_hour: float, believed: list[list[Trace]]
) -> None:
    for rule, traces in zip(RULES, believed, strict=True):
        reject = threshold(traces, per_hour)
        told = [
            result(call, "", rule(OperatingPoint(accept=50.0, reject=reject))) for call in DRAWN
        ]
        alarms = sum(one.outcome.false_alarms for one in told)
        assert alarms <= per_hour * sum(one.outcome.genuine_s for one in told) / 3600
        for one, found in zip(traces, told, strict=True):
            if one.script.kind == "genuine":
                continue
            expected = None if found.outcome.alarmed else found.outcome.noticed_s
            noticed = noticed_s(one, reject)
            assert noticed == (float("inf") if expected is None and noticed else expected)


def test_a_rival_enters_with_the_setting_that_serves_it_best() -> None:
    candidates = [one for one in variants() if one.rival == "moving average"]
    _, best = contest(DRAWN, OURS, per_hour=[60.0], candidates=candidates)
    costs = {}
    for one in candidates:
        traces = [trace(call, one.make) for call in DRAWN]
        costs[one.setting] = cost(traces, threshold(traces, 60.0))
    assert costs[best.setting] == min(costs.values())
    row = table([best], People([call.script.chimera for call in DRAWN]), [60.0])[0]
    assert row["mean_delay_s"] == costs[best.setting]
    assert set(row["kinds"]) == {"swap_both", "swap_face", "swap_voice", "all"}


def test_the_report_is_whole(tmp_path: Path) -> None:
    calls = draw_calls(8)
    sources = {call.script.chimera: "libri" for call in calls}
    model = DecisionModel(evidence=EVIDENCE, points={"calm": POINT})
    about = {"pack": "dev", "seed": 1}
    found, told, rules = examine(calls, sources, model, about)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    text = page(found)
    assert "few alarms" in text
    assert "moving average" in text
    widths = [line.count("|") for line in text.splitlines() if line.startswith("|")]
    assert min(widths) > 5
    files = draw(tmp_path, rules, told)
    assert {file.name for file in files} >= {"trade-off-all.png", "noticed-calm.png"}
    assert all(file.stat().st_size > 5000 for file in files)


def test_verdicts_of_the_product_spare_windows_of_a_calm_call() -> None:
    spared = replay(GENUINE.seen, ours(EVIDENCE, spare=True)(POINT))
    whole = replay(GENUINE.seen, OURS(POINT))
    assert [verdict.state for _, verdict in spared] == [verdict.state for _, verdict in whole]


def test_sparing_is_told_with_what_it_saves_and_what_it_costs() -> None:
    both = [
        [result(call, "libri", ours(EVIDENCE, spare=spare)(POINT)) for call in CALLS]
        for spare in (True, False)
    ]
    (row,) = sparing(*both, People(["ada", "bob"])).values()  # type: ignore[arg-type, call-arg]
    spared, scored = (
        sum(getattr(one, name) for one in both[0][2:]) for name in ("spared", "scored")
    )
    assert row["saved"]["value"] == pytest.approx(spared / (spared + scored))
    assert 0.2 < row["saved"]["value"] < 0.5
    assert not any(one.spared for one in both[1])
    # The swap is noticed, the other one never: it counts as 30 s with and without.
    assert row["swaps"] == 2
    assert row["delay_s"] == pytest.approx((both[0][0].delay_s + 30) / 2)
    assert row["paid_s"] == pytest.approx(row["delay_s"] - row["delay_every_s"])
    assert row["paid_s"] >= 0
