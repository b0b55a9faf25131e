"""What a new model costs those who are enrolled.

    python -m benchmarks.migration --pack PACK [--fit PACK] [--old 4b9e81b,1011151]
        [--markdown docs/measurements/migration.md]

Maps from each older model's space to the present one's are fitted on the people of one pack, and
compared on those of another: face, voice and both, each with intervals by bootstrap over people.
Older models are folders of weights, or commits of this repository to take them out of. How long it
takes to move a full store tells ``python -m benchmarks.migration.moving``.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress

from benchmarks.migration.accuracy import (
    AGAIN,
    MODALITIES,
    ROUNDS,
    Embeds,
    Rows,
    fitted,
    rates,
    ways,
    work,
)
from benchmarks.migration.older import has_network, older_weights
from model.data.packs import Pack
from model.evaluation.figures import Row
from model.runtime.weights import Weights

# The towers as published, and as they were fine-tuned first; both were in 0.1.0.
OLD = "4b9e81b,1011151"
CONDITIONS = "clean,noisy,phone"
Table = Mapping[str, Mapping[str, Rows]]


def main(argv: Sequence[str] | None = None) -> None:
    """Run from the command line."""
    options = _parser().parse_args(argv)
    new = Weights.load()
    pack, lessons = Pack(options.pack), Pack(options.fit or options.pack.parent / "train")
    conditions = options.condition.split(",")
    named = options.old.split(",")
    olds = [older_weights(where, options.cache) for where in named]
    fits = [fitted(lessons, old, new, options.cache) for old in olds]
    groups = [[AGAIN]] + [
        ways(number, candidates, new.model_id) for number, (candidates, _) in enumerate(fits, 1)
    ]
    every = [way for group in groups for way in group]
    embeds = Embeds([new, *olds], options.cache)
    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task("scoring", total=work(pack, embeds, every, conditions))
        found = iter(rates(pack, embeds, every, conditions, advance=lambda: bar.advance(task)))
    tables = [{way.name: next(found) for way in group} for group in groups]
    parts = [_head(pack, lessons, new)]
    for where, old, (_, fit), table in zip(named, olds, fits, tables[1:], strict=True):
        parts.append(_section(where, old, fit, {**tables[0], **table}))
    text = "\n\n".join(parts) + "\n"
    print(text)
    if options.markdown:
        options.markdown.write_text(text, encoding="utf-8")


def _head(pack: Pack, lessons: Pack, new: Weights) -> str:
    return (
        "# A new model for people who stay enrolled\n\n"
        f"Written by `python -m benchmarks.migration`. The present model is `{new.model_id}`. "
        f"Maps are fitted on people of `{lessons.name}` and measured on people of `{pack.name}`, "
        "whom no training and no fit has seen. Each row is a way to go on, on the same trials; "
        f"95 % intervals by bootstrap over the claimed people ({ROUNDS} rounds). Cllr in bits: 1 "
        "tells nothing. Mean LLRs, natural logarithms, of genuine trials and of others, show "
        "whether moved references shrink evidence.\n\n"
        "*rotation* is an orthogonal matrix (Procrustes), *affine* a matrix and an offset held to "
        "it by ridge regression whose strength is chosen on people left out, *network* a hidden "
        "layer that corrects the affine map. An adapter that ships is the affine map. *no "
        "telephone's vector*: as references of before [0018](../decisions/0018-telephone.md) are."
    )


def _section(where: str, old: Weights, fits: Mapping[str, Any], found: Table) -> str:
    name = where if not Path(where).is_dir() else Path(where).name
    compares = "" if has_network(old) else ", towers alone: the present network compares for it"
    lines = [f"## From `{old.model_id}` ({name}{compares})", "", "Fitted on "]
    lines[-1] += "; ".join(
        f"{part}: {one['samples']} samples of {one['people']} people, ridge {one['ridge']:g}"
        for part, one in fits.items()
    )
    lines[-1] += ". What is not named here is made by the same tower in both.\n"
    lines += ["| condition | way | | EER | Cllr | least Cllr | LLR genuine | others |"]
    lines += ["|---|---|---|---|---|---|---|---|"]
    for condition in next(iter(found.values())):
        for way, by_condition in found.items():
            rows = by_condition[condition]
            lines += [
                f"| {condition} | {way} | {modality} | {_figures(rows[modality])} |"
                for modality in MODALITIES
            ]
    lines += ["", *_counts(found)]
    return "\n".join(lines)


def _figures(row: Row) -> str:
    low, high = row["eer_interval"]
    eer = f"{row['eer']:.2%} ({low:.2%} to {high:.2%})"
    low, high = row["cllr_interval"]
    cllr = f"{row['cllr']:.3f} ({low:.3f} to {high:.3f})"
    means = f"{row['mated_llr']:+.2f} | {row['other_llr']:+.2f}"
    return f"{eer} | {cllr} | {row['min_cllr']:.3f} | {means}"


def _counts(found: Table) -> list[str]:
    rows = next(iter(next(iter(found.values())).values()))
    return [
        "; ".join(
            f"{name}: {row['mated']} genuine trials and {row['non_mated']} others of "
            f"{row['people']} people"
            for name, row in rows.items()
        )
        + ", in each condition."
    ]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.migration", description=__doc__)
    add = parser.add_argument
    add("--pack", type=Path, required=True, help="folder with chimeras.csv and trials.csv")
    add("--fit", type=Path, help="folder of other people, to fit on; by default train beside it")
    add("--old", default=OLD, help="folders or commits, joined by commas")
    add("--condition", default=CONDITIONS, help="as of evaluate, joined by commas")
    add("--cache", type=Path, default=Path(".cache/migration"), help="folder of what is known")
    add("--markdown", type=Path, help="file for the page")
    return parser


if __name__ == "__main__":
    main()
