"""The page about sources."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.sources.comparing import PIECES, ROUNDS
from benchmarks.sources.figures import COHORT_TOP, Row, mean_of

_LEFT = {
    "mean": "the mean alone",
    "nearest alone": "the nearest piece alone",
    "leaning": "a mean that leans towards the nearest piece",
    "AS-norm": f"the mean, AS-norm by the {COHORT_TOP} people of the cohort most alike",
    "centred": "the mean, the cohort's mean taken off both sides",
}


def page(found: dict[str, Any]) -> str:
    """Markdown of all that was found."""
    voices, faces = found["voices"], found["faces"]
    parts = [_head(found), "## Voices\n\n" + _table(voices), "## Faces\n\n" + _table(faces)]
    parts += [_towers(voices, faces), _ways(voices, faces), _calibration(voices)]
    return "\n\n".join(parts) + "\n"


def _head(found: dict[str, Any]) -> str:
    return (
        "# Source by source\n\n"
        f"Written by `python -m benchmarks.sources`. The model is `{found['model']}`; the people "
        f"are of `{found['pack']}`, whom no training has seen. *Met* says whether training "
        f"(`{found['lessons']}`) had other people of that source. Everybody is enrolled several "
        f"times with {PIECES} pieces (stretches of about 3 s, or pictures) and compared with "
        "everybody of the source, so that the channel gives nothing away. Presenters of both "
        "packs make the rows of lrwar's faces: neither tower has seen them. Their identities come "
        "from clustering faces, which leaves a floor of error.\n\n"
        "EER in %, plain cosines of piece means unless another way is named. *Harm* is the 95 % "
        f"interval of the fine-tuned towers' EER less the published ones', by bootstrap over the "
        f"claimed people ({ROUNDS} rounds): wholly above 0 would be harm. *Comparator* is what "
        "serving runs, its Cllr in bits beside the least that any calibration could reach on these "
        "very trials; *leaning* is the same with references that lean towards the piece that a "
        "probe is nearest to, which was tried and is not served."
    )


def _table(rows: Sequence[Row]) -> str:
    lines = [
        "| condition | source | met | people | trials | published | half way | fine-tuned | harm "
        "| comparator | Cllr | least | leaning | Cllr | least |",
        "|---" * 15 + "|",
    ]
    return "\n".join([*lines, *(_line(row) for row in rows)])


def _line(row: Row) -> str:
    harm = row["harm"]
    cells = [
        row["condition"],
        row["name"],
        "yes" if row["seen"] else "no",
        str(row["people"]),
        f"{row['mated']} / {row['non_mated']}",
        *(_percent(row["towers"][name]) for name in ("published", "half way", "fine-tuned")),
        f"{100 * harm[0]:+.2f} to {100 * harm[1]:+.2f}",
        *(cell for which in ("comparator", "leaning") for cell in _said(row[which])),
    ]
    return "| " + " | ".join(cells) + " |"


def _said(figures: dict[str, float] | None) -> tuple[str, str, str]:
    if figures is None:
        return "", "", ""
    return _percent(figures["eer"]), f"{figures['cllr']:.3f}", f"{figures['min_cllr']:.3f}"


def _towers(voices: Sequence[Row], faces: Sequence[Row]) -> str:
    harmed = [row for row in (*voices, *faces) if row["harm"][0] > 0]
    worse = "; ".join(f"{row['name']}, {row['condition']}" for row in harmed) or "none"
    lines = [
        "## Whether fine-tuning does harm",
        "",
        f"Rows whose interval lies wholly above 0: {worse}. Mean EER over rows, %:",
        "",
        "| rows | published | half way | fine-tuned |",
        "|---|---|---|---|",
    ]
    for name, rows in _kinds(voices, faces).items():
        means = mean_of(rows, "towers")
        lines.append(f"| {name} | " + " | ".join(_percent(means[k]) for k in means) + " |")
    return "\n".join(lines)


def _ways(voices: Sequence[Row], faces: Sequence[Row]) -> str:
    kinds = _kinds(voices, faces)
    lines = [
        "## Ways to compare, and what was left",
        "",
        "Mean EER over rows, %, fine-tuned towers. Score normalisation helps on the cohort's own "
        "sources and harms on others, as does centring. Why nothing leans is written in "
        "[0026](../decisions/0026-one-mean.md).",
        "",
        "| way | " + " | ".join(kinds) + " |",
        "|---" * (1 + len(kinds)) + "|",
    ]
    means = [mean_of(rows, "ways") for rows in kinds.values()]
    for way, name in _LEFT.items():
        cells = [_percent(one[way]) if way in one else "" for one in means]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _calibration(voices: Sequence[Row]) -> str:
    lines = ["## The comparator", "", "Mean over rows.", ""]
    lines += ["| rows | references | EER | Cllr | least Cllr |", "|---|---|---|---|---|"]
    for name, rows in _kinds(voices, ()).items():
        for which, how in {"comparator": "as they are", "leaning": "leaning"}.items():
            said = " | ".join(_said(mean_of(rows, which)))
            lines.append(f"| {name} | {how} | {said} |")
    return "\n".join(lines)


def _kinds(voices: Sequence[Row], faces: Sequence[Row]) -> dict[str, list[Row]]:
    found = {}
    for what, rows in {"voices": voices, "faces": faces}.items():
        for met in (False, True):
            chosen = [row for row in rows if row["seen"] is met]
            if chosen:
                found[f"{what}, source {'met' if met else 'not met'} in training"] = chosen
    return found


def _percent(value: float) -> str:
    return f"{100 * value:.2f}"
