"""Training comparisons: cosines of made-up trials with the qualities of their probes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.data.embed import Embedder
from model.data.people import PictureMaker, SpeechMaker
from model.runtime.fusion import Floats, face_qualities, unit, voice_qualities

REFERENCE_UNITS = 3
Indices = NDArray[np.intp]


@dataclass(frozen=True)
class Probes:
    """Embedded samples of one modality.

    Attributes:
        vectors: shape (n, d), as the tower gives them.
        qualities: shape (n, q).
        person: shape (n,), number of the person.
        unit: shape (n,), number of the person's picture or stretch of speech.
        clean: shape (n,), whole and undamaged: what references are made of.
        noise_db: shape (n,), SNR of the noise put on it, infinite for none; 0 for a damaged face.
        names: the people, "source/name".
    """

    vectors: Floats
    qualities: Floats
    person: Indices
    unit: Indices
    clean: NDArray[np.bool_]
    noise_db: Floats
    names: tuple[str, ...]

    @property
    def source(self) -> NDArray[np.str_]:
        """Shape (people,): each person's data set."""
        return np.array([name.split("/")[0] for name in self.names])


@dataclass(frozen=True)
class Trials:
    """Comparisons of one modality: all arrays of shape (n, ...).

    Attributes:
        cosine: of probe and reference.
        qualities: shape (n, q), the probe's.
        mated: whether both are one person's.
        probe: row of the probe in its ``Probes``.
        weight: sums to a half over mated and over non-mated trials, each source counting alike.
    """

    cosine: Floats
    qualities: Floats
    mated: NDArray[np.bool_]
    probe: Indices
    weight: Floats

    def where(self, chosen: NDArray[np.bool_]) -> Trials:
        """Some of the trials, with their weights as they are."""
        return Trials(
            self.cosine[chosen],
            self.qualities[chosen],
            self.mated[chosen],
            self.probe[chosen],
            self.weight[chosen],
        )


def voice_probes(maker: SpeechMaker, embedder: Embedder) -> Probes:
    """Embed all speech of a maker."""
    rows = []
    seen: set[tuple[str, int]] = set()
    for speech in maker.speech():
        sample = embedder.voice(speech.samples)
        if sample is None:
            continue
        key = (speech.identity, speech.unit)
        rows.append(
            (sample.vector, voice_qualities(sample), *key, key not in seen, speech.noise_db)
        )
        seen.add(key)
    return _probes(rows)


def face_probes(maker: PictureMaker, embedder: Embedder) -> Probes:
    """Embed all pictures of a maker."""
    rows = []
    for p in maker.pictures():
        sample = embedder.face(p.picture)
        noise_db = 0.0 if p.damaged else np.inf
        quality = face_qualities(sample)
        rows.append((sample.vector, quality, p.identity, p.index, not p.damaged, noise_db))
    return _probes(rows)


def make_trials(
    probes: Probes,
    transform: Callable[[Floats], Floats] = unit,
    *,
    impostors: int = 25,
    seed: int = 1,
) -> Trials:
    """Compare each probe with its own person's reference and with others' of the same source.

    A reference averages up to three of a person's clean samples, never the probe's own unit.

    Args:
        probes: embedded samples.
        transform: applied to vectors and to references.
        impostors: others that each probe is compared with.
        seed: of the choice of others.
    """
    vectors = transform(probes.vectors)
    clean = _clean_units(probes)
    references = transform(np.stack([_mean(probes, list(units.values())) for units in clean]))
    own = transform(np.stack([_own_reference(probes, clean, row) for row in range(len(vectors))]))
    rows, others = _impostor_pairs(probes, impostors, np.random.default_rng(seed))
    probe = np.concatenate([np.arange(len(vectors)), rows])
    cosine = np.concatenate(
        [(vectors * own).sum(axis=1), (vectors[rows] * references[others]).sum(axis=1)]
    )
    mated = np.arange(len(probe)) < len(vectors)
    weight = even_weights(probes.source[probes.person[probe]], mated)
    return Trials(cosine, probes.qualities[probe], mated, probe, weight)


def even_weights(source: NDArray[np.str_], mated: NDArray[np.bool_]) -> Floats:
    """Weights by which each source counts alike, mated and non-mated trials half each."""
    weight = np.zeros(len(mated))
    for name in np.unique(source):
        for kind in (True, False):
            chosen = (source == name) & (mated == kind)
            weight[chosen] = 1 / max(1, int(chosen.sum()))
    weight[mated] /= 2 * weight[mated].sum()
    weight[~mated] /= 2 * weight[~mated].sum()
    return weight


def _probes(rows: Iterable[tuple[Any, ...]]) -> Probes:
    vectors, qualities, identities, units, clean, noise_db = zip(*rows, strict=True)
    names, person = np.unique(np.array(identities), return_inverse=True)
    return Probes(
        vectors=np.stack(vectors).astype(np.float64),
        qualities=np.stack(qualities),
        person=person,
        unit=np.array(units),
        clean=np.array(clean),
        noise_db=np.array(noise_db, dtype=np.float64),
        names=tuple(str(name) for name in names),
    )


def _clean_units(probes: Probes) -> list[dict[int, int]]:
    """For each person the row of each clean unit."""
    found: list[dict[int, int]] = [{} for _ in probes.names]
    for row in np.flatnonzero(probes.clean):
        found[probes.person[row]][int(probes.unit[row])] = int(row)
    return found


def _mean(probes: Probes, rows: list[int]) -> Floats:
    mean: Floats = unit(probes.vectors[rows[:REFERENCE_UNITS]]).mean(axis=0)
    return mean


def _own_reference(probes: Probes, clean: list[dict[int, int]], row: int) -> Floats:
    units = clean[probes.person[row]]
    return _mean(probes, [r for number, r in units.items() if number != probes.unit[row]])


def _impostor_pairs(
    probes: Probes, count: int, rng: np.random.Generator
) -> tuple[Indices, Indices]:
    """Rows of probes and numbers of other people of the same source."""
    rows, others = [], []
    people = np.arange(len(probes.names))
    for row, person in enumerate(probes.person):
        alike = people[(probes.source == probes.source[person]) & (people != person)]
        chosen = rng.choice(alike, min(count, len(alike)), replace=False)
        rows.append(np.full(len(chosen), row))
        others.append(chosen)
    return np.concatenate(rows), np.concatenate(others)
