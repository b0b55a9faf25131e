"""Fitting the first fusion: flattening, quality-dependent calibration, joint LLR."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from model.fusion.material import Probes, Trials, even_weights, make_trials
from model.runtime.fusion import Calibration, Flattening, Floats, Joint, unit

IMPOSTOR_SHARES = (1 / 3, 1 / 3, 1 / 3)


@dataclass(frozen=True)
class Options:
    """What is fitted how.

    Attributes:
        shrinkage: share of the identity in the within-class covariance, 1 for no flattening.
        centring: how much of the sources' mean vector is taken off.
        directions: directions that are flattened.
        ridge: penalty on the squared calibration parameters.
        qualities: columns of the qualities in use; others are ignored.
    """

    shrinkage: float = 0.3
    centring: float = 0.5
    directions: int = 48
    ridge: float = 1e-3
    qualities: tuple[int, ...] = (0, 1, 2)


def fit_flattening(probes: Probes, people: NDArray[np.bool_], options: Options) -> Flattening:
    """Find where one person's vectors vary, over the chosen people's clean and noisy speech.

    Args:
        probes: of one modality.
        people: shape (people,), who to learn from.
        options: shrinkage, centring, number of directions.
    """
    vectors = unit(probes.vectors)
    spread = np.zeros((vectors.shape[1], vectors.shape[1]))
    for person in np.flatnonzero(people):
        own = vectors[probes.person == person]
        spread += (own - own.mean(axis=0)).T @ (own - own.mean(axis=0))
    spread *= len(spread) / np.trace(spread)
    values, vectors_of = np.linalg.eigh(spread)
    strongest = slice(-1, -options.directions - 1, -1)
    mixed = (1 - options.shrinkage) * values + options.shrinkage
    rest = mixed[: -options.directions].mean()
    return Flattening(
        centre=options.centring * _mean_of_sources(probes, vectors, people),
        directions=vectors_of[:, strongest].T,
        gains=np.sqrt(rest / mixed[strongest]),
    )


def fit_calibration(trials: Trials, options: Options, *, limit: float) -> Calibration:
    """Logistic regression of "same person" on a line in the cosine that qualities tilt and shift.

    Minimises the weighted Cllr plus a small ridge (Bruemmer and de Villiers 2011).

    Args:
        trials: comparisons of one modality.
        options: ridge and the qualities in use.
        limit: how far from 0 an LLR may be.
    """
    used = np.isin(np.arange(trials.qualities.shape[1]), options.qualities)
    lowest, highest = np.percentile(trials.qualities, [2, 98], axis=0)
    kept = np.clip(trials.qualities, lowest, highest)
    mean, scale = kept.mean(axis=0), np.maximum(kept.std(axis=0), 1e-6)
    z = np.column_stack([np.ones(len(kept)), (kept - mean) / scale * used])
    slope, offset = _tilted_line(trials, z, options.ridge)
    return Calibration(mean, scale, lowest, highest, slope, offset, limit)


def fit_joint(
    face: Floats, voice: Floats, mated: NDArray[np.bool_], weight: Floats, *, limit: float
) -> Joint:
    """Fit scale and offset of the joint LLR on trials of all kinds.

    Args:
        face: LLRs of the trials.
        voice: likewise.
        mated: whether both are the claimed person's.
        weight: of the trials.
        limit: how far from 0 the result may be.
    """
    raw = Joint(IMPOSTOR_SHARES, 1.0, 0.0, np.inf).llr(face, voice)
    sign = np.where(mated, 1.0, -1.0)

    def cost(p: Floats) -> float:
        return float(weight @ np.logaddexp(0, -sign * (np.exp(p[0]) * raw + p[1])))

    found = minimize(cost, np.zeros(2), method="Nelder-Mead").x
    return Joint(IMPOSTOR_SHARES, float(np.exp(found[0])), float(found[1]), limit)


def fit_voice(probes: Probes, people: NDArray[np.bool_], options: Options) -> VoiceModel:
    """Fit flattening and calibration of voice on some people."""
    flattening = fit_flattening(probes, people, options)
    trials = _of_people(probes, make_trials(probes, flattening.apply), people)
    return VoiceModel(flattening, fit_calibration(trials, options, limit=_limit(people)))


def fit_face(probes: Probes, people: NDArray[np.bool_], options: Options) -> Calibration:
    """Fit the calibration of face on some people."""
    trials = _of_people(probes, make_trials(probes), people)
    return fit_calibration(trials, options, limit=_limit(people))


@dataclass(frozen=True)
class VoiceModel:
    """Voice's flattening with the calibration of the flattened cosine."""

    flattening: Flattening
    calibration: Calibration


def _limit(people: NDArray[np.bool_]) -> float:
    """No LLR beyond what that many independent impostors can show."""
    return float(np.log(people.sum()))


def _mean_of_sources(probes: Probes, vectors: Floats, people: NDArray[np.bool_]) -> Floats:
    sources = np.unique(probes.source[people])
    rows = [people[probes.person] & (probes.source[probes.person] == name) for name in sources]
    mean: Floats = np.mean([vectors[row].mean(axis=0) for row in rows], axis=0)
    return mean


def _of_people(probes: Probes, trials: Trials, people: NDArray[np.bool_]) -> Trials:
    """Trials of the chosen people's probes, weighted anew."""
    chosen = trials.where(people[probes.person[trials.probe]])
    source = probes.source[probes.person[chosen.probe]]
    weight = even_weights(source, chosen.mated)
    return Trials(chosen.cosine, chosen.qualities, chosen.mated, chosen.probe, weight)


def _tilted_line(trials: Trials, z: Floats, ridge: float) -> tuple[Floats, Floats]:
    """Minimise the cost over log-slope and offset, both linear in ``z``."""
    size = z.shape[1]
    sign = np.where(trials.mated, 1.0, -1.0)
    penalised = np.tile(np.arange(size) > 0, 2)

    def cost(p: Floats) -> tuple[float, Floats]:
        slope = np.exp(np.clip(z @ p[:size], -5, 5))
        llr = slope * trials.cosine + z @ p[size:]
        pull = -sign * trials.weight / (1 + np.exp(np.clip(sign * llr, -50, 50)))
        gradient = np.concatenate([z.T @ (pull * slope * trials.cosine), z.T @ pull])
        value = trials.weight @ np.logaddexp(0, -sign * llr) + ridge * (p * penalised) @ p
        return float(value), gradient + 2 * ridge * penalised * p

    start = np.zeros(2 * size)
    start[0], start[size] = np.log(15.0), -6.0
    found = minimize(cost, start, jac=True, method="L-BFGS-B").x
    return found[:size], found[size:]
