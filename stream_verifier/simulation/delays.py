"""How long swaps go unnoticed at so many false alarms an hour, and callers unverified; pure.

Every rule is compared by the first of the two, and ours is tuned by both.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from stream_verifier.simulation.outcome import SWAPPED
from stream_verifier.simulation.replay import Trace
from stream_verifier.verify.operating import OperatingPoint

MISSED_S = 30.0
"""A swap that goes unnoticed for longer counts as missed."""
_LAST_S = 2.0  # verdicts of a call's end are known so late at most


def threshold(calls: Sequence[Trace], per_hour: float) -> float:
    """The highest threshold with no more false alarms in these calls than so many an hour."""
    depths = sorted(depth for one in calls for depth in one.depths)
    allowed = math.floor(per_hour * sum(one.genuine_s for one in calls) / 3600 + 1e-9)
    return math.nextafter(depths[allowed], -math.inf) if len(depths) > allowed else -1e-6


def noticed_s(one: Trace, reject: float) -> float | None:
    """As `outcome.judge` has it: the first rejection that names a replaced modality.

    None where the call was rejected when the change came; infinite where it never was after.
    """
    rejected = one.rejected(reject)
    before = np.flatnonzero(one.at_s <= one.impostor_from_s)
    if len(before) and rejected[before[-1]]:
        return None
    replaced = SWAPPED[one.script.kind]
    inside = (one.at_s >= one.impostor_from_s) & (one.at_s <= one.script.length_s + _LAST_S)
    for place in np.flatnonzero(rejected & inside):
        if replaced & one.named[place]:
            return float(one.at_s[place])
    return math.inf


def delays(calls: Sequence[Trace], reject: float) -> list[tuple[Trace, float]]:
    """Calls with a swap, and how long after the change it was noticed; alarmed ones left out."""
    swapped = [one for one in calls if one.script.kind in SWAPPED]
    found = ((one, noticed_s(one, reject)) for one in swapped)
    return [(one, at_s - one.impostor_from_s) for one, at_s in found if at_s is not None]


def cost(calls: Sequence[Trace], reject: float) -> float:
    """Mean delay in seconds, one that counts as missed at the longest."""
    found = [min(delay_s, MISSED_S) for _, delay_s in delays(calls, reject)]
    return sum(found) / len(found) if found else math.inf


def wait(calls: Sequence[Trace], accept: float) -> float:
    """Mean time in seconds until a call is first verified, `MISSED_S` at the longest."""
    point = OperatingPoint(accept=accept, reject=-accept)
    found = []
    for one in calls:
        first = one.at_s[one.verified(point) & (one.at_s <= one.impostor_from_s)]
        found.append(min(float(first[0]), MISSED_S) if len(first) else MISSED_S)
    return sum(found) / len(found) if found else math.inf
