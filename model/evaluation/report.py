"""Figures of scored trials, and the JSON file that holds them.

The file is one object; keys are stable, new ones may come:

- ``format``: 3.
- ``pack``, ``trials``, ``people``: the pack's name, its trials and claimed people.
- ``rounds``: bootstrap resamplings behind each interval.
- ``skipped``: files that could not be decoded, each with the reason.
- ``resampled``: number of sound files that were at another rate than 16 kHz.
- ``systems``: by name as asked for:

  - ``name``; ``model``: id of its embedding space, or null; ``comparator``: what compares, or null.
  - ``conditions``: by name as asked for:

    - ``missing``: "face", "voice" or null, the modality left out of every probe.
    - ``fused_is``: the modality whose own LLR the fused one equals in all trials, or null.
    - ``skipped_trials``: trials left out because a file could not be decoded.
    - ``no_face``, ``no_voice``: trials without that modality's LLR, because the condition or the
      system leaves it out or because nothing was found to compare.
    - ``all``: row of all trials, by the fused LLR.
    - ``over_minimum``: how far that row's Cllr lies above its minimum, and how far that of a
      perfectly calibrated system would (``model.evaluation.calibration.over_minimum``), or null.
    - ``by_kind``: rows of each impostor kind against the mated trials.
    - ``by_source``: rows by data set of the claimed person's voice.
    - ``face``, ``voice``: rows of one modality's own LLR; mated where that modality is the
      claimed person's. Null where the system gives none.
    - ``voice_by_source``: the latter by data set.
    - ``by_group``: by "face gender", "voice language" and so on: rows by the claimed person's
      value. ``alone_by_group``: the same by that modality's own LLR.

- ``time``: where asked for: ``windows`` timed, ``window_s``, ``environment`` (thread settings),
  ``systems``: by name: ``face_ms``, ``voice_ms``, ``compare_ms``, ``total_ms``, each with
  ``median``, ``low_quartile``, ``high_quartile``; ``ratio``: median over windows of its total
  over the first system's.

A row is what ``model.evaluation.figures.measure`` returns. Rates are fractions, Cllr is in bits;
``NAME_interval`` is the 95 % interval of ``NAME``, in the file one list with it,
``[value, low, high]`` (``model.evaluation.figures_file``); null is what the trials do not tell.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.data.packs import Pack
from model.evaluation.calibration import over_minimum
from model.evaluation.figures import Row, measure
from model.evaluation.metrics import Flags, Floats
from model.evaluation.scoring import FACE_MATED, VOICE_MATED, Scores
from model.evaluation.systems import System

FORMAT = 3
Measure = Callable[[Flags], Row | None]


def heading(pack: Pack, systems: Mapping[str, System], *, rounds: int) -> dict[str, Any]:
    """The JSON object before anything is scored.

    Args:
        pack: with trials.
        systems: by name as asked for.
        rounds: of the bootstrap.
    """
    return {
        "format": FORMAT,
        "pack": pack.name,
        "trials": len(pack.trials),
        "people": len({trial.chimera for trial in pack.trials}),
        "rounds": rounds,
        "systems": {
            name: {
                "name": name,
                "model": getattr(system, "model_id", None),
                "comparator": getattr(system, "comparator", None),
                "conditions": {},
            }
            for name, system in systems.items()
        },
    }


def note(found: dict[str, Any], pack: Pack) -> None:
    """Put into the JSON object what reading the pack met."""
    found["skipped"] = {_shown(pack, path): why for path, why in pack.notes.skipped.items()}
    found["resampled"] = len(pack.notes.rates_hz)


def summary(scores: Scores, *, skipped: int = 0, rounds: int = 500) -> dict[str, Any]:
    """All figures of one system under one condition.

    Args:
        scores: of its trials.
        skipped: trials left out before.
        rounds: of the bootstrap over people.

    Returns:
        One condition's object of the layout above.
    """
    every = np.ones(len(scores.kind), dtype=bool)
    fused = partial(_row, scores, scores.fused, scores.mated, rounds)
    face = partial(_row, scores, scores.face, np.isin(scores.kind, FACE_MATED), rounds)
    voice = partial(_row, scores, scores.voice, np.isin(scores.kind, VOICE_MATED), rounds)
    kinds = sorted(set(scores.kind[~scores.mated]))
    return {
        "missing": scores.missing,
        "fused_is": _same_as_fused(scores),
        "skipped_trials": skipped,
        "no_face": int(np.isnan(scores.face).sum()),
        "no_voice": int(np.isnan(scores.voice).sum()),
        "all": fused(every),
        "over_minimum": over_minimum(scores.fused, scores.mated, scores.person),
        "by_kind": {str(k): fused(scores.mated | (scores.kind == k)) for k in kinds},
        "by_source": _parted(fused, scores.source),
        "face": face(every),
        "voice": voice(every),
        "voice_by_source": _parted(voice, scores.source),
        "by_group": {name: _parted(fused, of) for name, of in scores.groups.items()},
        "alone_by_group": {
            name: _parted(face if name.startswith("face") else voice, of)
            for name, of in scores.groups.items()
        },
    }


def named_rows(found: dict[str, Any]) -> list[tuple[str, Row]]:
    """A condition's rows in reading order, each with a name for people."""
    rows = [("all", found["all"])]
    rows += [(f"kind {kind}", row) for kind, row in found["by_kind"].items()]
    rows += [("face alone", found["face"]), ("voice alone", found["voice"])]
    rows += [(f"voices of {source}", row) for source, row in found["by_source"].items()]
    rows += [(f"voice alone, {at}", row) for at, row in found["voice_by_source"].items()]
    for key, prefix in (("by_group", ""), ("alone_by_group", "alone, ")):
        for group, parts in found[key].items():
            rows += [(f"{prefix}{group} {value}", row) for value, row in parts.items()]
    return [(name, row) for name, row in rows if row is not None]


def table(systems: dict[str, dict[str, Any]]) -> str:
    """A Markdown table of several systems' conditions.

    Args:
        systems: the JSON object's ``systems``.
    """
    several = len(systems) > 1
    lines = [_HEAD if not several else f"| system {_HEAD}"]
    lines.append("|---" * (lines[0].count("|") - 1) + "|")
    for system, about in systems.items():
        for condition, found in about["conditions"].items():
            for name, row in named_rows(found):
                line = f"| {condition} | {name} {_cells(row)}"
                lines.append(f"| {system} {line}" if several else line)
    return "\n".join(lines)


def remarks(systems: dict[str, dict[str, Any]]) -> list[str]:
    """What the table does not say: missing modalities, trials that were not scored."""
    found = []
    for system, about in systems.items():
        for condition, figures in about["conditions"].items():
            left = {"face": "voice", "voice": "face"}.get(figures["missing"] or "")
            where = f"{system}, {condition}"
            if left and figures["fused_is"] == left:
                found.append(f"{where}: no {figures['missing']}; fused is the {left}'s own LLR")
            elif left:
                found.append(f"{where}: no {figures['missing']}; fused differs from the {left} LLR")
            if figures["skipped_trials"]:
                count = figures["skipped_trials"]
                found.append(f"{where}: {count} trials skipped, since a file cannot be read")
            found += [f"{where}: {remark}" for remark in _gaps(figures)]
    return found


_HEAD = (
    "| condition | trials | mated / not | EER % (95 %) | FNMR % at FMR 1e-2 (95 %) "
    "| at 1e-3 (95 %) | accuracy % | precision % | recall % | Cllr (95 %) | best line | min Cllr |"
)


def _gaps(figures: dict[str, Any]) -> list[str]:
    row = figures["all"] or {"trials": 0, "unscored": 0}
    every = row["trials"] + row["unscored"]
    partly = [name for name in ("face", "voice") if 0 < figures[f"no_{name}"] < every]
    said = [f"{figures[f'no_{name}']} trials without a {name} LLR" for name in partly]
    if row["unscored"]:
        said.append(f"{row['unscored']} trials got no score and are in no figure")
    if row.get("eer_interval") and row["eer"] == row["eer_interval"][1] == 0:
        most = 1 - 0.05 ** (1 / row["people"])
        said.append(
            f"no error among {row['people']} people, of which no drawing of them can make any: "
            f"what is sure (95 %) is that {100 * most:.1f} % of people or fewer meet one"
        )
    return said


def _shown(pack: Pack, path: Path) -> str:
    return str(path.relative_to(pack.root) if path.is_relative_to(pack.root) else path)


def _cells(row: Row) -> str:
    rates = [_percent(row, name, True) for name in ("eer", "fnmr_at_fmr_1e-2", "fnmr_at_fmr_1e-3")]
    rates += [_percent(row, name, False) for name in ("accuracy", "precision", "recall")]
    costs = [_number(row["cllr"], 3) + _span(row["cllr_interval"], 1, 3)]
    costs += [_number(row[name], 3) for name in ("line_cllr", "min_cllr")]
    cells = [f"{row['mated']} / {row['non_mated']}", *rates, *costs]
    return "".join(f"| {cell} " for cell in cells) + "|"


def _percent(row: Row, name: str, interval: bool) -> str:
    value = row[name]
    text = _number(None if value is None else 100 * value, 2)
    return text + (_span(row[f"{name}_interval"], 100, 2) if interval else "")


def _span(interval: list[float] | None, scale: float, digits: int) -> str:
    if interval is None:
        return ""
    low, high = (_number(scale * end, digits) for end in interval)
    return f" ({low} to {high})"


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _row(scores: Scores, llr: Floats, mated: Flags, rounds: int, chosen: Flags) -> Row | None:
    return measure(llr[chosen], mated[chosen], scores.person[chosen], rounds=rounds)


def _parted(row: Measure, values: NDArray[np.str_]) -> dict[str, Row | None]:
    return {str(value): row(values == value) for value in sorted(set(values) - {""})}


def _same_as_fused(scores: Scores) -> str | None:
    for name in ("face", "voice"):
        if np.allclose(getattr(scores, name), scores.fused, rtol=0, atol=1e-6, equal_nan=True):
            return name
    return None
