"""Fitting the peer's fusion on trials of made-up people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from model.peer.fusion import Floats, PeerFusion, centre, features, unit

REFERENCE_UNITS = 3
Flags = NDArray[np.bool_]
# Whether the face and the voice are the claimed person's; only the first kind is mated.
KINDS = {
    "genuine": (True, True),
    "impostor_both": (False, False),
    "impostor_voice": (True, False),
    "impostor_face": (False, True),
}


@dataclass(frozen=True, slots=True)
class Piece:
    """One embedded picture or stretch of speech of a training person.

    Attributes:
        identity: "source/name".
        unit: number of the picture or stretch within the person's; its copies share it.
        clean: whole and undamaged: what references are made of.
        vector: shape (d,).
    """

    identity: str
    unit: int
    clean: bool
    vector: Floats

    @property
    def source(self) -> str:
        """Data set that the person comes from."""
        return self.identity.split("/")[0]


@dataclass(frozen=True, slots=True)
class Trials:
    """Comparisons of one modality; all arrays of shape (n,).

    Attributes:
        cosine: of probe and reference.
        mated: whether both are one person's.
        source: data set of the probe.
    """

    cosine: Floats
    mated: Flags
    source: NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class Joined:
    """Comparisons of made-up people; all arrays of shape (n,).

    Attributes:
        face: cosine of the faces.
        voice: cosine of the voices.
        kind: number in ``KINDS``.
    """

    face: Floats
    voice: Floats
    kind: NDArray[np.intp]

    @property
    def mated(self) -> Flags:
        """Whether face and voice are both the claimed person's."""
        return np.asarray(self.kind == 0)


def make_trials(pieces: Sequence[Piece], *, impostors: int = 25, seed: int = 1) -> Trials:
    """Compare each piece with its own person's reference and with others' of the same source.

    A reference averages up to three of a person's clean pieces, never one of the probe's unit.

    Args:
        pieces: of people who have at least two clean units each.
        impostors: most others that each probe is compared with.
        seed: of the choice of others.
    """
    rng = np.random.default_rng(seed)
    clean = _clean_units(pieces)
    others = {who: _reference(units, without=None) for who, units in clean.items()}
    rows: list[tuple[float, bool, str]] = []
    for piece in pieces:
        probe = unit(piece.vector)
        own = _reference(clean[piece.identity], without=piece.unit)
        rows.append((float(own @ probe), True, piece.source))
        alike = [who for who in others if who != piece.identity and _same_source(who, piece)]
        for index in rng.permutation(len(alike))[:impostors]:
            rows.append((float(others[alike[index]] @ probe), False, piece.source))
    cosine, mated, source = zip(*rows, strict=True)
    return Trials(np.array(cosine), np.array(mated), np.array(source))


def join(face: Trials, voice: Trials, *, per_kind: int = 4_000, seed: int = 1) -> Joined:
    """Make trials of all four kinds by pairing face trials with voice trials at random.

    Args:
        face: trials of faces.
        voice: trials of voices; each source counts alike.
        per_kind: trials of each kind for each voice source.
        seed: of the pairing.
    """
    rng = np.random.default_rng(seed)
    columns: list[tuple[Floats, Floats, NDArray[np.intp]]] = []
    for kind, (face_mated, voice_mated) in enumerate(KINDS.values()):
        faces = np.flatnonzero(face.mated == face_mated)
        for source in np.unique(voice.source):
            voices = np.flatnonzero((voice.mated == voice_mated) & (voice.source == source))
            f, v = rng.choice(faces, per_kind), rng.choice(voices, per_kind)
            columns.append((face.cosine[f], voice.cosine[v], np.full(per_kind, kind)))
    face_cosine, voice_cosine, kinds = zip(*columns, strict=True)
    return Joined(np.concatenate(face_cosine), np.concatenate(voice_cosine), np.concatenate(kinds))


def fit(face: Trials, voice: Trials, joined: Joined) -> PeerFusion:
    """Fit both modalities alone and both together with their product."""
    both = features(joined.face, joined.voice, joined.face * joined.voice)
    groups = np.array(list(KINDS))[joined.kind]
    return PeerFusion(
        face=logistic(features(face.cosine), face.mated, even_weights(face.mated, face.source)),
        voice=logistic(
            features(voice.cosine), voice.mated, even_weights(voice.mated, voice.source)
        ),
        joint=logistic(both, joined.mated, even_weights(joined.mated, groups)),
    )


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


def even_weights(mated: Flags, group: NDArray[np.str_]) -> Floats:
    """Weights by which mated and non-mated trials are half each, and groups alike in each half."""
    weight = np.zeros(len(mated))
    for label in (True, False):
        names = np.unique(group[mated == label])
        for name in names:
            chosen = (mated == label) & (group == name)
            weight[chosen] = 0.5 / len(names) / chosen.sum()
    return weight


def _clean_units(pieces: Sequence[Piece]) -> dict[str, dict[int, Floats]]:
    """For each person the vector of each clean unit."""
    found: dict[str, dict[int, Floats]] = {}
    for piece in pieces:
        if piece.clean:
            found.setdefault(piece.identity, {})[piece.unit] = piece.vector
    return found


def _reference(units: dict[int, Floats], *, without: int | None) -> Floats:
    kept = [vector for number, vector in units.items() if number != without]
    return centre(np.stack(kept[:REFERENCE_UNITS]))


def _same_source(identity: str, piece: Piece) -> bool:
    return identity.split("/")[0] == piece.source
