"""Draws a timeline as a picture: evidence, states, reasons, and what was missing.

The only module here that needs matplotlib, which the server does without.
"""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from stream_verifier.console.timeline import (
    REASONS,
    SERIES,
    STATES,
    Span,
    Timeline,
    clock,
    in_words,
    runs,
    say_asked,
    say_reasons,
    stretches,
)
from stream_verifier.errors import SettingsError

SUFFIXES = (".png", ".svg", ".pdf")
_SIZE_INCHES = (12.0, 6.0)
_DPI = 100
_LEFT, _RIGHT = 0.125, 0.885
_CHARACTER_PX = 7.4
_MANY_POINTS = 600
_TICK_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)
_MOST_TICKS = 13
_LEAST_RANGE = 4.0

_INK, _MUTED, _GRID = "#17202c", "#56637a", "#dfe4eb"
# Here and below: keyword arguments of matplotlib, each of another type.
_LINES: dict[str, dict[str, Any]] = {
    "both": {"color": "#8d99ab", "linestyle": "-", "linewidth": 6.0},
    "face": {"color": "#2b6fd6", "linestyle": "-", "linewidth": 1.6},
    "voice": {"color": "#b45a12", "linestyle": (0, (4, 2)), "linewidth": 1.6},
}
"""Together comes first and broad: it runs along the weaker of the other two."""
_FILLS = {
    "verified": ("#a6dcc2", "#12724a", ""),
    "uncertain": ("#f7dd9f", "#8a5a00", "...."),
    "waiting": ("#dde4ef", "#4a5f80", ""),
    "absent": ("#ffffff", "#645a78", "\\\\\\\\"),
    "rejected": ("#f3aaa5", "#b52a25", "////"),
}
"""Fill, edge and hatching: states differ without colour too."""


def check_path(path: Path) -> None:
    """See, before anything takes long, that a picture can be written there.

    Raises:
        SettingsError: the suffix is unknown, or the path cannot be written.
    """
    if path.suffix.lower() not in SUFFIXES:
        known = ", ".join(SUFFIXES)
        raise SettingsError(f"A plot cannot be written as {path.name!r}: end its name in {known}.")
    existed = path.exists()
    try:
        with path.open("ab"):
            pass
        if not existed:
            path.unlink()
    except OSError as error:
        raise _unwritable(path, error) from error


def write_plot(timeline: Timeline, path: Path, *, title: str = "") -> None:
    """Draw a timeline into a file, its words into the file's description.

    A new file that cannot be written to its end is not left.

    Raises:
        SettingsError: the file cannot be written.
    """
    described = "Subject" if path.suffix.lower() == ".pdf" else "Description"
    metadata = {"Title": title, described: "\n".join(in_words(timeline))}
    picture = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing", UserWarning)
        figure, kind = draw(timeline, title=title), path.suffix.lower().removeprefix(".")
        figure.savefig(picture, format=kind, dpi=_DPI, metadata=metadata)
    existed = path.exists()
    try:
        path.write_bytes(picture.getbuffer())
    except OSError as error:
        if not existed:
            path.unlink(missing_ok=True)
        raise _unwritable(path, error) from error


def draw(timeline: Timeline, *, title: str = "") -> Figure:
    """Draw a timeline over its media time."""
    lanes = _reasons(timeline)
    figure = Figure(figsize=_SIZE_INCHES, facecolor="white")
    above, band, below = figure.subplots(
        3,
        sharex=True,
        height_ratios=(13.0 - 0.6 * len(lanes), 1.7, 1.6 + 0.75 * len(lanes)),
        gridspec_kw={
            "left": _LEFT,
            "right": _RIGHT,
            "top": 0.91 if timeline.failure is None else 0.87,
            "bottom": 0.115,
            "hspace": 0.07,
        },
    )
    _draw_title(figure, timeline, title)
    _draw_evidence(above, timeline)
    _draw_states(band, timeline)
    _draw_lanes(below, timeline, lanes)
    _draw_legend(figure, timeline)
    return figure


def _unwritable(path: Path, error: OSError) -> SettingsError:
    return SettingsError(f"The plot {path} cannot be written: {error.strerror or error}.")


def _reasons(timeline: Timeline) -> list[str]:
    """Those that were given, in the order of ``REASONS``, unknown ones last."""
    given = dict.fromkeys(reason for span in timeline.spans for reason in span.reasons)
    return [*(reason for reason in REASONS if reason in given), *sorted(given.keys() - REASONS)]


def _draw_title(figure: Figure, timeline: Timeline, title: str) -> None:
    plain: dict[str, Any] = {"x": 0.02, "parse_math": False}
    figure.text(y=0.945, s=_cut(title, 70), fontsize=15, weight="bold", color=_INK, **plain)
    if timeline.failure is not None:
        text = f"Broke off at {clock(timeline.end_s)}: {timeline.failure}"
        figure.text(y=0.9, s=_cut(text, 150), fontsize=10.5, color=_FILLS["rejected"][1], **plain)


def _draw_evidence(axes: Axes, timeline: Timeline) -> None:
    _tidy(axes, timeline)
    for name in _LINES:
        _draw_series(axes, timeline, name)
    low, high = _limits(timeline)
    axes.set_ylim(low, high)
    axes.yaxis.set_major_locator(MaxNLocator(8, integer=True))
    axes.set_ylabel("Evidence\n(log-odds)", color=_MUTED)
    axes.grid(axis="y", color=_GRID, linewidth=0.8)
    axes.axhline(0, color="#8b97a8", linewidth=1, zorder=1)
    _draw_thresholds(axes, timeline, low, high)
    _draw_holes(axes, timeline)
    _draw_challenges(axes, timeline, high)
    if not axes.get_legend_handles_labels()[0]:
        text, back = (
            "No evidence: nothing was compared",
            {"facecolor": "white", "edgecolor": "none"},
        )
        axes.text(0.5, 0.5, text, ha="center", va="center", bbox=back, transform=axes.transAxes)


def _draw_series(axes: Axes, timeline: Timeline, name: str) -> None:
    look = dict(_LINES[name])
    if len(timeline.points) > _MANY_POINTS:
        look["linewidth"] /= 2
    for number, line in enumerate(runs(timeline.points, name)):
        label = f"_{name}" if number else SERIES[name]
        mark = "o" if len(line) == 1 else ""
        axes.plot(
            *zip(*line, strict=True), marker=mark, ms=2 + look["linewidth"], label=label, **look
        )


def _limits(timeline: Timeline) -> tuple[float, float]:
    seen = [timeline.accept or 0.0, timeline.reject or 0.0]
    for name in SERIES:
        seen += [value for line in runs(timeline.points, name) for _, value in line]
    return min(-_LEAST_RANGE, *seen) * 1.1, max(_LEAST_RANGE, *seen) * 1.1


def _draw_thresholds(axes: Axes, timeline: Timeline, low: float, high: float) -> None:
    for value, state, way, edge, at in (
        (timeline.accept, "verified", "up", high, "bottom"),
        (timeline.reject, "rejected", "down", low, "top"),
    ):
        if value is None:
            continue
        fill, colour, _ = _FILLS[state]
        axes.axhspan(value, edge, color=fill, alpha=0.18, linewidth=0)
        axes.axhline(value, color=colour, linewidth=1.3, linestyle=(0, (1, 1.5)))
        text = f"{state}\nfrom {value:+g} {way}".replace("-", "−")
        axes.text(1.008, value, text, transform=axes.get_yaxis_transform(), color=colour, va=at)


def _draw_challenges(axes: Axes, timeline: Timeline, high: float) -> None:
    """A bracket at the top, from the question to its result."""
    for asked in timeline.challenges:
        span = [asked.start_s, asked.start_s, asked.end_s, asked.end_s]
        axes.plot(span, [0.93 * high, 0.97 * high, 0.97 * high, 0.93 * high], color=_INK, lw=1.2)
        axes.text(asked.start_s, 0.92 * high, f" {say_asked(asked)}", va="top", color=_INK)


def _draw_holes(axes: Axes, timeline: Timeline) -> None:
    for hole in timeline.holes:
        axes.axvspan(
            hole.start_s,
            hole.end_s,
            facecolor="#eef0f4",
            edgecolor="#c3cad6",
            hatch="xxx",
            zorder=0,
        )


def _draw_states(axes: Axes, timeline: Timeline) -> None:
    _tidy(axes, timeline)
    axes.set_ylim(0, 1)
    axes.set_yticks([0.5], ["State"])
    for span in timeline.spans:
        fill, edge, hatch = _fill(span.state)
        width_s = span.end_s - span.start_s
        axes.broken_barh(
            [(span.start_s, width_s)], (0, 1), facecolor=fill, edgecolor=edge, hatch=hatch, lw=0.6
        )
        if text := _label(span, timeline):
            middle_s = span.start_s + width_s / 2
            back = {"facecolor": fill, "edgecolor": "none", "pad": 1.5}
            axes.text(middle_s, 0.5, text, ha="center", va="center", color=_INK, bbox=back)


def _label(span: Span, timeline: Timeline) -> str:
    """The state, nothing where there is no room; the reasons have lanes of their own."""
    share = (span.end_s - span.start_s) / _length_s(timeline)
    room_px = share * (_RIGHT - _LEFT) * _SIZE_INCHES[0] * _DPI
    state = STATES.get(span.state, span.state)
    return state if _CHARACTER_PX * len(state) + 8 < room_px else ""


def _draw_lanes(axes: Axes, timeline: Timeline, reasons: list[str]) -> None:
    """One lane a reason, then one a modality, so that no words collide however long it was."""
    _tidy(axes, timeline)
    names = [*map(_say, reasons), "Face compared", "Voice compared"]
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_yticks(range(len(names)), names, fontsize=9.5)
    axes.grid(axis="y", color=_GRID, linewidth=0.8)
    for row, reason in enumerate(reasons):
        bars = [(s.start_s, s.end_s - s.start_s) for s in timeline.spans if reason in s.reasons]
        axes.broken_barh(bars, (row - 0.3, 0.6), color=_MUTED)
    for row, side, kind in ((-2, "face", "video"), (-1, "voice", "audio")):
        at = (len(names) + row - 0.3, 0.6)
        bars = [(start_s, end_s - start_s) for start_s, end_s in stretches(timeline.points, side)]
        axes.broken_barh(bars, at, color=_LINES[side]["color"])
        holes = [(h.start_s, h.end_s - h.start_s) for h in timeline.holes if h.kind == kind]
        axes.broken_barh(holes, at, facecolor="white", edgecolor=_INK, hatch="xxx", linewidth=0.6)
    axes.set_xticks(_ticks(timeline), [clock(at_s) for at_s in _ticks(timeline)])
    axes.tick_params(axis="x", bottom=True, length=4)


def _say(reason: str) -> str:
    said = say_reasons([reason])
    return said[:1].upper() + said[1:]


def _draw_legend(figure: Figure, timeline: Timeline) -> None:
    """The lines above; below, what no word stands beside."""
    lines, _ = figure.axes[0].get_legend_handles_labels()
    marks = []
    if timeline.holes:
        marks.append(Patch(facecolor="white", edgecolor=_MUTED, hatch="xxx", label="Media missing"))
    unnamed = {span.state for span in timeline.spans if not _label(span, timeline)}
    for state in (state for state in STATES if state in unnamed):
        fill, edge, hatch = _fill(state)
        marks.append(Patch(facecolor=fill, edgecolor=edge, hatch=hatch, label=STATES[state]))
    look: dict[str, Any] = {"ncols": 6, "frameon": False}
    if lines:
        figure.legend(handles=lines, loc="upper right", bbox_to_anchor=(0.99, 0.995), **look)
    if marks:
        figure.legend(handles=marks, loc="lower right", bbox_to_anchor=(0.99, 0.0), **look)


def _tidy(axes: Axes, timeline: Timeline) -> None:
    axes.set_xlim(0, _length_s(timeline))
    axes.set_axisbelow(True)
    axes.tick_params(length=0, colors=_INK)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _fill(state: str) -> tuple[str, str, str]:
    return _FILLS.get(state, ("#ffffff", _MUTED, ""))


def _length_s(timeline: Timeline) -> float:
    return max(timeline.end_s, 1.0)


def _ticks(timeline: Timeline) -> list[float]:
    length_s = _length_s(timeline)
    step_s = next((s for s in _TICK_STEPS_S if length_s / s < _MOST_TICKS), length_s / 10)
    return [step_s * number for number in range(int(length_s / step_s) + 1)]


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"
