"""``python -m model interchange``: whether references made with one tower serve another.

People are enrolled with the first folder's towers and probed with the second's, and the other way
round, beside each folder by itself: all four on the very same trials. A tower that keeps within its
space makes none of them worse.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import Progress

from model.compress.trade import Candidate, compare
from model.data.conditions import Condition
from model.data.packs import Pack
from model.errors import WeightsError
from model.evaluation import metrics
from model.evaluation.figures_file import layered
from model.evaluation.metrics import Flags, Floats
from model.evaluation.scoring import VOICE_MATED, Scorer, Scores
from model.evaluation.systems import Default, Llrs, System
from model.outputs import folder, new_file
from model.training.files import write_whole

Rows = dict[str, dict[str, dict[str, Any]]]


class Pair:
    """Embeds each input with two systems.

    Args:
        first, second: the systems.
    """

    name = "pair"

    def __init__(self, first: System, second: System) -> None:
        self.systems = first, second

    def face(self, picture: Any) -> tuple[Any | None, ...]:
        """Embed an aligned picture by both."""
        return tuple(system.face(picture) for system in self.systems)

    def voice(self, samples: Any) -> tuple[Any | None, ...]:
        """Embed speech by both."""
        return tuple(system.voice(samples) for system in self.systems)


class Crossed:
    """Enrols with one system of a pair and probes with one, whose comparator decides.

    Args:
        pair: embeds.
        enrolling: number of the one that makes references.
        probing: number of the one that embeds probes and compares; it may be the same.
    """

    def __init__(self, pair: Pair, enrolling: int, probing: int) -> None:
        names = [system.name for system in pair.systems]
        self.name = names[probing]
        if enrolling != probing:
            self.name = f"{names[enrolling]} enrolled, {names[probing]} probed"
        self.base = pair
        self.face, self.voice = pair.face, pair.voice
        self._enrolling, self._probing = enrolling, probing

    def reference(self, faces: Sequence[tuple[Any, ...]], voices: Sequence[tuple[Any, ...]]) -> Any:
        """A reference of what the enrolling system made."""
        place = self._enrolling
        return self.base.systems[place].reference(
            [face[place] for face in faces], [voice[place] for voice in voices]
        )

    def compare(
        self, reference: Any, face: tuple[Any, ...] | None, voice: tuple[Any, ...] | None
    ) -> Llrs:
        """Compare what the probing system made."""
        place = self._probing
        return self.base.systems[place].compare(
            reference, face and face[place], voice and voice[place]
        )


def cross(
    pack: Pack,
    folders: tuple[Path, Path],
    conditions: Sequence[str],
    *,
    rounds: int,
    cache: Path | None,
    bar: Progress,
) -> Rows:
    """Error rates of two folders of weights and of both ways to cross them.

    Args:
        pack: with chimeras and trials.
        folders: of weights, in one embedding space.
        conditions: names as ``model.data.conditions`` has them.
        rounds: bootstrap resamplings of the people, the same ones for all.
        cache: where embeddings are remembered; None to remember nothing.
        bar: shows how far it is.

    Returns:
        By condition, system and modality: ``eer``, ``interval``, ``ratio`` to the first's and its
        ``ratio_interval``, ``cllr`` and ``min_cllr`` in bits, ``accepted`` and numbers of trials.

    Raises:
        WeightsError: they are of different spaces.
        PackError: the pack has no trials, or lacks what a condition needs.
    """
    known: dict[str, Default] = {}
    one, other = (Candidate(folder, cache, known) for folder in folders)
    if one.model_id != other.model_id:
        raise WeightsError(
            f"{folders[0]} is of the space {one.model_id} and {folders[1]} of {other.model_id}: "
            "name two folders of one space, such as one that python -m model round made"
        )
    pair = Pair(one, other)
    systems = [Crossed(pair, *places) for places in ((0, 0), (1, 1), (0, 1), (1, 0))]
    parsed = [Condition.parse(name) for name in conditions]
    scorer = Scorer(pack, systems)
    task = bar.add_task("scoring", total=scorer.work(parsed))
    scorer.advance = lambda: bar.advance(task)
    rows: Rows = {}
    for condition in parsed:
        found, _ = scorer.score(condition)
        rows[condition.name] = {system.name: {} for system in systems}
        for modality in ("voice", "fused"):
            figures = _figures(found, modality, rounds)
            for system, figure in zip(systems, figures, strict=True):
                rows[condition.name][system.name][modality] = figure
    return rows


def table(rows: Rows) -> str:
    """A line a condition and system, as Markdown."""
    head = ["condition", "towers"]
    for modality in ("voice", "both"):
        head += [f"EER {modality}, %", "times the first", f"Cllr {modality}", "least Cllr"]
    lines = [head, ["---"] * len(head)]
    for condition, systems in rows.items():
        for name, modalities in systems.items():
            lines.append([condition, name, *_cells(modalities)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main(argv: Sequence[str]) -> int:
    """Cross two folders, print a table, write what was asked for; 1 where one is not accepted."""
    options = _parser().parse_args(argv)
    pack = Pack(options.pack)
    with Progress(console=Console(stderr=True)) as bar:
        rows = cross(
            pack,
            tuple(options.weights),
            options.condition.split(","),
            rounds=options.rounds,
            cache=options.cache,
            bar=bar,
        )
    print(*pack.notes.lines(), table(rows), sep="\n")
    for path, text in ((options.json, layered(rows)), (options.markdown, table(rows))):
        if path:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, f"{text}\n".encode())
    every = [figure for c in rows.values() for s in c.values() for figure in s.values()]
    return 0 if all(figure["accepted"] for figure in every) else 1


def _figures(found: Sequence[Scores], modality: str, rounds: int) -> list[dict[str, Any]]:
    llrs: Floats = np.array([getattr(scores, modality) for scores in found])
    first = found[0]
    mated: Flags = first.mated if modality == "fused" else np.isin(first.kind, VOICE_MATED)
    scored = ~np.isnan(llrs).any(axis=0)
    return [
        figures
        | {
            "cllr": metrics.cllr(llr[scored], mated[scored]),
            "min_cllr": metrics.min_cllr(llr[scored], mated[scored]),
        }
        for figures, llr in zip(
            compare(llrs, mated, first.person, rounds=rounds), llrs, strict=True
        )
    ]


def _cells(modalities: dict[str, dict[str, Any]]) -> list[str]:
    cells = []
    for row in modalities.values():
        eer, ratio = f"{100 * row['eer']:.2f}", "–"
        if row["ratio"] is not None:
            low, high = row["ratio_interval"]
            ratio = f"{row['ratio']:.2f} ({low:.2f} to {high:.2f})"
        cells += [eer, ratio, f"{row['cllr']:.4f}", f"{row['min_cllr']:.4f}"]
    return cells


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m model interchange", description=__doc__)
    add = parser.add_argument
    add("weights", type=Path, nargs=2, help="two folders of weights, in one space")
    add("--pack", type=Path, required=True, help="folder with chimeras.csv and trials.csv")
    add("--condition", default="clean,noise10,call", help="as of evaluate, joined by commas")
    add("--rounds", type=int, default=500, help="bootstrap resamplings")
    add("--cache", type=folder, default=Path(".cache/embeddings"), help="folder of embeddings")
    add("--json", type=new_file, help="where to write all figures")
    add("--markdown", type=new_file, help="where to write the table")
    return parser
