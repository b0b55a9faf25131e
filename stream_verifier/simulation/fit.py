"""Fits how much evidence counts to scripted calls, by a proper scoring rule.

The posteriors of the hidden Markov filter for the face, the voice and both are scored against who
was there by the logarithmic rule (Good 1952), in bits: 0 is perfect, 1 tells nothing, and being
sure and wrong costs most. Genuine and impostor windows weigh alike, as in Cllr (Bruemmer and
du Preez 2006), so that the number of each in the scripts does not matter. Six worths and the
switching rate are searched together by the simplex method of Nelder and Mead (1965), on their
logarithms.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from model.errors import PackError
from stream_verifier.simulation.ground_truth import Truth, truths
from stream_verifier.simulation.replay import OPEN, Played
from stream_verifier.verify.belief import Odds
from stream_verifier.verify.decision import Decision
from stream_verifier.verify.operating import EvidenceModel, Worth

OBSERVATIONS = 12_000
"""So many are fitted to by default; a search takes a few hundred passes over them."""
SIDES = ("face", "voice", "both")

# No window counts for more than it says, however well people of one pack are told apart.
_BOUNDS = {
    "first": (0.02, 1.0),
    "per_s": (0.01, 1.0),
    "limit": (0.5, 12.0),
    "swap_every_s": (10.0, 3600.0),
}
_NAMES = [
    *((side, field) for side in ("face", "voice") for field in ("first", "per_s", "limit")),
    ("", "swap_every_s"),
]
_STEP = math.log(1.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """An evidence model, and what it costs.

    Attributes:
        evidence: the model found.
        before: mean log loss in bits of the model that the search began with, by ``SIDES``.
        after: likewise of the model found.
        calls: calls fitted to.
        observations: windows in them.
        people: enrolled people in them.
    """

    evidence: EvidenceModel
    before: dict[str, float]
    after: dict[str, float]
    calls: int
    observations: int
    people: int


@dataclass(frozen=True, slots=True)
class _Labelled:
    """A call with the truth of each window, where it is clear."""

    call: Played
    truth: tuple[Truth, ...]


def fit_evidence(
    calls: Sequence[Played],
    start: EvidenceModel,
    *,
    seed: int,
    observations: int = OBSERVATIONS,
    passes: int = 350,
    least_swap_every_s: float = _BOUNDS["swap_every_s"][0],
    on_pass: Callable[[float], None] = lambda _: None,
) -> Fit:
    """Find the evidence model with the least log loss.

    Args:
        calls: of all conditions and kinds, so that the model suits none alone.
        start: where the search begins. Its slacks and its ceiling stay as they are: they are for
            people unlike those of the calls, and for the speed of notice, which no loss tells.
        seed: of the choice of calls, where there are more than needed.
        observations: windows to fit to, about.
        passes: over them, at most.
        least_swap_every_s: replacements are expected no more often. Scripted calls are full of
            them, and real ones are not.
        on_pass: told the loss after each.

    Raises:
        PackError: the calls lack scored genuine or impostor windows of a modality.
    """
    chosen = [_Labelled(call, truths(call)) for call in thin(calls, observations, seed)]
    before = _losses(chosen, start)
    if lacking := [side for side, loss in before.items() if math.isnan(loss)]:
        raise PackError(
            f"genuine or impostor windows of {' and '.join(lacking)} are missing in these calls: "
            "play more calls, or add pictures and speech to the pack"
        )

    def cost(logs: NDArray[np.float64]) -> float:
        loss = sum(_losses(chosen, _model(logs, start)).values())
        on_pass(loss / len(SIDES))
        return loss

    logs = _logs(start)
    limits = _BOUNDS | {"swap_every_s": (least_swap_every_s, _BOUNDS["swap_every_s"][1])}
    bounds = [tuple(map(math.log, limits[field])) for _, field in _NAMES]
    simplex = np.vstack([logs, logs + _STEP * np.eye(len(logs))])
    options = {"maxfev": passes, "xatol": 0.02, "fatol": 2e-4, "initial_simplex": simplex}
    found = minimize(cost, logs, method="Nelder-Mead", bounds=bounds, options=options)
    evidence = _rounded(_model(found.x, start))
    return Fit(
        evidence=evidence,
        before=before,
        after=_losses(chosen, evidence),
        calls=len(chosen),
        observations=sum(len(one.call.seen) for one in chosen),
        people=len({one.call.script.chimera for one in chosen}),
    )


def log_loss(calls: Sequence[Played], evidence: EvidenceModel) -> dict[str, float]:
    """Mean log loss in bits by ``SIDES``; NaN where the calls lack genuine or impostor windows."""
    return _losses([_Labelled(call, truths(call)) for call in calls], evidence)


def thin(calls: Sequence[Played], observations: int, seed: int) -> list[Played]:
    """Choose calls by chance, conditions and kinds by turns, until they hold enough windows."""
    order = np.random.default_rng(seed).permutation(len(calls))
    turn: dict[tuple[str, str], int] = {}
    ranked = []
    for place in order:
        group = (calls[place].script.condition, calls[place].script.kind)
        turn[group] = turn.get(group, 0) + 1
        ranked.append((turn[group], int(place)))
    chosen, held = [], 0
    for _, place in sorted(ranked, key=lambda entry: entry[0]):
        if held >= observations:
            break
        chosen.append(calls[place])
        held += len(calls[place].seen)
    return chosen


def _losses(calls: Sequence[_Labelled], evidence: EvidenceModel) -> dict[str, float]:
    odds: dict[tuple[str, bool], list[float]] = {
        (side, genuine): [] for side in SIDES for genuine in (True, False)
    }
    for one in calls:
        rule = Decision(evidence=evidence, point=OPEN)
        for (_, observation), truth in zip(one.call.seen, one.truth, strict=True):
            found = rule.believe(observation)
            if found is not None:
                _sort_in(odds, found, truth)
    return {
        side: (_mean_loss(odds[side, True]) + _mean_loss([-o for o in odds[side, False]])) / 2
        for side in SIDES
    }


def _sort_in(odds: dict[tuple[str, bool], list[float]], found: Odds, truth: Truth) -> None:
    if truth.face is not None:
        odds["face", truth.face].append(found.face)
    if truth.voice is not None:
        odds["voice", truth.voice].append(found.voice)
    if truth.both is not None:
        odds["both", truth.both].append(found.both)


def _mean_loss(odds_of_truth: list[float]) -> float:
    if not odds_of_truth:
        return math.nan
    return float(np.logaddexp(0, -np.array(odds_of_truth)).mean() / math.log(2))


def _logs(evidence: EvidenceModel) -> NDArray[np.float64]:
    values = [
        getattr(getattr(evidence, side) if side else evidence, field) for side, field in _NAMES
    ]
    limits = [_BOUNDS[field] for _, field in _NAMES]
    return np.log([np.clip(value, *pair) for value, pair in zip(values, limits, strict=True)])


def _model(logs: NDArray[np.float64], start: EvidenceModel) -> EvidenceModel:
    values = [float(value) for value in np.exp(logs)]
    face, voice = (
        Worth(first=first, per_s=per_s, limit=limit, slack=old.slack)
        for (first, per_s, limit), old in ((values[:3], start.face), (values[3:6], start.voice))
    )
    return start.model_copy(update={"face": face, "voice": voice, "swap_every_s": values[6]})


def _rounded(evidence: EvidenceModel) -> EvidenceModel:
    """Three digits: more were never measured."""
    return _model(np.log([float(f"{value:.3g}") for value in np.exp(_logs(evidence))]), evidence)
