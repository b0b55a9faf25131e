"""Scores of people whom a network has not seen: faces by folds, voices by leaving a source out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np
from numpy.typing import NDArray

from model.data.packs import KINDS
from model.evaluation import metrics
from model.siamese.fit import scores
from model.siamese.pairs import FACE_MATED, SHARES, VOICE_MATED, join
from model.siamese.samples import Flags, Samples, TrialMaker
from model.types import Vector

Fit = Callable[[str, Samples, Samples], keras.Model]


@dataclass(frozen=True, slots=True)
class Trials:
    """How many are drawn.

    Attributes:
        folds: sources of voices that are left out at most; None: all.
        per_fold: trials of each.
    """

    folds: int | None = None
    per_fold: int = 8_000


@dataclass(frozen=True)
class HeldOut:
    """Trials of made-up people, scored by networks that knew neither face nor voice.

    Attributes:
        scores: shape (n, 3): face, voice, fused.
        labels: shape (n, 3): mated by face, by voice, by both.
        kind: shape (n,), number in ``KINDS``.
        source: shape (n,), data set of the claimed voice, which was left out.
    """

    scores: Vector
    labels: Flags
    kind: NDArray[np.intp]
    source: NDArray[np.str_]


def held_out(
    faces: Samples, voices: Samples, fit: Fit, *, seed: int, trials: Trials | None = None
) -> HeldOut:
    """Leave out one source of voices after the other, each time with another part of the faces.

    Where all voices are of one source, people are left out in four parts instead.

    Args:
        faces: embedded pictures.
        voices: embedded speech.
        fit: trains a network on some people; called with a stage's name and their samples.
        seed: of the trials drawn.
        trials: how many; by default as many as the full training takes.
    """
    trials = trials or Trials()
    names, fold_of_voice = _voice_folds(voices)
    fold_of_face = np.arange(len(faces.people)) % len(names)
    parts = []
    for fold, name in enumerate(names[: trials.folds]):
        out_face, out_voice = fold_of_face == fold, fold_of_voice == fold
        network = fit(f"without_{name}", faces.of_people(~out_face), voices.of_people(~out_voice))
        left_out = faces.of_people(out_face), voices.of_people(out_voice)
        rng = np.random.default_rng((seed, fold))
        parts.append(_score(network, *left_out, rng, trials.per_fold))
    return HeldOut(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def table(found: HeldOut, llrs: Vector) -> dict[str, dict[str, float]]:
    """EER and Cllr of held-out trials: face, voice and fused, and fused by kind and source.

    Args:
        found: the trials.
        llrs: shape (n, 3), calibrated.
    """
    mated = found.labels[:, 2]
    rows = {
        name: _figures(llrs[:, column], found.labels[:, column])
        for column, name in enumerate(("face", "voice", "fused"))
    }
    for number, kind in enumerate(KINDS[1:], start=1):
        chosen = mated | (found.kind == number)
        rows[kind] = _figures(llrs[chosen, 2], mated[chosen])
    for source in np.unique(found.source):
        chosen = found.source == source
        rows[f"voices of {source}"] = _figures(llrs[chosen, 2], mated[chosen])
    return rows


def _voice_folds(voices: Samples) -> tuple[list[str], NDArray[np.intp]]:
    clean = np.bincount(voices.person[voices.clean], minlength=len(voices.people))
    sources, people = np.unique(voices.sources[clean > 1], return_counts=True)
    names = [str(name) for name in sources[people > 1]]  # others cannot be scored
    if len(names) > 1:
        fold = [names.index(name) if name in names else -1 for name in voices.sources]
        return names, np.array(fold)
    return [f"part_{k}" for k in range(4)], np.arange(len(voices.people)) % 4


def _score(
    network: keras.Model, faces: Samples, voices: Samples, rng: np.random.Generator, count: int
) -> tuple[Vector, Flags, NDArray[np.intp], NDArray[np.str_]]:
    kind = rng.choice(len(KINDS), count, p=SHARES)
    face = TrialMaker(faces).draw(FACE_MATED[kind], rng)
    voice = TrialMaker(voices).draw(VOICE_MATED[kind], rng)
    present = np.ones((len(kind), 2), bool)
    batch = join(faces, face, voices, voice, kind, present)
    return scores(network, batch), batch.labels, kind, voices.sources[voice.target]


def _figures(llrs: Vector, mated: Flags) -> dict[str, float]:
    scores = llrs.astype(np.float64)
    return {
        "eer": metrics.equal_error_rate(scores, mated),
        "cllr": metrics.cllr(scores, mated),
        "min_cllr": metrics.min_cllr(scores, mated),
        "trials": len(mated),
    }
