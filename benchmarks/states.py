"""The states of a call over time."""

from __future__ import annotations

from collections.abc import Sequence

from stream_verifier.events.schema import State


def share_verified(states: Sequence[tuple[float, State]], from_s: float, until_s: float) -> float:
    """Of a stretch of time, in which a call was verified; each state with when it was told."""
    total_s, since_s = 0.0, None
    for at_s, state in [*states, (until_s, State.WAITING)]:
        at_s = min(until_s, max(from_s, at_s))
        total_s += 0.0 if since_s is None else at_s - since_s
        since_s = at_s if state is State.VERIFIED else None
    return total_s / (until_s - from_s) if until_s > from_s else 0.0
