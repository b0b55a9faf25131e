"""Plots: delay against false alarms by rule, and how soon each kind of swap is noticed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.swaps.contest import Believed, curve
from benchmarks.swaps.people import grouped
from benchmarks.swaps.results import Result
from model.evaluation.plots import SYSTEMS
from stream_verifier.simulation.delays import MISSED_S

RATES = tuple(float(rate) for rate in np.geomspace(1 / 16, 32, 19))
_SIZE_IN = (7.0, 4.6)


def draw(
    folder: Path,
    contests: Mapping[str, Sequence[Believed]],
    results: Mapping[str, Sequence[Result]],
) -> list[Path]:
    """Draw everything as PNG.

    Args:
        folder: made where it is not there.
        contests: rules by name of the set of calls.
        results: of one rule by operating point.

    Returns:
        ``trade-off-SET.png`` and ``noticed-POINT.png``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    figures = {f"trade-off-{name}.png": trade_off(name, rules) for name, rules in contests.items()}
    figures |= {f"noticed-{name}.png": noticed(name, found) for name, found in results.items()}
    for file, figure in figures.items():
        figure.savefig(folder / file, dpi=110)
    return [folder / file for file in figures]


def trade_off(name: str, rules: Sequence[Believed]) -> Figure:
    """Mean delay of all swaps against false alarms in a genuine hour."""
    figure = Figure(figsize=_SIZE_IN, layout="constrained")
    axes = figure.add_subplot(title=f"Delay against false alarms, {name}")
    for rule, colour in zip(rules, SYSTEMS, strict=False):
        label = f"{rule.rule} ({rule.setting})" if rule.setting else rule.rule
        alarms, delay_s = np.array([point[:2] for point in curve(rule, RATES)]).T
        some = alarms > 0
        axes.plot(alarms[some], delay_s[some], ".-", color=colour, label=label, linewidth=1.6)
    axes.set(xscale="log", xlabel="false alarms in a genuine hour", ylim=(0, None))
    axes.set_ylabel(f"mean delay, s (missed: {MISSED_S:g} s)")
    _tidy(axes)
    return figure


def noticed(name: str, results: Sequence[Result]) -> Figure:
    """Share of swaps noticed by each time after the change, kind by kind."""
    kinds = grouped([one for one in results if one.swapped], lambda one: one.script.kind)
    figure = Figure(figsize=_SIZE_IN, layout="constrained")
    axes = figure.add_subplot(title=f"Time to notice by kind of swap, {name}")
    for (kind, chosen), colour in zip(kinds.items(), SYSTEMS, strict=False):
        waits = sorted(one.delay_s for one in chosen if math.isfinite(one.delay_s))
        shares = np.arange(1, len(waits) + 1) / len(chosen)
        axes.step([0.0, *waits], [0.0, *shares], where="post", color=colour, label=kind)
    axes.set(xlabel="seconds since the change", ylabel="share noticed", xlim=(0, MISSED_S))
    axes.set_ylim(0, 1.01)
    _tidy(axes)
    return figure


def _tidy(axes: Axes) -> None:
    axes.grid(color="#E5E5E5", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    if axes.lines:
        axes.legend(frameon=False, fontsize=8)
