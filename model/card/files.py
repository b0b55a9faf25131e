"""The files that the card is made of, checked before anything is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from model.card.checks import check_numbers, is_number, need, read_json
from model.errors import ModelError
from model.evaluation.figures import FIGURES
from model.evaluation.figures_file import unfolded
from model.evaluation.report import FORMAT

SYSTEM = "default"
"""The system that the card is of."""

EVALUATE = "python -m model evaluate"
COUNTS = ("trials", "mated", "non_mated", "unscored", "people")
KNOWN = ("pairs", "mated", "accuracy", "precision", "recall", "eer")
HELD_OUT = ("eer", "cllr", "min_cllr", "trials")
ROWS_BY = ("by_kind", "by_source", "voice_by_source")
GROUPED = ("by_group", "alone_by_group")
NOTES = ("missing", "fused_is", "skipped_trials", "no_face", "no_voice")


@dataclass(frozen=True)
class Evaluation:
    """One or more runs of ``evaluate`` on one pack (layout: ``model.evaluation.report``).

    Attributes:
        pack: its name.
        trials, people: in it.
        systems: as the file has them.
        time: milliseconds of a window, or None.
        timed: the command that measured it, or "".
        commands: that wrote the files.
    """

    pack: str
    trials: int
    people: int
    systems: dict[str, Any]
    time: dict[str, Any] | None
    timed: str
    commands: tuple[str, ...]

    @property
    def default(self) -> dict[str, Any]:
        """The default system's object."""
        found: dict[str, Any] = self.systems[SYSTEM]
        return found

    def conditions(self, *, missing: bool = False) -> dict[str, Any]:
        """The default's conditions, with both modalities or with one missing."""
        every = self.default["conditions"]
        return {name: of for name, of in every.items() if bool(of["missing"]) == missing}


def read_evaluations(paths: Sequence[Path]) -> Evaluation:
    """Read what ``evaluate --json`` wrote; later files add systems and conditions.

    Raises:
        ModelError: a file is of another format, lacks something or garbles it, the files are of
            different packs or models, or none has the default system.
    """
    found = read_evaluation(paths[0])
    for path in paths[1:]:
        found = _merged(found, read_evaluation(path), path)
    if SYSTEM not in found.systems:
        raise ModelError(f"{paths[0]} lacks the system {SYSTEM!r}, which the card is of: {_AGAIN}")
    if not found.conditions():
        raise ModelError(f"{paths[0]} has no condition with face and voice: {_AGAIN}")
    return found


def read_evaluation(path: Path) -> Evaluation:
    """Read one file that ``evaluate --json`` wrote.

    Raises:
        ModelError: it is of another format, or lacks or garbles something.
    """
    found = read_json(path)
    if found.get("format") != FORMAT:
        raise ModelError(
            f"{path} is of format {found.get('format')!r} where the card reads {FORMAT}: {_AGAIN}"
        )
    found = unfolded(found)
    need(path, found, ("pack", "trials", "people", "rounds", "systems"))
    for name, system in need(path, found, ("systems",))["systems"].items():
        need(path, system, ("model", "comparator", "conditions"), name)
        for at, condition in system["conditions"].items():
            _check_condition(path, condition, f"{name}, {at}")
    timed = _timed(path, found)
    conditions = list(dict.fromkeys(c for s in found["systems"].values() for c in s["conditions"]))
    text = (
        f"{EVALUATE} --system {','.join(found['systems'])} --condition {','.join(conditions)} "
        f"--rounds {found['rounds']}"
    )
    return Evaluation(
        pack=found["pack"],
        trials=found["trials"],
        people=found["people"],
        systems=found["systems"],
        time=timed,
        timed=f"{EVALUATE} --time {timed['windows']}" if timed else "",
        commands=(text,),
    )


def read_known(path: Path) -> dict[str, Any]:
    """Read what training the ancestor wrote of its known identities.

    Raises:
        ModelError: it lacks or garbles something.
    """
    found = read_json(path)
    for what, row in found.items():
        check_numbers(path, need(path, row, KNOWN, what), KNOWN, what)
    return found


def read_validation(path: Path) -> dict[str, Any]:
    """Read what training the default wrote of people held out.

    Raises:
        ModelError: it lacks or garbles something.
    """
    found = need(path, read_json(path), ("command", "pack", "held_out"))
    for what, row in need(path, found["held_out"], (), "held_out").items():
        check_numbers(path, need(path, row, HELD_OUT, what), HELD_OUT, what)
    return found


_AGAIN = "write it again with 'python -m model evaluate --json'"


def _check_condition(path: Path, found: Any, where: str) -> None:
    need(path, found, ("all", "face", "voice", *ROWS_BY, *GROUPED, *NOTES), where)
    rows = {name: found[name] for name in ("all", "face", "voice")}
    for key in ROWS_BY:
        rows |= {f"{key} {name}": row for name, row in need(path, found[key], (), where).items()}
    for key in GROUPED:
        for group, parts in need(path, found[key], (), where).items():
            rows |= {f"{group} {name}": row for name, row in need(path, parts, (), where).items()}
    for name, row in rows.items():
        if row is not None:
            _check_row(path, row, f"{where}, {name}")


def _check_row(path: Path, row: Any, where: str) -> None:
    intervals = [f"{name}_interval" for name in FIGURES]
    check_numbers(path, need(path, row, (*COUNTS, *FIGURES, *intervals), where), COUNTS, where)
    known = {name: row[name] for name in FIGURES if row[name] is not None}
    check_numbers(path, known, known, where)
    for name in intervals:
        ends = [0.0, 0.0] if row[name] is None else row[name]
        if not (isinstance(ends, list) and len(ends) == 2 and all(map(is_number, ends))):
            raise ModelError(f"{path} garbles {name} of {where}: {_AGAIN}")


def _timed(path: Path, found: dict[str, Any]) -> dict[str, Any] | None:
    if "time" not in found:
        return None
    time = need(path, found["time"], ("windows", "window_s", "environment", "systems"), "time")
    quartiles = ("median", "low_quartile", "high_quartile")
    for name, row in need(path, time["systems"], (), "time").items():
        parts = ("face_ms", "voice_ms", "compare_ms", "total_ms")
        check_numbers(path, need(path, row, (*parts, "ratio"), name), ("ratio",), name)
        for part in parts:
            check_numbers(path, need(path, row[part], quartiles, part), quartiles, part)
    return time


def _merged(found: Evaluation, more: Evaluation, path: Path) -> Evaluation:
    if (found.pack, found.trials, found.people) != (more.pack, more.trials, more.people):
        raise ModelError(f"{path} is of another pack than the files before it: {_AGAIN}")
    systems = dict(found.systems)
    for name, system in more.systems.items():
        known = systems.get(name, system)
        if (known["model"], known["comparator"]) != (system["model"], system["comparator"]):
            raise ModelError(
                f"{path} is of another {name} ({system['model']}, {system['comparator']}) than the "
                f"files before it ({known['model']}, {known['comparator']}): {_AGAIN}"
            )
        systems[name] = known | {"conditions": system["conditions"] | known["conditions"]}
    first = found.time is not None
    return replace(
        found,
        systems=systems,
        time=found.time if first else more.time,
        timed=found.timed if first else more.timed,
        commands=(*found.commands, *more.commands),
    )
