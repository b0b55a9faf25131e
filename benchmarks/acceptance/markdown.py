"""The page about impostors' whole calls."""

from __future__ import annotations

from typing import Any

from benchmarks.acceptance.figures import SETS, Row
from stream_verifier.simulation.impostor_calls import CALL_S, WAYS

_NOTHING = "–"


def page(found: Row) -> str:
    """Markdown of all that was found.

    Args:
        found: the JSON object that the command writes.
    """
    about = found["about"]
    parts = [_head(about)]
    for point, thresholds in found["points"].items():
        parts += [
            f"## Operating point `{point}`",
            f"Target: {thresholds['target'] or 'none stated'}. {_thresholds(thresholds)}.",
            _impostors(found, point),
            _genuine(found, point),
        ]
    return "\n\n".join(parts) + "\n"


def _head(about: Row) -> str:
    return (
        "# Whole calls of impostors\n\n"
        f"Written by `{about['command']}`. {about['people']} made-up people of `{about['pack']}`"
        f"{about['whom']}, the model `{about['model']}`. Each is tried in the name of each other: "
        f"{about['pairs']} ordered pairs, a call of {CALL_S:g} s each, in three ways: face and "
        "voice of the impostor, the impostor's face with the right voice, the impostor's voice "
        "with the right face. An impostor counts who was `verified` for one window. *Exact* is "
        "the 95 % interval of Clopper and Pearson, as if calls had nothing to do with each other; "
        "*people* comes from drawing people anew, each with all calls in their name and all of "
        f"theirs in others' ({about['rounds']} rounds), and is the one to go by unless nobody at "
        "all was verified. *Voices of one source* are pairs whose recordings give nothing away."
    )


def _thresholds(point: Row) -> str:
    text = f"Verified from {point['accept']:g}, rejected from {point['reject']:g} log-odds"
    sure = point["sure"]
    if sure is None:
        return text
    return (
        f"{text}; becomes verified only where {sure['face']:g} of the face and "
        f"{sure['voice']:g} of the voice are believed"
    )


def _impostors(found: Row, point: str) -> str:
    head = ("condition", "impostor", "pairs", "verified", "of", "share", "exact", "people", "names")
    rows = [
        (
            condition,
            way,
            pairs,
            row["verified"],
            row["of"],
            _percent(row["value"]),
            _interval(row["exact"]),
            _interval(row["people"]),
            f"{row['claimed']} claimed, {row['impostors']} impostors" if row["verified"] else "",
        )
        for condition, part in found["conditions"].items()
        for way in WAYS
        for pairs in SETS
        for row in (part["impostors"][point][way][pairs],)
    ]
    return _table(head, rows)


def _genuine(found: Row, point: str) -> str:
    head = (
        "condition",
        "genuine calls",
        "hours",
        "verified after, s",
        "never",
        "false alarms",
        "an hour",
    )
    rows = [
        (
            condition,
            row["calls"],
            f"{row['genuine_hours']:.1f}",
            _times(row["verify"]),
            f"{row['never']} of {row['calls']}",
            row["false_alarms_per_hour"]["events"],
            _rate(row["false_alarms_per_hour"]),
        )
        for condition, part in found["conditions"].items()
        for row in (part["genuine"][point],)
    ]
    return _table(head, rows)


def _table(head: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def _percent(value: float | None) -> str:
    return _NOTHING if value is None else f"{100 * value:.3f} %"


def _interval(ends: list[float] | None) -> str:
    return _NOTHING if ends is None else f"{100 * ends[0]:.3f} to {100 * ends[1]:.3f}"


def _times(figures: Row) -> str:
    return " / ".join(
        f"{_seconds(one['value'])} ({_seconds(one['low'])} to {_seconds(one['high'])})"
        for one in (figures["p50"], figures["p95"])
    )


def _seconds(value: float | None) -> str:
    return "∞" if value is None else f"{value:.1f}"


def _rate(figure: Row) -> str:
    return f"{figure['value']:.2f} ({figure['low']:.2f} to {figure['high']:.2f})"
