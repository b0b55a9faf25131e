"""Plots: the share of impostors verified, and of genuine callers, by seconds into the call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from model.evaluation.plots import SYSTEMS

Curves = Mapping[str, Mapping[str, NDArray[np.float64]]]
_SIZE_IN = (7.5, 6.5)
_LEAST = 2e-5


def draw(
    folder: Path,
    seconds: NDArray[np.float64],
    impostors: Mapping[str, Curves],
    genuine: Mapping[str, Mapping[str, Sequence[float]]],
) -> list[Path]:
    """Draw one PNG a condition.

    Args:
        folder: made where it is not there.
        seconds: shape (t,).
        impostors: by condition, operating point and way, shape (t,): share verified by then.
        genuine: by condition and operating point: when each genuine call was first verified.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for condition, curves in impostors.items():
        files.append(folder / f"acceptance-{condition}.png")
        figure = by_seconds(condition, seconds, curves, genuine[condition])
        figure.savefig(files[-1], dpi=110)
    return files


def by_seconds(
    condition: str,
    seconds: NDArray[np.float64],
    impostors: Curves,
    genuine: Mapping[str, Sequence[float]],
) -> Figure:
    """Above the genuine callers, below the impostors, whose share is drawn by its logarithm."""
    figure = Figure(figsize=_SIZE_IN, layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True)
    styles = ("-", "--", ":")
    for colour, (point, ways) in zip(SYSTEMS, impostors.items(), strict=False):
        reached = np.array(genuine[point])[None, :] <= seconds[:, None]
        above.plot(seconds, reached.mean(axis=1), color=colour, label=point, linewidth=1.6)
        for style, (way, share) in zip(styles, ways.items(), strict=False):
            drawn = np.where(share > 0, share, np.nan)
            below.plot(seconds, drawn, style, color=colour, label=f"{point}: {way}", linewidth=1.4)
    above.set(title=f"Verified by then, {condition}", ylabel="genuine callers", ylim=(0, 1.02))
    below.set(xlabel="seconds into the call", ylabel="impostors' calls", yscale="log")
    below.set_ylim(_LEAST, 0.2)
    for axes in (above, below):
        axes.grid(alpha=0.3)
        axes.legend(fontsize="x-small", loc="lower right", framealpha=0.8)
    return figure
