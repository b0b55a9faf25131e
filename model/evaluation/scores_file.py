"""The file of scores: one line a trial, for those who want to compute figures of their own."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable
from pathlib import Path

from model.evaluation.scoring import Scores

COLUMNS = ("condition", "chimera", "kind", "label", "llr_face", "llr_voice", "llr_fused")


def write_scores(path: Path, parts: Iterable[tuple[str, str, Scores]], *, several: bool) -> None:
    """Write CSV with ``COLUMNS``; before them ``system`` where there are several.

    ``label`` is 1 where the trial counts as mated: with a modality left out, by the other one.

    Args:
        path: the file; its folder is made.
        parts: system, condition and scores.
        several: whether more than one system was asked for.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow((*(("system",) if several else ()), *COLUMNS))
        for system, condition, scores in parts:
            lead = (system, condition) if several else (condition,)
            for row in _rows(scores):
                writer.writerow((*lead, *row))


def _rows(scores: Scores) -> Iterable[tuple[str, ...]]:
    columns = (scores.chimera, scores.kind, scores.mated)
    llrs = (scores.face, scores.voice, scores.fused)
    for chimera, kind, mated, *values in zip(*columns, *llrs, strict=True):
        texts = ("" if math.isnan(value) else f"{value:.9g}" for value in values)
        yield (str(chimera), str(kind), str(int(mated)), *texts)
