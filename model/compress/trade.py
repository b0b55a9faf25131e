"""What compressed towers cost in verification error: all folders on the very same probes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.data.conditions import Condition
from model.data.packs import Pack
from model.evaluation import metrics
from model.evaluation.metrics import Flags, Floats, Ladder
from model.evaluation.scoring import Scorer
from model.evaluation.systems import Default
from model.runtime.weights import Weights

ALLOWED = 0.05
"""A tower is accepted where each EER is at most this much above the first's, relatively."""

Rows = dict[str, dict[str, dict[str, Any]]]


class Candidate:
    """A folder of weights as a system; towers that an earlier folder has as well do their work.

    Args:
        folder: of the weights.
        cache: where embeddings are remembered; None to remember nothing.
        known: systems by the hash of their tower, added to.
    """

    def __init__(self, folder: Path, cache: Path | None, known: dict[str, Default]) -> None:
        own = Default(folder, cache)
        parts = Weights.load(folder).manifest["parts"]
        self.name = folder.name
        self.model_id = own.model_id
        self.face = known.setdefault(parts["face_tower"]["sha256"], own).face
        self.voice = known.setdefault(parts["voice_tower"]["sha256"], own).voice
        self.reference, self.compare = own.reference, own.compare


def equal_error_rates(
    pack: Pack,
    folders: Mapping[str, Path],
    conditions: Sequence[str],
    *,
    rounds: int,
    cache: Path | None,
    started: Callable[[int], Callable[[], None]] = lambda _: lambda: None,
) -> Rows:
    """EER of the fused score under some conditions.

    Args:
        pack: with chimeras and trials.
        folders: of weights, by name; the first is what the others are compared with.
        conditions: names as ``model.data.conditions`` has them.
        rounds: bootstrap resamplings of the people, the same ones for all folders.
        cache: where embeddings are remembered; None to remember nothing.
        started: told how much there is to do; gives what is called for each piece.

    Returns:
        By folder and condition: ``eer`` and its 95 % ``interval``; ``ratio`` to the first's and
        its ``ratio_interval``, None where the first makes no error; numbers of ``trials`` and
        ``people``; ``accepted``.

    Raises:
        PackError: the pack has no trials, or lacks what a condition needs.
    """
    known: dict[str, Default] = {}
    systems = [Candidate(folder, cache, known) for folder in folders.values()]
    parsed = [Condition.parse(name) for name in conditions]
    scorer = Scorer(pack, systems)
    scorer.advance = started(scorer.work(parsed))
    rows: Rows = {name: {} for name in folders}
    for condition in parsed:
        scores, _ = scorer.score(condition)
        llrs = np.array([found.fused for found in scores])
        figures = compare(llrs, scores[0].mated, scores[0].person, rounds=rounds)
        for name, figure in zip(folders, figures, strict=True):
            rows[name][condition.name] = figure
    return rows


def compare(
    llrs: Floats, mated: Flags, person: NDArray[np.intp], *, rounds: int, seed: int = 0
) -> list[dict[str, Any]]:
    """Compare several systems' EER with the first's on the trials that all of them scored.

    Args:
        llrs: shape (systems, n), NaN where not scored.
        mated: shape (n,).
        person: shape (n,), number of each trial's claimed person.
        rounds: bootstrap resamplings over people.
        seed: of the resampling.

    Returns:
        For each system what ``equal_error_rates`` says.
    """
    scored = ~np.isnan(llrs).any(axis=0)
    people = np.unique(person[scored], return_inverse=True)[1]
    count = int(people.max()) + 1
    drawn = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), rounds)
    draws = np.concatenate([np.ones((1, count)), drawn])
    eers = [_eers(llr[scored], mated[scored], people, draws) for llr in llrs]
    about = {"trials": int(scored.sum()), "people": count}
    return [_figures(own, eers[0]) | about for own in eers]


def _eers(llr: Floats, mated: Flags, people: NDArray[np.intp], draws: Floats) -> Floats:
    """EER in each round, shape (1 + rounds,); NaN where a kind of trial was not drawn."""
    genuine, impostor = Ladder(llr, mated, people).counts(draws)
    both = (genuine.sum(axis=1) > 0) & (impostor.sum(axis=1) > 0)
    eers = np.full(len(draws), np.nan)
    eers[both] = metrics.crossing(*metrics.rates(genuine[both], impostor[both]))
    return eers


def _figures(own: Floats, first: Floats) -> dict[str, Any]:
    figures: dict[str, Any] = {"eer": float(own[0]), "interval": _interval(own[1:])}
    ratios = own[first > 0] / first[first > 0]
    known = bool(first[0] > 0)
    figures["ratio"] = float(ratios[0]) if known else None
    figures["ratio_interval"] = _interval(ratios[1:]) if known else None
    figures["accepted"] = bool(own[0] <= (1 + ALLOWED) * first[0])
    return figures


def _interval(values: Floats) -> list[float] | None:
    known = values[np.isfinite(values)]
    return np.percentile(known, [2.5, 97.5]).tolist() if len(known) else None
