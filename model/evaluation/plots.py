"""Plots of scores and figures: DET curves, histograms, reliability, and EER bars."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.special import expit
from scipy.stats import beta, norm

from model.evaluation.metrics import Flags, Floats, error_rates
from model.evaluation.scoring import Scores

PANEL_IN = (4.6, 4.4)
COLUMNS = 3
RATES = (0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4)
LOWEST_RATE, HIGHEST_RATE = 5e-4, 0.6
BINS = 10
# Okabe and Ito's colours, which people with any colour vision tell apart.
KINDS = {
    "mated": "#0072B2",
    "impostor_both": "#666666",
    "impostor_face": "#E69F00",
    "impostor_voice": "#D55E00",
}
OTHER = "#CC79A7"
SYSTEMS = ("#0072B2", "#D55E00", "#009E73", "#E69F00", "#CC79A7", "#56B4E9", "#000000")
By = Mapping[str, Scores]


def draw(
    folder: Path, scored: Mapping[tuple[str, str], Scores], systems: dict[str, dict[str, Any]]
) -> list[Path]:
    """Draw everything that an evaluation has to show, as PNG.

    Args:
        folder: made where it is not there.
        scored: scores by system and condition.
        systems: the JSON object's ``systems`` (see ``report``).

    Returns:
        The files: ``det-CONDITION.png``, ``scores-CONDITION.png`` and
        ``reliability-CONDITION.png`` of each condition in which a system scored something, and
        ``eer.png``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    figures = {"eer.png": eer_bars(systems)}
    for condition in dict.fromkeys(condition for _, condition in scored):
        by = {system: scores for (system, at), scores in scored.items() if at == condition}
        # The face alone has nothing to show where the face is taken away.
        by = {system: scores for system, scores in by.items() if np.isfinite(scores.fused).any()}
        for name, plot in PLOTS.items() if by else ():
            figures[f"{name}-{condition}.png"] = plot(condition, by)
    for file, figure in figures.items():
        figure.savefig(folder / file, dpi=110)
    return [folder / file for file in figures]


def det(condition: str, by: By) -> Figure:
    """DET curves on probit axes (Martin et al. 1997): systems together, then each one's kinds."""
    several = len(by) > 1
    figure, panels = _panels(f"DET, {condition}", len(by) + several)
    if several:
        panels[0].set_title("all trials")
        for (system, scores), colour in zip(by.items(), _colours(len(by)), strict=False):
            _det_line(panels[0], system, scores.fused, scores.mated, colour, "-")
    for axes, (system, scores) in zip(panels[several:], by.items(), strict=True):
        axes.set_title(system)
        _det_line(axes, "all", scores.fused, scores.mated, "#000000", "-")
        for kind in _impostors(scores):
            chosen = scores.mated | (scores.kind == kind)
            colour = KINDS.get(kind, OTHER)
            _det_line(axes, kind, scores.fused[chosen], scores.mated[chosen], colour, "--")
    for axes in panels:
        _probit(axes)
    return figure


def histograms(condition: str, by: By) -> Figure:
    """How often each fused LLR came, by kind; counts on a logarithmic axis."""
    figure, panels = _panels(f"Fused LLR, {condition}", len(by))
    for axes, (system, scores) in zip(panels, by.items(), strict=True):
        axes.set_title(system)
        parts = {"mated": scores.mated}
        parts |= {kind: ~scores.mated & (scores.kind == kind) for kind in _impostors(scores)}
        finite = scores.fused[np.isfinite(scores.fused)]
        edges = np.histogram_bin_edges(finite, bins=50)
        for kind, chosen in parts.items():
            colour = KINDS.get(kind, OTHER)
            look = {"histtype": "stepfilled" if kind == "mated" else "step", "linewidth": 1.6}
            shade = {"alpha": 0.35} if kind == "mated" else {}
            values = scores.fused[chosen]
            axes.hist(values, edges, label=kind, color=colour, **look, **shade)  # type: ignore[arg-type]
        axes.axvline(0, color="black", linewidth=0.8, linestyle=":")
        axes.set(xlabel="fused LLR (natural logarithm)", ylabel="trials", yscale="log")
        axes.set_ylim(bottom=0.7)
        _legend_below(axes)
    return figure


def reliability(condition: str, by: By) -> Figure:
    """Predicted probability of a mated trial against its observed share, at even odds.

    Mated and non-mated trials weigh the same together, as the LLR's even odds have it. Whiskers
    are 95 % intervals.
    """
    columns = min(COLUMNS, len(by))
    rows = math.ceil(len(by) / columns)
    size = (PANEL_IN[0] * columns, PANEL_IN[1] * 1.25 * rows)
    figure = Figure(figsize=size, layout="constrained")
    figure.suptitle(f"Reliability at even odds, {condition}")
    grid = figure.subfigures(rows, columns, squeeze=False).ravel()
    for part, (system, scores) in zip(grid, by.items(), strict=False):
        above, below = part.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        _reliability(above, below, scores)
        above.set_title(system)
    return figure


def eer_bars(systems: dict[str, dict[str, Any]]) -> Figure:
    """EER of all trials by condition and system, with 95 % intervals."""
    conditions = list(dict.fromkeys(c for about in systems.values() for c in about["conditions"]))
    bars = len(conditions) * len(systems)
    figure = Figure(figsize=(7, 1.3 + 0.3 * bars + 0.2 * len(conditions)), layout="constrained")
    axes = figure.add_subplot(title="EER of all trials, with 95 % intervals", xlabel="EER, %")
    height = 0.8 / len(systems)
    colours = _colours(len(systems))
    for number, (system, about) in enumerate(systems.items()):
        places = np.arange(len(conditions)) + (number - (len(systems) - 1) / 2) * height
        rows = [_eer(about["conditions"].get(c)) for c in conditions]
        values, low, high = 100 * np.array(rows).T
        axes.barh(places, values, height * 0.9, label=system, color=colours[number])
        whiskers = [values - low, high - values]
        axes.errorbar(values, places, xerr=whiskers, fmt="none", ecolor="black", capsize=2)
        for place, value, end in zip(places, values, high, strict=True):
            if not math.isnan(value):
                axes.annotate(f" {value:.2f}", (end, place), va="center", fontsize=8)
    axes.set_yticks(range(len(conditions)), conditions)
    axes.invert_yaxis()
    axes.margins(x=0.12)
    axes.set_xlim(left=0)
    axes.spines[["top", "right"]].set_visible(False)
    if len(systems) > 1:
        axes.legend(frameon=False)
    return figure


def _panels(title: str, count: int) -> tuple[Figure, list[Axes]]:
    columns = min(COLUMNS, count)
    rows = math.ceil(count / columns)
    size = (PANEL_IN[0] * columns, PANEL_IN[1] * rows)
    figure = Figure(figsize=size, layout="constrained")
    figure.suptitle(title)
    panels = [figure.add_subplot(rows, columns, place + 1) for place in range(count)]
    for axes in panels:
        axes.spines[["top", "right"]].set_visible(False)
    return figure, panels


def _det_line(
    axes: Axes, label: str, scores: Floats, mated: Flags, colour: str, style: str
) -> None:
    scored = ~np.isnan(scores)
    scores, mated = scores[scored], mated[scored]
    if mated.all() or not mated.any():
        return
    _, fmr, fnmr = error_rates(scores, mated)
    x, y = (norm.ppf(np.clip(rate, LOWEST_RATE / 2, 1 - LOWEST_RATE / 2)) for rate in (fmr, fnmr))
    axes.plot(x, y, style, color=colour, label=label, linewidth=1.6)


def _legend_below(axes: Axes) -> None:
    """Where it hides no curve."""
    if axes.get_legend_handles_labels()[0]:  # Without impostors there is no curve.
        axes.legend(
            frameon=False, fontsize=8, ncol=2, loc="upper center", bbox_to_anchor=(0.5, -0.14)
        )


def _probit(axes: Axes) -> None:
    ticks, labels = norm.ppf(RATES), [f"{100 * rate:g}" for rate in RATES]
    low, high = norm.ppf([LOWEST_RATE, HIGHEST_RATE])
    axes.plot([low, high], [low, high], color="#BBBBBB", linewidth=0.8)
    axes.set(xlabel="FMR, %", ylabel="FNMR, %", xlim=(low, high), ylim=(low, high))
    axes.set_xticks(ticks, labels)
    axes.set_yticks(ticks, labels)
    axes.grid(color="#E5E5E5", linewidth=0.6)
    axes.set_aspect("equal")
    _legend_below(axes)


def _reliability(above: Axes, below: Axes, scores: Scores) -> None:
    scored = ~np.isnan(scores.fused)
    predicted, mated = expit(scores.fused[scored]), scores.mated[scored]
    edges = np.linspace(0, 1, BINS + 1)
    place = np.clip(np.digitize(predicted, edges) - 1, 0, BINS - 1)
    sums = np.stack(
        [np.bincount(place, of, BINS) for of in (np.ones(len(place)), mated * 1.0, predicted)]
    )
    seen = sums[0] > 0
    count, genuine, total = sums[:, seen]
    # Odds of the prior that is in the trial list, which even odds are free of.
    prior = max(1, mated.sum()) / max(1, (~mated).sum())
    share, low, high = (
        value / (value + prior * (1 - value))
        for value in (genuine / count, *_jeffreys(genuine, count))
    )
    above.plot([0, 1], [0, 1], color="#BBBBBB", linewidth=0.8)
    reach = [np.maximum(share - low, 0), np.maximum(high - share, 0)]
    above.errorbar(total / count, share, yerr=reach, fmt="o-", color=KINDS["mated"], capsize=2)
    above.set(ylabel="observed share of mated", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    middles = ((edges[:-1] + edges[1:]) / 2)[seen]
    below.bar(middles, count, 0.9 / BINS, color="#999999")
    for middle, trials in zip(middles, count, strict=True):
        below.annotate(f"{trials:.0f}", (middle, trials), ha="center", va="bottom", fontsize=7)
    below.set(xlabel="predicted probability of a mated trial", ylabel="trials", yscale="log")
    below.set_ylim(0.7, 6 * max(1.0, float(count.max())))
    for axes in (above, below):
        axes.spines[["top", "right"]].set_visible(False)


def _jeffreys(hits: Floats, count: Floats) -> tuple[Floats, Floats]:
    """95 % interval of a share (Brown, Cai and DasGupta 2001), trials taken as independent."""
    low, high = (beta.ppf(end, hits + 0.5, count - hits + 0.5) for end in (0.025, 0.975))
    return low, high


def _eer(found: dict[str, Any] | None) -> tuple[float, float, float]:
    row = (found or {}).get("all") or {}
    value = row.get("eer")
    if value is None:
        return math.nan, math.nan, math.nan
    low, high = row.get("eer_interval") or (value, value)
    return value, min(low, value), max(high, value)


def _impostors(scores: Scores) -> list[str]:
    return sorted(set(map(str, scores.kind[~scores.mated])))


def _colours(count: int) -> Sequence[str]:
    return [SYSTEMS[index % len(SYSTEMS)] for index in range(count)]


PLOTS = {"det": det, "scores": histograms, "reliability": reliability}
"""What is drawn of each condition, by the beginning of the file's name."""
