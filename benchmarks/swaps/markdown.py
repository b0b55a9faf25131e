"""The figures as Markdown tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from stream_verifier.simulation.delays import MISSED_S

Row = dict[str, Any]
SWAPS = (
    "swap_both",
    "swap_face",
    "swap_voice",
    "swap_behind_camera_off",
    "swap_behind_silence",
    "talk_off_camera",
    "absent_swap",
)
_NOTHING = "–"


def page(found: Row) -> str:
    """The whole report.

    Args:
        found: the JSON object that the command writes.
    """
    about = found["about"]
    parts = [
        f"{about['calls']} calls of {about['people']} people ({about['pack']}), "
        f"seed {about['seed']}, {about['genuine_hours']:.1f} genuine hours. Times in seconds, "
        "p50 / p95, in brackets the 95 % intervals by bootstrap over people; ∞: not within the "
        "call."
    ]
    for name, point in found["points"].items():
        parts += [
            f"## Operating point `{name}`",
            f"{point['target'] or 'No target stated'}. Verified from {point['accept']:g}, "
            f"rejected from {point['reject']:g} log-odds.",
            genuine_table(point["conditions"]),
            *(
                f"### {condition}\n\n{kinds_table(row['kinds'])}"
                for condition, row in point["conditions"].items()
            ),
            "### By voice source, all conditions",
            sources_table(point["sources"]),
            "### Calm calls where the worker is behind",
            sparing_table(point["sparing"]),
        ]
    parts += ["## Beside rivals", *map(contest_table, found["contests"])]
    return "\n\n".join(parts) + "\n"


def genuine_table(conditions: Row) -> str:
    """Time to verify and false alarms by condition."""
    return _table(
        ("condition", "calls", "genuine hours", "verified", "false alarms an hour", "ANGA"),
        (
            (
                name,
                row["calls"],
                f"{row['genuine_hours']:.1f}",
                _times(row["verify"]),
                _rate(row["false_alarms_per_hour"]),
                _number(row["anga"]["value"], 0) if row["anga"]["of"] else "no alarm",
            )
            for name, row in conditions.items()
        ),
    )


def kinds_table(kinds: Row) -> str:
    """What came of each kind of call."""
    return _table(
        (
            "kind",
            "calls",
            "noticed",
            "by impostor's speech",
            f"missed in {MISSED_S:g} s",
            "ANIA",
            "reason right",
            "absent",
            "impostor verified",
        ),
        (
            (
                kind,
                row["calls"],
                _if(row, "noticed", _times),
                _if(row, "noticed_speech", _times),
                _if(row, "missed", _share),
                _if(row, "ania", lambda figure: _number(figure["value"])),
                _share(row["reason_right"]),
                _if(row, "absent", _times),
                _if(row, "verified_after", _share),
            )
            for kind, row in kinds.items()
        ),
    )


def sources_table(sources: Row) -> str:
    """How much the voice's data set matters."""
    return _table(
        ("voice source", "calls", "verified", "false alarms an hour", *SWAPS[:3], "missed"),
        (
            (
                source,
                row["calls"],
                _times(row["verify"]),
                _rate(row["false_alarms_per_hour"]),
                *(_if(row["kinds"].get(kind, {}), "noticed", _times) for kind in SWAPS[:3]),
                _missed(row["kinds"]),
            )
            for source, row in sources.items()
        ),
    )


def sparing_table(conditions: Row) -> str:
    """What sparing calm calls saves and costs."""
    return _table(
        (
            "condition",
            "voice windows of genuine calls spared",
            "mean delay over all swaps, s",
            "where it is not",
            "false alarms an hour",
            "where it is not",
        ),
        (
            (
                name,
                _share(row["saved"]),
                _number(row["delay_s"], 2),
                _number(row["delay_every_s"], 2),
                _rate(row["alarms"]),
                _rate(row["alarms_every"]),
            )
            for name, row in conditions.items()
        ),
    )


def contest_table(contest: Row) -> str:
    """Rules beside each other, rate by rate."""
    kinds = ("all", *(kind for kind in SWAPS if any(kind in r["kinds"] for r in contest["rows"])))
    head = f"### {contest['conditions']}, {contest['genuine_hours']:.1f} genuine hours\n\n"
    return head + _table(
        ("one alarm in", "rule", "setting", "mean delay", *kinds, "missed"),
        (
            (
                f"{1 / row['per_hour']:g} h",
                row["rule"],
                row["setting"],
                _number(row["mean_delay_s"], 2),
                *(_if({"x": row["kinds"].get(kind)}, "x", _times) for kind in kinds),
                _share(row["kinds"]["all"]["missed"]),
            )
            for row in contest["rows"]
        ),
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def _if(row: Row, key: str, show: Callable[[Row], str]) -> str:
    return show(row[key]) if row.get(key) else _NOTHING


def _times(figures: Row) -> str:
    p50, p95 = figures["p50"], figures["p95"]
    if not p50["of"]:
        return _NOTHING
    return f"{_number(p50['value'])} / {_number(p95['value'])} ({_ends(p50)} / {_ends(p95)})"


def _ends(figure: Row) -> str:
    return f"{_number(figure['low'])} to {_number(figure['high'])}"


def _share(figure: Row) -> str:
    value, low, high = (100 * (figure[key] or 0.0) for key in ("value", "low", "high"))
    return f"{value:.1f} % ({low:.1f} to {high:.1f})"


def _rate(figure: Row) -> str:
    if not figure["of"]:
        return _NOTHING
    return f"{figure['value']:.2f} ({figure['low']:.2f} to {figure['high']:.2f})"


def _missed(kinds: Row) -> str:
    missed = [row["missed"] for row in kinds.values() if "missed" in row]
    of = sum(figure["of"] for figure in missed)
    count = round(sum(figure["value"] * figure["of"] for figure in missed))
    return f"{count} of {of:.0f}"


def _number(value: float | None, digits: int = 1) -> str:
    return "∞" if value is None else f"{value:.{digits}f}"
