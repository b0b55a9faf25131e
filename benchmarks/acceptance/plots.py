"""Plots: the share of impostors verified, and of genuine callers, by seconds into the call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from model.evaluation.plots import SYSTEMS

Curves = Mapping[str, Mapping[str, NDArray[np.float64]]]
_SIZE_IN = (7.5, 6.5)
_STYLES: tuple[Literal["-", "--", ":"], ...] = ("-", "--", ":")
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
    """Above the genuine callers, below the impostors, whose share is drawn by its logarithm.

    A colour is an operating point, a style a way; what they mean stands below both, as curves may
    run anywhere.
    """
    figure = Figure(figsize=_SIZE_IN, layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True)
    colours = dict(zip(impostors, SYSTEMS, strict=False))
    ways = list(dict.fromkeys(way for curves in impostors.values() for way in curves))
    styles = dict(zip(ways, _STYLES, strict=False))
    for point, colour in colours.items():
        reached = np.array(genuine[point])[None, :] <= seconds[:, None]
        above.plot(seconds, reached.mean(axis=1), color=colour, linewidth=1.6)
        for way, style in styles.items():
            share = impostors[point][way]
            drawn = np.where(share > 0, share, np.nan)
            below.plot(seconds, drawn, style, color=colour, linewidth=1.4)
    above.set(title=f"Verified by then, {condition}", ylabel="genuine callers", ylim=(0, 1.02))
    below.set(xlabel="seconds into the call", ylabel="impostors' calls", yscale="log")
    below.set_ylim(_LEAST, 0.2)
    for axes in (above, below):
        axes.grid(alpha=0.3)
    meanings = [Line2D([], [], color=colour, label=point) for point, colour in colours.items()]
    meanings += [
        Line2D([], [], color="black", linestyle=style, label=way) for way, style in styles.items()
    ]
    figure.legend(handles=meanings, fontsize="small", loc="outside lower center", ncols=2)
    return figure
