from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes

from model.evaluation import plots, report
from model.evaluation.metrics import equal_error_rate
from model.evaluation.scoring import Scores


def made_up_scores(separation: float) -> Scores:
    rng = np.random.default_rng(6)
    kinds = np.tile(["genuine", "impostor_both", "impostor_voice"], 200)
    mated = kinds == "genuine"
    llr = separation * (mated - 0.5) * separation + separation * rng.standard_normal(600)
    return Scores(
        face=np.full(600, np.nan),
        voice=llr,
        fused=llr,
        mated=mated,
        kind=kinds,
        source=np.full(600, "made"),
        chimera=np.repeat([f"p{n:02}" for n in range(30)], 20),
        groups={},
    )


@pytest.fixture(scope="module")
def scored() -> dict[tuple[str, str], Scores]:
    return {("good", "clean"): made_up_scores(3.0), ("bad", "clean"): made_up_scores(1.5)}


@pytest.fixture(scope="module")
def figures(scored: dict[tuple[str, str], Scores]) -> dict[str, dict[str, Any]]:
    found = {key: report.summary(scores, rounds=10) for key, scores in scored.items()}
    return {system: {"conditions": {at: row}} for (system, at), row in found.items()}


def by_system(scored: dict[tuple[str, str], Scores]) -> dict[str, Scores]:
    return {system: scores for (system, _), scores in scored.items()}


def labels(axes: Axes) -> list[str]:
    return axes.get_legend_handles_labels()[1]


def test_det_has_systems_beside_each_other_and_each_ones_kinds(
    scored: dict[tuple[str, str], Scores],
) -> None:
    together, good, _ = plots.det("clean", by_system(scored)).axes
    assert labels(together) == ["good", "bad"]
    assert labels(good) == ["all", "impostor_both", "impostor_voice"]
    (alone,) = plots.det("clean", {"good": scored["good", "clean"]}).axes
    assert labels(alone) == labels(good)


def test_a_det_curve_meets_the_diagonal_at_the_eer(scored: dict[tuple[str, str], Scores]) -> None:
    scores = scored["bad", "clean"]
    (axes,) = plots.det("clean", {"bad": scores}).axes
    x, y = np.array(axes.lines[0].get_data(), dtype=np.float64)
    nearest = int(np.argmin(np.abs(x - y)))
    eer = equal_error_rate(scores.fused, scores.mated)
    assert plots.norm.cdf(x[nearest]) == pytest.approx(eer, abs=0.01)  # type: ignore[attr-defined]


def test_true_llrs_lie_on_the_diagonal_at_even_odds(
    scored: dict[tuple[str, str], Scores],
) -> None:
    # Of normal scores the made LLRs are the true ones, while two thirds of the trials are
    # non-mated: the share seen must be freed of that.
    figure = plots.reliability("clean", {"bad": scored["bad", "clean"]})
    above, below = figure.axes
    predicted, share = np.array(above.containers[0][0].get_data(), dtype=np.float64)
    assert np.abs(predicted - share).mean() < 0.08
    assert sum(patch.get_height() for patch in below.patches) == 600  # type: ignore[attr-defined]


def test_histograms_count_each_kind(scored: dict[tuple[str, str], Scores]) -> None:
    axes, _ = plots.histograms("clean", by_system(scored)).axes
    assert labels(axes) == ["mated", "impostor_both", "impostor_voice"]
    filled, *outlines = axes.patches
    assert len(outlines) == 2
    tops = filled.get_path().vertices[:, 1]  # type: ignore[index]
    values = scored["good", "clean"].fused
    counts, _ = np.histogram(values[::3], np.histogram_bin_edges(values, bins=50))
    assert tops.max() == counts.max()  # type: ignore[union-attr]


def test_bars_have_the_eer_of_each_system(figures: dict[str, Any]) -> None:
    (axes,) = plots.eer_bars(figures).axes
    widths = sorted(round(patch.get_width(), 6) for patch in axes.patches)  # type: ignore[attr-defined]
    expected = sorted(
        round(100 * about["conditions"]["clean"]["all"]["eer"], 6) for about in figures.values()
    )
    assert widths == expected


def test_no_error_rate_is_drawn_below_nothing() -> None:
    row = {"eer": 0.0, "eer_interval": [0.0, 0.0]}
    (axes,) = plots.eer_bars({"default": {"conditions": {"clean": {"all": row}}}}).axes
    assert axes.get_xlim()[0] == 0


def test_what_has_no_eer_is_left_blank(scored: dict[tuple[str, str], Scores]) -> None:
    about = {"odd": {"conditions": {"clean": {"all": None}}}}
    (axes,) = plots.eer_bars(about).axes
    assert [text.get_text() for text in axes.get_yticklabels()] == ["clean"]


def test_a_system_that_scored_nothing_is_left_out(
    scored: dict[tuple[str, str], Scores], figures: dict[str, Any], tmp_path: Path
) -> None:
    nothing = replace(scored["good", "clean"], fused=np.full(600, np.nan))
    more = {**scored, ("empty", "clean"): nothing, ("empty", "clean-face"): nothing}
    drawn = {path.name for path in plots.draw(tmp_path, more, figures)}
    assert drawn == {"eer.png", "det-clean.png", "scores-clean.png", "reliability-clean.png"}
    assert all((tmp_path / name).stat().st_size > 0 for name in drawn)


def test_people_without_impostors_have_no_curve_and_no_warning(
    scored: dict[tuple[str, str], Scores],
) -> None:
    alone = replace(scored["good", "clean"], mated=np.ones(600, bool))
    figure = plots.det("clean", {"good": alone})
    assert all(axes.get_legend() is None for axes in figure.axes)
