"""Held-out LLRs on the training pack: voices by leaving a source out, faces by leaving people out.

What is decided about the model (which transform, which qualities, which thresholds) is decided on
these scores, so that the evaluation pack is measured on only once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.fusion.fit import Options, fit_face, fit_voice
from model.fusion.material import Indices, Probes, Trials, make_trials
from model.runtime.fusion import Floats

KINDS = ("genuine", "impostor_both", "impostor_voice", "impostor_face")
FACE_FOLDS = 4


@dataclass(frozen=True)
class Scored:
    """Trials of one modality with LLRs from models that knew nothing of their people."""

    trials: Trials
    llr: Floats
    fold: Indices


@dataclass(frozen=True)
class Joined:
    """Trials of made-up people: all arrays of shape (n,).

    Attributes:
        face: held-out LLR of the face.
        voice: held-out LLR of the voice.
        kind: number in ``KINDS``.
        fold: voice source that was left out.
        weight: half on genuine trials; kinds and sources alike.
    """

    face: Floats
    voice: Floats
    kind: Indices
    fold: Indices
    weight: Floats

    @property
    def mated(self) -> NDArray[np.bool_]:
        """Whether face and voice are both the claimed person's."""
        return np.asarray(self.kind == 0)


def held_out_voice(probes: Probes, options: Options) -> Scored:
    """LLRs of each source's trials by a model of all other sources."""
    sources = np.unique(probes.source)
    return _merge(
        [_score_voice(probes, options, probes.source == name, k) for k, name in enumerate(sources)]
    )


def held_out_face(probes: Probes, options: Options) -> Scored:
    """LLRs of each fold of people by a model of all other people."""
    fold = np.arange(len(probes.names)) % FACE_FOLDS
    trials = make_trials(probes)
    parts = []
    for k in range(FACE_FOLDS):
        model = fit_face(probes, fold != k, options)
        part = trials.where(fold[probes.person[trials.probe]] == k)
        parts.append(
            Scored(part, model.llr(part.cosine, part.qualities), np.full(len(part.mated), k))
        )
    return _merge(parts)


def join(face: Scored, voice: Scored, *, per_kind: int = 4_000, seed: int = 1) -> Joined:
    """Make trials of all four kinds by pairing face trials with voice trials at random."""
    rng = np.random.default_rng(seed)
    columns: list[tuple[Floats, Floats, Indices, Indices]] = []
    for kind, name in enumerate(KINDS):
        face_mated, voice_mated = name in _FACE_MATED, name in _VOICE_MATED
        for fold in np.unique(voice.fold):
            f = rng.choice(np.flatnonzero(face.trials.mated == face_mated), per_kind)
            chosen = (voice.trials.mated == voice_mated) & (voice.fold == fold)
            v = rng.choice(np.flatnonzero(chosen), per_kind)
            columns.append((face.llr[f], voice.llr[v], np.full(per_kind, kind), voice.fold[v]))
    joined = [np.concatenate(column) for column in zip(*columns, strict=True)]
    mated = joined[2] == 0
    weight = np.where(mated, 0.5 / mated.sum(), 0.5 / (~mated).sum())
    return Joined(joined[0], joined[1], joined[2], joined[3], weight)


_FACE_MATED = ("genuine", "impostor_voice")
_VOICE_MATED = ("genuine", "impostor_face")


def _score_voice(
    probes: Probes, options: Options, left_out: NDArray[np.bool_], number: int
) -> Scored:
    model = fit_voice(probes, ~left_out, options)
    trials = make_trials(probes, model.flattening.apply)
    part = trials.where(left_out[probes.person[trials.probe]])
    llr = model.calibration.llr(part.cosine, part.qualities)
    return Scored(part, llr, np.full(len(llr), number))


def _merge(parts: list[Scored]) -> Scored:
    columns = ("cosine", "qualities", "mated", "probe", "weight")
    merged = [np.concatenate([getattr(p.trials, c) for p in parts]) for c in columns]
    llr, fold = (np.concatenate([getattr(p, c) for p in parts]) for c in ("llr", "fold"))
    return Scored(Trials(*merged), llr, fold)
