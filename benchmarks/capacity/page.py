"""The page of figures and its plot."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from benchmarks.capacity.figures import Figures, p95
from benchmarks.capacity.media import Material
from benchmarks.capacity.soak import Soak
from model.evaluation.plots import SYSTEMS

_HEAD = """# How many calls one server holds

```
{command}
```

As that command wrote it. Calls of {who}, 640x480 at {fps} pictures
a second, VP8 and Opus without layers, encoded before and played by aiortc from another process on
the same machine ({cpus} processors): what playing takes, the server has not. In one call in four
another person takes over at a random time. Nobody is refused in the first table, however many
come. Measured for {seconds:g} s after a warm-up of 8 s.

- **lag**: from the arrival of a window's newest media to its event at the client, scored or not;
  0.5 s of it may be spent in waiting for the end of speech that is under way.
- **scores**: windows compared, for each call and second, of those that a caller is told, one in
  2 s at most; **left out**: those of them that there was no time for.
- **steady**: genuine calls verified all through; **verified**: share of their time in which they
  are.
- **noticed**: from a swap's arrival to the rejection; ∞: not before the call ended.
- **alone**: aiortc decodes as many calls in a process of its own and does nothing else, right
  after.
"""


def markdown(
    rows: Sequence[Figures],
    *,
    command: str,
    material: Material,
    seconds: float,
    plot: str = "",
    asked: Figures | None = None,
    refusal: str = "",
    soak: Soak | None = None,
) -> str:
    """All figures as a page.

    Args:
        rows: one a number of calls.
        command: that measured them.
        material: that was played.
        seconds: that each was measured.
        plot: where the plot lies, from the page; empty where there is none.
        asked: what came of calls that the server might refuse.
        refusal: what a refused one was told.
        soak: calls that went on for long.
    """
    head = _HEAD.format(
        command=command, who=material.who, fps=material.fps, seconds=seconds, cpus=os.cpu_count()
    )
    drawn = [f"![Lag and verified time by number of calls]({plot})"] if plot else []
    parts = [head, _held(rows), *drawn, "## Where the time goes", _where(rows)]
    if asked is not None:
        parts += ["## Where the server decides", _decided(asked, refusal)]
    if soak is not None:
        parts += ["## Held for long", soak.markdown()]
    return "\n".join(part.rstrip() + "\n" for part in parts)


def _held(rows: Sequence[Figures]) -> str:
    lines = [
        "| calls | lag p50 / p95 / most, s | scores | left out | steady | verified | rejected | "
        "swaps noticed p50 / p95, s | server CPU | alone | memory, MiB |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        swaps = row.noticed_s
        noticed = f"{_seconds(_median(swaps))} / {_seconds(p95(swaps))}" if swaps else "–"
        cells = (
            f"{row.calls}",
            f"{row.lag_p50_s:.2f} / {row.lag_p95_s:.2f} / {row.lag_most_s:.2f}",
            f"{row.scores_per_s:.2f}",
            f"{row.left_out:.0%}",
            f"{row.steady:.0%}",
            f"{row.verified:.0%}",
            f"{row.rejected}",
            noticed,
            f"{row.cpu:.2f}",
            f"{row.alone:.2f} ({row.cpu / row.alone:.1f} times)" if row.alone else "–",
            f"{row.memory_mib:.0f}",
        )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _where(rows: Sequence[Figures]) -> str:
    names = list(rows[0].stages) if rows else []
    lines = [
        "Processor time a second and call, in milliseconds.",
        "",
        "| calls | " + " | ".join(names) + " |",
        "|---" * (len(names) + 1) + "|",
    ]
    for row in rows:
        cells = [f"{1000 * row.stages[name] / max(1, row.calls):.1f}" for name in names]
        lines.append(f"| {row.calls} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _decided(asked: Figures, refusal: str) -> str:
    came = asked.calls + asked.refused
    said = f"The others were told: `{refusal}`" if refusal else "It refused nobody."
    return (
        f"Of {came} calls, one a second, it took {asked.calls}: lag p95 {asked.lag_p95_s:.2f} s, "
        f"{asked.left_out:.0%} of windows left out, genuine calls verified {asked.verified:.0%} of "
        f"the time. {said}"
    )


def _seconds(value: float) -> str:
    return "∞" if math.isinf(value) else f"{value:.1f}"


def _median(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]


def draw(rows: Sequence[Figures], path: Path) -> None:
    """Lag and verified time by number of calls."""
    figure = Figure(figsize=(7.0, 6.0), layout="constrained")
    lag, share = figure.subplots(2, 1, sharex=True)
    calls = [row.calls for row in rows]
    for values, label, colour in (
        ([row.lag_p50_s for row in rows], "p50", SYSTEMS[0]),
        ([row.lag_p95_s for row in rows], "p95", SYSTEMS[1]),
        ([row.lag_most_s for row in rows], "most", SYSTEMS[2]),
    ):
        lag.plot(calls, values, ".-", color=colour, label=label)
    lag.axhline(1.5, color="0.6", linestyle=":")
    lag.set(ylabel="lag, s", ylim=(0, None), title="Calls on one server")
    for values, label, colour in (
        ([row.verified for row in rows], "genuine calls verified, of the time", SYSTEMS[0]),
        ([1 - row.left_out for row in rows], "windows scored", SYSTEMS[1]),
    ):
        share.plot(calls, values, ".-", color=colour, label=label)
    share.set(xlabel="calls", ylabel="share", ylim=(0, 1.05))
    for axes in (lag, share):
        axes.grid(alpha=0.3)
        axes.legend(frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
