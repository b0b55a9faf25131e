"""Fits how far a voice is doubted in the joint score, on people whom no tower has seen.

Each source of voices with people enough is left out in turn, so that it shows what the numbers do
to a source that they were not fitted to. Each person counts alike.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize, nnls

from model.evaluation import metrics
from model.runtime.comparator import Calibration
from model.runtime.joint import Joint
from model.siamese.calibration import operating_points

LEAST_PEOPLE = 10
"""A source of fewer is measured, and not fitted to: one poor recording would outvote all others."""
TOLERATED = 0.002
"""Bits of Cllr that a source may lose by what others gain."""
_PENALTY = 30.0
_START = (np.log(0.005), 0.1)
_MOST_UNLIKE = 0.5
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Source:
    """Trials of one source's people.

    Attributes:
        people: how many.
        face, voice, both: the network's own outputs, shape (n,).
        mated: shape (n,), face and voice are the claimed person's.
    """

    people: int
    face: Floats
    voice: Floats
    both: Floats
    mated: Flags

    def cllr(self, joint: Joint, line: Calibration) -> float:
        """Of the calibrated joint scores, in bits."""
        return metrics.cllr(line.llrs(joint.scores(self.face, self.voice)), self.mated)


@dataclass(frozen=True)
class LeftOut:
    """What was fitted without a source does to it: Cllr before and after, and the least."""

    before: float
    after: float
    least: float


def shares_of(sources: Iterable[Source]) -> tuple[float, float, float]:
    """The shares that the network joins by, out of what it says; its formula is linear in them."""
    some = list(sources)
    face, voice, both = (
        np.concatenate([getattr(one, name) for one in some]) for name in ("face", "voice", "both")
    )
    ways = np.stack([np.exp(both - face - voice), np.exp(both - voice), np.exp(both - face)], 1)
    found, _ = nnls(ways, np.ones(len(ways)))
    first, second, third = (float(share) for share in found / found.sum())
    return first, second, third


def fit_joint(
    sources: Iterable[Source], shares: tuple[float, float, float], line: Calibration
) -> Joint:
    """Find the doubt and the gain with the least Cllr, sources weighing by their people.

    No source may lose more than `TOLERATED`: what helps one kind of speech must not be paid for by
    another.

    Args:
        sources: to fit to.
        shares: see `Joint`; they stay as they are.
        line: the calibration that follows, which stays as it is, too.
    """
    some = list(sources)
    people = np.array([one.people for one in some], np.float64)
    plain = Joint(shares, unlike=0.0, gain=0.0)
    before = np.array([one.cllr(plain, line) for one in some])

    def cost(values: Floats) -> float:
        found = np.array([one.cllr(_joint(shares, values), line) for one in some])
        lost = np.maximum(found - before - TOLERATED, 0).sum()
        return float(people @ found / people.sum() + _PENALTY * lost)

    options = {"xatol": 0.01, "fatol": 1e-6, "maxfev": 200}
    found = minimize(cost, np.array(_START), method="Nelder-Mead", options=options).x
    joint = _joint(shares, found)
    return Joint(shares, unlike=float(f"{joint.unlike:.3g}"), gain=round(joint.gain, 3))


def left_out(
    sources: dict[str, Source], shares: tuple[float, float, float], line: Calibration
) -> dict[str, LeftOut]:
    """What the fit to all other sources does to each."""
    found, plain = {}, Joint(shares, unlike=0.0, gain=0.0)
    for name, one in sources.items():
        others = enough({key: some for key, some in sources.items() if key != name})
        joint = fit_joint(others.values(), shares, line)
        least = metrics.min_cllr(joint.scores(one.face, one.voice), one.mated)
        found[name] = LeftOut(one.cllr(plain, line), one.cllr(joint, line), least)
    return found


def enough(sources: dict[str, Source]) -> dict[str, Source]:
    """Those with people enough to be fitted to."""
    return {name: one for name, one in sources.items() if one.people >= LEAST_PEOPLE}


def points_of(sources: dict[str, Source], joint: Joint, line: Calibration) -> dict[str, float]:
    """Operating points of the joint LLR on all these trials."""
    llrs = [line.llrs(joint.scores(one.face, one.voice)) for one in sources.values()]
    mated = [one.mated for one in sources.values()]
    return operating_points(np.concatenate(llrs), np.concatenate(mated))


def _joint(shares: tuple[float, float, float], values: Floats) -> Joint:
    unlike = float(np.exp(min(values[0], np.log(_MOST_UNLIKE))))
    return Joint(shares, unlike=unlike, gain=float(values[1]))
