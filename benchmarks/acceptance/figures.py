"""Shares of impostors' calls that were ever verified, with intervals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

from benchmarks.acceptance.trying import Tried
from model.evaluation import metrics
from stream_verifier.simulation.casting import Role

ROUNDS = 2000
_ENDS = (0.025, 0.975)
ALL, ALIKE = "all pairs", "voices of one source"
SETS = (ALL, ALIKE)
"""Pairs that are counted: all; and those whose voices are of one data set, so that the recording
gives nothing away."""
Row = dict[str, Any]


def shares(tried: Tried, *, seed: int = 0) -> dict[str, dict[str, dict[str, Row]]]:
    """By operating point, way and set of pairs what `share` tells."""
    counted = {ALL: _others(len(tried.cast)), ALIKE: _alike(tried.cast)}
    draws = metrics.draws(len(tried.cast), ROUNDS, seed=seed)[1:]
    return {
        point: {
            way: {name: share(np.isfinite(times), of, draws) for name, of in counted.items()}
            for way, times in ways.items()
        }
        for point, ways in tried.verified_s.items()
    }


def share(
    verified: NDArray[np.bool_], counted: NDArray[np.bool_], draws: NDArray[np.float64]
) -> Row:
    """A share of pairs with two 95 % intervals.

    Args:
        verified: shape (n, n), claimed person by impostor.
        counted: shape (n, n), which pairs count.
        draws: shape (rounds, n), how often each person was drawn.

    Returns:
        ``verified`` and ``of``, numbers of calls; ``value``; ``exact``, the interval of Clopper
        and Pearson (1934), for calls that have nothing to do with each other; ``people``, by
        bootstrap over people, each with all calls in their name and all of theirs in others';
        ``claimed`` and ``impostors``, how many people the verified calls are of.
    """
    hits = verified & counted
    count, of = int(hits.sum()), int(counted.sum())
    top = np.einsum("ri,ij,rj->r", draws, hits, draws, optimize=True)
    bottom = np.einsum("ri,ij,rj->r", draws, counted, draws, optimize=True)
    rates = top[bottom > 0] / bottom[bottom > 0]
    return {
        "verified": count,
        "of": of,
        "value": count / of if of else None,
        "exact": exact(count, of),
        "people": [float(np.quantile(rates, end)) for end in _ENDS] if len(rates) else None,
        "claimed": int(hits.any(axis=1).sum()),
        "impostors": int(hits.any(axis=0).sum()),
    }


def exact(count: int, of: int) -> list[float] | None:
    """The exact 95 % interval of a share; None without calls."""
    if not of:
        return None
    low = float(beta.ppf(_ENDS[0], count, of - count + 1)) if count else 0.0
    high = float(beta.ppf(_ENDS[1], count + 1, of - count)) if count < of else 1.0
    return [low, high]


def by_time(tried: Tried, seconds: NDArray[np.float64]) -> Mapping[str, Mapping[str, Any]]:
    """By operating point and way the share of all pairs that were verified by then."""
    others = _others(len(tried.cast))
    return {
        point: {
            way: (times[others][None, :] <= seconds[:, None]).mean(axis=1)
            for way, times in ways.items()
        }
        for point, ways in tried.verified_s.items()
    }


def _others(count: int) -> NDArray[np.bool_]:
    return ~np.eye(count, dtype=np.bool_)


def _alike(cast: tuple[Role, ...]) -> NDArray[np.bool_]:
    sources = np.array([role.voice_source for role in cast])
    alike: NDArray[np.bool_] = sources[:, None] == sources[None, :]
    return alike & _others(len(cast))
