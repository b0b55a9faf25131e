"""Other ways to join both LLRs, fitted and measured on the same held-out trials.

They are what the joint LLR was chosen over; none of them is shipped.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from model.fusion.crossval import Joined
from model.fusion.fit import fit_joint
from model.runtime.fusion import Floats

Rival = Callable[[Joined, NDArray[np.bool_]], Callable[[Floats, Floats], Floats]]
HIDDEN = 8


def softmin(joined: Joined, chosen: NDArray[np.bool_]) -> Callable[[Floats, Floats], Floats]:
    """The shipped joint LLR."""
    weight = joined.weight[chosen]
    face, voice = joined.face[chosen], joined.voice[chosen]
    return fit_joint(face, voice, joined.mated[chosen], weight, limit=np.inf).llr


def linear(joined: Joined, chosen: NDArray[np.bool_]) -> Callable[[Floats, Floats], Floats]:
    """Logistic regression on both LLRs."""
    return _logistic(joined, chosen, lambda f, v: np.column_stack([f, v]))


def interaction(joined: Joined, chosen: NDArray[np.bool_]) -> Callable[[Floats, Floats], Floats]:
    """Logistic regression on both LLRs and their product."""
    return _logistic(joined, chosen, lambda f, v: np.column_stack([f, v, f * v]))


def network(joined: Joined, chosen: NDArray[np.bool_]) -> Callable[[Floats, Floats], Floats]:
    """A network of one hidden layer on both LLRs."""
    inputs = np.column_stack([joined.face, joined.voice])[chosen] / 4
    sign, weight = _targets(joined, chosen)
    start = np.random.default_rng(1).normal(0, 0.5, 4 * HIDDEN + 1)

    def cost(p: Floats) -> tuple[float, Floats]:
        hidden, llr = _forward(p, inputs)
        pull = -sign * weight / (1 + np.exp(np.clip(sign * llr, -50, 50)))
        back = np.outer(pull, p[3 * HIDDEN : -1]) * (1 - hidden**2)
        parts = [(inputs.T @ back).ravel(), back.sum(0), hidden.T @ pull, [pull.sum()]]
        value = float(weight @ np.logaddexp(0, -sign * llr)) + 1e-4 * float(p @ p)
        return value, np.concatenate(parts) + 2e-4 * p

    found = minimize(cost, start, jac=True, method="L-BFGS-B", options={"maxiter": 150}).x
    return lambda face, voice: _forward(found, np.column_stack([face, voice]) / 4)[1]


RIVALS: dict[str, Rival] = {
    "joint": softmin,
    "linear": linear,
    "interaction": interaction,
    "network": network,
}


def left_out(joined: Joined, rival: Rival) -> Floats:
    """Fused LLRs of each fold's trials by the rival fitted on all other folds."""
    llr = np.empty(len(joined.face))
    for fold in np.unique(joined.fold):
        out = joined.fold == fold
        llr[out] = rival(joined, ~out)(joined.face[out], joined.voice[out])
    return llr


def _forward(p: Floats, inputs: Floats) -> tuple[Floats, Floats]:
    hidden = np.tanh(inputs @ p[: 2 * HIDDEN].reshape(2, HIDDEN) + p[2 * HIDDEN : 3 * HIDDEN])
    return hidden, hidden @ p[3 * HIDDEN : -1] + p[-1]


def _targets(joined: Joined, chosen: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    return np.where(joined.mated[chosen], 1.0, -1.0), joined.weight[chosen]


def _logistic(
    joined: Joined, chosen: NDArray[np.bool_], features: Callable[[Floats, Floats], Floats]
) -> Callable[[Floats, Floats], Floats]:
    inputs = features(joined.face[chosen], joined.voice[chosen])
    sign, weight = _targets(joined, chosen)

    def cost(p: Floats) -> tuple[float, Floats]:
        llr = inputs @ p[:-1] + p[-1]
        pull = -sign * weight / (1 + np.exp(np.clip(sign * llr, -50, 50)))
        value = float(weight @ np.logaddexp(0, -sign * llr))
        return value, np.concatenate([inputs.T @ pull, [pull.sum()]])

    found = minimize(cost, np.zeros(inputs.shape[1] + 1), jac=True, method="L-BFGS-B").x
    return lambda face, voice: np.asarray(features(face, voice) @ found[:-1] + found[-1])
