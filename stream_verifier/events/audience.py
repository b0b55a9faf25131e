"""Who is told what of a call's events: the one place where something is kept back.

What is told of a comparison can be asked for again and again, with one face after another, and
from exact answers the stored template can be computed. So the nearer somebody is to the camera,
the coarser the answer. A call's own client and those who follow calls are told which way the
evidence points. Who has a scope for it is told numbers, rounded, but only while the call is
verified: along any edge below that, numbers would lead a stranger up to it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

from stream_verifier.events.schema import Evidence, Payload, Score, State, StateChanged

P = TypeVar("P", bound=Payload)

CLIP = 4.0
"""Log-odds beyond which those who are told numbers are told no more."""
STEP = 0.5
"""To how much log-odds they are rounded."""
CALLER_EVERY_S = 2.0
"""Media time between two scores that a call's own client is told."""


class Audience(StrEnum):
    """Who listens."""

    CALLER = "caller"
    """The call's own client, and whoever shows a token that opens calls: bars, at a slow pace."""

    READER = "reader"
    """Who follows calls: bars."""

    ANALYST = "analyst"
    """Who may see evidence: rounded, within bounds, of a verified call."""

    LOCAL = "local"
    """The process itself, and files: everything."""


def told(payload: P, audience: Audience) -> P:
    """The payload as this audience is told it; the very same where nothing is kept back."""
    if audience is Audience.LOCAL:
        return payload
    analyst = audience is Audience.ANALYST
    update: dict[str, object]
    match payload:
        case Score(evidence=evidence, posterior=posterior, bar=bar):
            # Only a verified call's needles point to the person.
            shown = analyst and bar is not None and 1 in (bar.face, bar.voice, bar.both)
            seen = (_blurred(one) if shown and one else None for one in (evidence, posterior))
            update = {"face": None, "voice": None, "fused": None}
            update |= zip(("evidence", "posterior"), seen, strict=True)
        case StateChanged(state=state, llr=llr, posterior=believed):
            shown = analyst and state is State.VERIFIED
            told_of = {"llr": llr, "posterior": believed}
            update = {
                name: coarse(odds) if shown and odds is not None else None
                for name, odds in told_of.items()
            }
        case _:
            return payload
    return payload.model_copy(update=update)


def coarse(llr: float) -> float:
    """Log-odds as those are told them who may see evidence."""
    return round(max(-CLIP, min(CLIP, llr)) / STEP) * STEP + 0.0


def _blurred(evidence: Evidence) -> Evidence:
    return Evidence(
        face=coarse(evidence.face), voice=coarse(evidence.voice), both=coarse(evidence.both)
    )
