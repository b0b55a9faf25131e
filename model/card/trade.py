"""The table of what smaller and faster towers gain and lose, as ``speed --json`` wrote it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from model.card.checks import check_numbers, is_number, need, read_json
from model.card.markdown import NONE, command, made_by, missing, table
from model.errors import ModelError

SPEED = "python -m model speed"
Row = dict[str, Any]


def compressed(path: Path | None) -> str:
    """Time, size and error of each folder of towers, beside those of the first.

    Args:
        path: what ``speed --json`` wrote; None: says that it was not given.

    Raises:
        ModelError: the file lacks or garbles something.
    """
    if path is None:
        what = "what int8, pruned and distilled towers would gain and lose"
        return missing(what, "`--speed`", f"`{SPEED} --pack DIR --json FILE` measures it")
    found = need(path, read_json(path), ("folders", "repeats"))
    folders = need(path, found["folders"], (), "folders")
    rows = {name: _checked(path, row, name) for name, row in folders.items()}
    if not rows:
        raise ModelError(f"{path} holds no towers: have '{SPEED} --json' write it again")
    # Every folder is timed and judged alike; one that lacks a column shows a gap.
    calls = list(dict.fromkeys(call for row in rows.values() for call in row["times"]))
    conditions = list(dict.fromkeys(at for row in rows.values() for at in row.get("eer", {})))
    head = ["towers", *(f"{call}, ms" for call in calls), "face, MB", "voice, MB"]
    head += [f"EER {at} %" for at in conditions] + ["accepted"]
    block = table(head, [_cells(name, row, calls, conditions) for name, row in rows.items()])
    about = (
        f"Milliseconds of processor time on one thread, median of {found['repeats']} calls; "
        "× is the ratio to the first row's."
    )
    return made_by(f"{about}\n\n{block}", command(SPEED, found.get("pack")))


def _checked(path: Path, found: Any, name: str) -> Row:
    row = need(path, found, ("times", "face_bytes", "voice_bytes"), name)
    check_numbers(path, row, ("face_bytes", "voice_bytes"), name)
    for call, times in need(path, row["times"], (), name).items():
        keys = ("cpu_ms", "ratio")
        check_numbers(path, need(path, times, keys, f"{name}, {call}"), keys, f"{name}, {call}")
    for at, figures in need(path, row.get("eer", {}), (), name).items():
        _check_errors(path, need(path, figures, ("eer", "interval", "ratio"), name), at)
    return row


def _check_errors(path: Path, figures: Row, where: str) -> None:
    known = [key for key in ("eer", "ratio") if figures[key] is not None]
    check_numbers(path, figures, known, where)
    ends = figures["interval"] or [0.0, 0.0]
    if not (isinstance(ends, list) and len(ends) == 2 and all(map(is_number, ends))):
        raise ModelError(f"{path} garbles the interval of {where}: write it again")


def _cells(name: str, row: Row, calls: list[str], conditions: list[str]) -> list[str]:
    cells = [name, *(_time(row["times"].get(call)) for call in calls)]
    cells += [f"{row[part] / 1e6:.2f}" for part in ("face_bytes", "voice_bytes")]
    cells += [_error(row.get("eer", {}).get(at)) for at in conditions]
    accepted = {True: "yes", False: "no", None: "not judged"}
    return [*cells, accepted[row.get("accepted")]]


def _time(times: Row | None) -> str:
    return NONE if times is None else f"{times['cpu_ms']:.1f} (× {times['ratio']:.2f})"


def _error(figures: Row | None) -> str:
    if figures is None or figures["eer"] is None:
        return NONE
    text = f"{100 * figures['eer']:.2f}"
    if figures["interval"]:
        low, high = figures["interval"]
        text += f" ({100 * low:.2f} to {100 * high:.2f})"
    return text if figures["ratio"] is None else f"{text}, × {figures['ratio']:.2f}"
