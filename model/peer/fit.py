"""Fitting the peer's fusion on trials of made-up people."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from model.peer.fusion import (
    Floats,
    PeerFusion,
    face_distance,
    face_reference,
    features,
    voice_cosine,
    voice_reference,
)

REFERENCE_UNITS = 3
UNDAMAGED_SHARE = 0.9
"""Of all weight: it lowers the EER of clean probes at next to no cost in that of damaged ones."""
Flags = NDArray[np.bool_]
# Whether the face and the voice are the claimed person's; only the first kind is mated.
KINDS = {
    "genuine": (True, True),
    "impostor_both": (False, False),
    "impostor_voice": (True, False),
    "impostor_face": (False, True),
}


class Way(NamedTuple):
    """How one modality averages vectors into a reference, and compares a probe with it."""

    average: Callable[[Floats], Floats]
    compare: Callable[[Floats, Floats], Floats]


FACE = Way(face_reference, face_distance)
VOICE = Way(voice_reference, voice_cosine)


@dataclass(frozen=True, slots=True)
class Piece:
    """One embedded picture or stretch of speech of a training person.

    Attributes:
        identity: "source/name".
        unit: number of the picture or stretch within the person's; its copies share it.
        clean: whole and undamaged: what references are made of.
        damaged: noisy, dark, blurred or of low resolution; short speech is neither of both.
        vector: shape (d,).
    """

    identity: str
    unit: int
    clean: bool
    damaged: bool
    vector: Floats

    @property
    def source(self) -> str:
        """Data set that the person comes from."""
        return self.identity.split("/")[0]


@dataclass(frozen=True, slots=True)
class Trials:
    """Comparisons of one modality; all arrays of shape (n,).

    Attributes:
        score: of probe and reference: a distance of faces, a cosine of voices.
        mated: whether both are one person's.
        damaged: whether the probe is.
        source: data set of the probe.
    """

    score: Floats
    mated: Flags
    damaged: Flags
    source: NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class Joined:
    """Comparisons of made-up people; all arrays of shape (n,).

    Attributes:
        face: distance of the faces.
        voice: cosine of the voices.
        kind: number in ``KINDS``.
        damaged: whether face and voice both are; neither of them is otherwise.
    """

    face: Floats
    voice: Floats
    kind: NDArray[np.intp]
    damaged: Flags

    @property
    def mated(self) -> Flags:
        """Whether face and voice are both the claimed person's."""
        return np.asarray(self.kind == 0)


def make_trials(pieces: Sequence[Piece], way: Way, *, impostors: int = 25, seed: int = 1) -> Trials:
    """Compare each piece with its own person's reference and with others' of the same source.

    A reference averages up to three of a person's clean pieces, never one of the probe's unit.

    Args:
        pieces: of people who have at least two clean units each.
        way: ``FACE`` or ``VOICE``.
        impostors: most others that each probe is compared with.
        seed: of the choice of others.
    """
    rng = np.random.default_rng(seed)
    clean = _clean_units(pieces)
    others = {who: _reference(units, way) for who, units in clean.items()}
    rows: list[tuple[float, bool, bool, str]] = []
    for piece in pieces:
        own = _reference(clean[piece.identity], way, without=piece.unit)
        rows.append((float(way.compare(own, piece.vector)), True, piece.damaged, piece.source))
        alike = [who for who in others if who != piece.identity and _same_source(who, piece)]
        for index in rng.permutation(len(alike))[:impostors]:
            score = way.compare(others[alike[index]], piece.vector)
            rows.append((float(score), False, piece.damaged, piece.source))
    scores, mated, damaged, source = zip(*rows, strict=True) if rows else ((), (), (), ())
    flags = np.array(mated, dtype=bool), np.array(damaged, dtype=bool)
    return Trials(np.array(scores), *flags, np.array(source))


def join(face: Trials, voice: Trials, *, per_kind: int = 4_000, seed: int = 1) -> Joined:
    """Make trials of all four kinds by pairing face trials with voice trials at random.

    Args:
        face: trials of faces.
        voice: trials of voices; each source counts alike.
        per_kind: trials of each kind for each voice source, undamaged and damaged.
        seed: of the pairing.
    """
    rng = np.random.default_rng(seed)
    columns: list[tuple[Floats, Floats, NDArray[np.intp], Flags]] = []
    cells = product(enumerate(KINDS.values()), np.unique(voice.source), (False, True))
    for (kind, (face_mated, voice_mated)), source, damaged in cells:
        faces = np.flatnonzero((face.mated == face_mated) & (face.damaged == damaged))
        alike = (voice.mated == voice_mated) & (voice.damaged == damaged)
        voices = np.flatnonzero(alike & (voice.source == source))
        if not (len(faces) and len(voices)):  # a source of a single person has no impostors
            continue
        f, v = rng.choice(faces, per_kind), rng.choice(voices, per_kind)
        labels = np.full(per_kind, kind), np.full(per_kind, damaged)
        columns.append((face.score[f], voice.score[v], *labels))
    return Joined(*map(np.concatenate, zip(*columns, strict=True)))


def fit(face: Trials, voice: Trials, joined: Joined) -> PeerFusion:
    """Fit both modalities alone and both together with their product."""
    both = features(joined.face, joined.voice, joined.face * joined.voice)
    return PeerFusion(face=_alone(face), voice=_alone(voice), joint=fit_joint(joined, both))


def fit_joint(joined: Joined, inputs: Floats) -> tuple[float, ...]:
    """Fit both together on inputs of shape (n, k); k weights."""
    kinds = np.array(list(KINDS))[joined.kind]
    weight = trial_weights(joined.mated, joined.damaged, kinds)
    return logistic(inputs, joined.mated, weight)


def logistic(inputs: Floats, mated: Flags, weight: Floats) -> tuple[float, ...]:
    """Logistic regression whose log-odds are LLRs: weights are half mated, half non-mated.

    It minimises Cllr (Bruemmer and du Preez 2006, "Application-independent evaluation of speaker
    detection").

    Args:
        inputs: shape (n, k), a column of ones among them.
        mated: shape (n,).
        weight: shape (n,), sums to one.

    Returns:
        k weights.
    """
    sign = np.where(mated, 1.0, -1.0)

    def cost(p: Floats) -> tuple[float, Floats]:
        margin = sign * (inputs @ p)
        pull = -sign * weight * np.exp(-np.logaddexp(0, margin))
        return float(weight @ np.logaddexp(0, -margin)), inputs.T @ pull

    start = np.zeros(inputs.shape[1])
    found = minimize(cost, start, jac=True, method="BFGS", options={"gtol": 1e-7})
    return tuple(float(value) for value in found.x)


def trial_weights(mated: Flags, damaged: Flags, group: NDArray[np.str_]) -> Floats:
    """Weights that give undamaged trials their share, and are even among each sort."""
    weight = np.zeros(len(mated))
    for flag, share in ((False, UNDAMAGED_SHARE), (True, 1 - UNDAMAGED_SHARE)):
        chosen = damaged == flag
        weight[chosen] = share * even_weights(mated[chosen], group[chosen])
    return weight


def even_weights(mated: Flags, group: NDArray[np.str_]) -> Floats:
    """Weights by which mated and non-mated trials are half each, and groups alike in each half."""
    weight = np.zeros(len(mated))
    for label in (True, False):
        names = np.unique(group[mated == label])
        for name in names:
            chosen = (mated == label) & (group == name)
            weight[chosen] = 0.5 / len(names) / chosen.sum()
    return weight


def _alone(trials: Trials) -> tuple[float, ...]:
    weight = trial_weights(trials.mated, trials.damaged, trials.source)
    return logistic(features(trials.score), trials.mated, weight)


def _clean_units(pieces: Sequence[Piece]) -> dict[str, dict[int, Floats]]:
    """For each person the vector of each clean unit."""
    found: dict[str, dict[int, Floats]] = {}
    for piece in pieces:
        if piece.clean:
            found.setdefault(piece.identity, {})[piece.unit] = piece.vector
    return found


def _reference(units: dict[int, Floats], way: Way, *, without: int | None = None) -> Floats:
    kept = [vector for number, vector in units.items() if number != without]
    return way.average(np.stack(kept[:REFERENCE_UNITS]))


def _same_source(identity: str, piece: Piece) -> bool:
    return identity.split("/")[0] == piece.source
