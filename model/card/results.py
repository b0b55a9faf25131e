"""Tables of what ``evaluate`` measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from model.card.files import SYSTEM, Evaluation
from model.card.markdown import bits, boldest, command, made_by, missing, number, percent, table
from model.evaluation.report import remarks
from model.evaluation.report import table as every_row

Condition = dict[str, Any]
Rows = Mapping[str, dict[str, Any] | None]
RATES = {"EER %": "eer", "FNMR % at FMR 1e-2": "fnmr_at_fmr_1e-2"} | {
    "FNMR % at FMR 1e-3": "fnmr_at_fmr_1e-3"
}
ZERO = {"FMR % at LLR 0": "fmr_at_llr_0", "FNMR % at LLR 0": "fnmr_at_llr_0"}
OVER_MINIMUM = ("times it", "times it of a perfect system")
DECISIONS = ("accuracy", "precision", "recall")
WIDEST = 4


def by_condition(found: Evaluation) -> str:
    """EER, FNMR at both FMRs and Cllr of all trials of each condition."""
    head = ["condition", "trials, mated", *RATES, "Cllr, bits", "minimum"]
    rows = []
    for name, of in found.conditions().items():
        row = of["all"]
        rates = [percent(row, figure) for figure in RATES.values()]
        costs = [bits(row, "cllr"), bits(row, "min_cllr", interval=False)]
        rows.append([name, _trials(row), *rates, *costs])
    return _sourced(found, table(head, rows))


def by_kind(found: Evaluation) -> str:
    """EER of each impostor kind, and how many of each pass at LLR 0."""

    def rows(of: Condition) -> Rows:
        return of["by_kind"]  # type: ignore[no-any-return]

    passing = _parted(found, rows, "fmr_at_llr_0")
    return _sourced(
        found,
        f"EER, %:\n\n{_parted(found, rows)}\n\nFMR at LLR 0, % of that kind's trials:\n\n{passing}",
    )


def by_source(found: Evaluation) -> str:
    """EER by data set of the claimed voice: fused, and by the voice alone."""
    fused = _parted(found, lambda of: of["by_source"])
    alone = _parted(found, lambda of: of["voice_by_source"])
    return _sourced(found, f"Fused, EER %:\n\n{fused}\n\nVoice alone, EER %:\n\n{alone}")


def by_group(found: Evaluation) -> str:
    """EER by group of people, where the pack has labels."""
    names = dict.fromkeys(group for of in found.conditions().values() for group in of["by_group"])
    if not names:
        return (
            f"> **Missing:** error by group. The lists of pack `{found.pack}` have no labels of "
            "gender, age, language, accent, nationality, ethnicity or skin type, so this "
            "evaluation cannot tell whether some people are treated worse than others. That "
            "nothing is shown here does not mean that there is no difference."
        )
    parts = []
    for name in names:
        fused = _parted(found, lambda of, at=name: of["by_group"].get(at, {}))  # type: ignore[misc]
        alone = _parted(found, lambda of, at=name: of["alone_by_group"].get(at, {}))  # type: ignore[misc]
        modality = name.split()[0]
        parts.append(f"By {name}, EER %:\n\n{fused}\n\nBy {name}, {modality} alone:\n\n{alone}")
    return _sourced(found, "\n\n".join(parts))


def one_missing(found: Evaluation) -> str:
    """What is left when one modality is missing from every probe."""
    conditions = found.conditions(missing=True)
    if not conditions:
        return missing(
            "error with one modality missing",
            "an evaluation of such conditions",
            "`python -m model evaluate --condition clean-face,clean-voice` measures it",
        )
    head = ["condition", "what is left", "fused LLR is that one's own", "EER %", "its own EER %"]
    rows = []
    for name, of in conditions.items():
        left = "voice" if of["missing"] == "face" else "face"
        same = "yes" if of["fused_is"] == left else "no"
        rows.append([name, left, same, percent(of["all"], "eer"), percent(of[left], "eer")])
    return _sourced(found, table(head, rows))


def alone(found: Evaluation) -> str:
    """EER of each modality's own LLR beside the fused one."""
    conditions = found.conditions()
    rows = []
    for name, of in conditions.items():
        shown = [of["all"], of["face"], of["voice"]]
        rows.append([name, *(percent(row, "eer") for row in shown)])
    return _sourced(found, table(["EER %", "fused", "face alone", "voice alone"], rows))


def systems(found: Evaluation) -> str:
    """The default beside all other systems of the evaluation, on strangers."""
    if set(found.systems) == {SYSTEM}:
        return missing(
            "other systems on the same probes",
            "an evaluation of several systems",
            "`python -m model evaluate --system default,peer,ancestor` measures them",
        )
    head = ["condition", "system", *RATES, *(f"{name} %" for name in DECISIONS), "Cllr, bits"]
    rows = [
        [at, name, *_rates(of["all"]), bits(of["all"], "cllr", interval=False)]
        for at in found.conditions()
        for name, system in found.systems.items()
        if (of := system["conditions"].get(at))
    ]
    return _sourced(found, table(head, rows))


def calibration(found: Evaluation) -> str:
    """Cllr beside its minimum, what of the difference could be mended, errors at even odds."""
    head = ["condition", "Cllr, bits", "best line", "minimum", *OVER_MINIMUM, *ZERO]
    rows = []
    for name, of in found.conditions().items():
        row = of["all"]
        costs = [bits(row, "cllr"), bits(row, "line_cllr", interval=False), bits(row, "min_cllr")]
        zero = [percent(row, figure) for figure in ZERO.values()]
        rows.append([name, *costs, *_over_minimum(of["over_minimum"]), *zero])
    return _sourced(found, table(head, rows))


def times(found: Evaluation) -> str:
    """Milliseconds of a window by system."""
    if found.time is None:
        return missing(
            "time per window",
            "an evaluation with times",
            "`OMP_NUM_THREADS=1 python -m model evaluate --time 50` measures it",
        )
    parts = {"face": "face_ms", "voice": "voice_ms", "compare": "compare_ms", "total": "total_ms"}
    rows = [
        [name, *(_quartiles(row[part]) for part in parts.values()), number(row["ratio"], 2)]
        for name, row in found.time["systems"].items()
    ]
    threads = ", ".join(f"{k}={v}" for k, v in found.time["environment"].items() if v)
    about = (
        f"Milliseconds per window of {found.time['window_s']:g} s, one thread, median (quartiles) "
        f"of {found.time['windows']} windows; systems in turns. "
        f"Thread settings: {threads or 'none'}."
    )
    block = table(["system", *parts, "times the first"], rows)
    return made_by(f"{about}\n\n{block}", command(found.timed, found.pack))


def bounds(found: Evaluation) -> str:
    """What no error at all could show at most: the rule of three.

    Three over the number of trials is the upper end of the 95 % interval of a rate of which
    nothing was seen (Hanley and Lippman-Hand 1983). Trials of one person are alike, so the number
    of people is the more honest one.
    """
    name, of = next(iter(found.conditions().items()))
    rows = [("mated, all", of["all"], "mated")]
    rows += [(kind, row, "non_mated") for kind, row in of["by_kind"].items()]
    cells = [
        [what, str(row[count]), _three(row[count]), str(row["people"]), _three(row["people"])]
        for what, row, count in rows
        if row
    ]
    head = ["kind of trial", "trials", "bound by trials, %", "people", "bound by people, %"]
    return _sourced(found, f"Condition {name}:\n\n{table(head, cells)}")


def not_scored(found: Evaluation) -> str:
    """Trials that were skipped or lack a modality, one line each."""
    lines = remarks({SYSTEM: found.default})
    return "\n".join(f"- {line}" for line in lines) or "Every trial was scored."


def appendix(found: Evaluation) -> str:
    """Every row of the evaluation, with its intervals."""
    return _sourced(found, every_row(found.systems))


def _parted(found: Evaluation, rows_of: Callable[[Condition], Rows], figure: str = "eer") -> str:
    """One figure by condition and part of the trials; the worst part of each condition in bold."""
    conditions = found.conditions()
    parts = {part: row for of in conditions.values() for part, row in rows_of(of).items()}
    lines = []
    for name, of in conditions.items():
        rows = [rows_of(of).get(part) for part in parts]
        cells = [percent(row, figure) for row in rows]
        lines.append([name, *boldest([row[figure] if row else None for row in rows], cells)])
    head = ["", *(f"{part}, {_people(row)}" for part, row in parts.items())]
    # What there are more of goes downwards, so that the table stays narrow.
    if len(parts) <= max(WIDEST, len(conditions)):
        return table(head, lines)
    columns = list(zip(head, *lines, strict=True))
    return table(columns[0], columns[1:])


def _sourced(found: Evaluation, block: str) -> str:
    return made_by(block, *(command(text, found.pack) for text in found.commands))


def _rates(row: dict[str, Any] | None) -> list[str]:
    known = [percent(row, name) for name in RATES.values()]
    return known + [percent(row, name, interval=False) for name in DECISIONS]


def _over_minimum(found: dict[str, Any] | None) -> list[str]:
    """Cllr over its minimum, and what that would be if calibration were perfect."""
    if found is None:
        return ["-"] * len(OVER_MINIMUM)
    ends = [_times(found["by_people"][end]) for end in ("median", "low", "high")]
    return [_times(found["measured"]), f"{ends[0]} ({ends[1]} to {ends[2]})"]


def _times(ratio: float | None) -> str:
    return "-" if ratio is None else number(ratio, 2)


def _trials(row: dict[str, Any] | None) -> str:
    return f"{row['trials']}, {row['mated']}" if row else "-"


def _people(row: dict[str, Any] | None) -> str:
    return f"{row['people']} people" if row else "nobody"


def _three(count: int) -> str:
    return f"{100 * min(1.0, 3 / count):.2f}" if count else "-"


def _quartiles(part: dict[str, float]) -> str:
    return f"{part['median']:.2f} ({part['low_quartile']:.2f} to {part['high_quartile']:.2f})"
