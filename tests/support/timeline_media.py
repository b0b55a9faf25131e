"""Made-up events of one session, as the live feed and ``verify --json`` give them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from stream_verifier.console.timeline import Timeline, read_timeline
from stream_verifier.events.reading import read_event

Event = dict[str, Any]
POINT = {"name": "alarm_8h", "accept": 2.0, "reject": -3.0}


def read(events: Iterable[Event]) -> Timeline:
    """The timeline of events as JSON."""
    return read_timeline(map(read_event, events))


def started(**fields: Any) -> Event:
    return {
        "type": "session_started",
        "media_s": 0.0,
        "mode": "verify",
        "identity": "ada",
        "operating_point": POINT,
        **fields,
    }


def score(
    at_s: float,
    face: float | None = 3.0,
    voice: float | None = 3.0,
    *,
    missing: Iterable[str] = (),
    start_s: float | None = None,
    spared: bool = False,
    coarse: bool = False,
) -> Event:
    """A window with this evidence, or only its direction; none where a side is None."""
    evidence = None
    if face is not None and voice is not None:
        evidence = {"face": face, "voice": voice, "both": min(face, voice)}
    gone = {*missing, "voice"} if spared else missing
    scored = [side for side in ("face", "voice") if side not in gone]
    bar = evidence and {side: _side(llr) for side, llr in evidence.items()}
    begun_s = max(0.0, at_s - 3) if start_s is None else start_s
    window = {"type": "score", "media_s": at_s, "start_s": begun_s, "spared": spared}
    return {
        **window,
        "face": None,
        "voice": None,
        "scored": scored,
        "evidence": None if coarse else evidence,
        "bar": bar,
    }


def _side(llr: float) -> int:
    return 0 if abs(llr) <= 1 else int(math.copysign(1, llr))


def change(at_s: float, state: str, *reasons: str) -> Event:
    return {"type": "state_changed", "media_s": at_s, "state": state, "reasons": list(reasons)}


def gap(start_s: float, end_s: float, kind: str) -> Event:
    return {"type": "gap", "media_s": end_s, "start_s": start_s, "end_s": end_s, "kind": kind}


def failed(at_s: float, message: str = "call.mp4 breaks off.") -> Event:
    return {"type": "error", "media_s": at_s, "code": "bad_media", "message": message}


def ended(at_s: float, reason: str = "complete") -> Event:
    return {"type": "session_ended", "media_s": at_s, "reason": reason}


def minute() -> list[Event]:
    """Ada, then another voice, then nobody, then Ada again after sound was lost."""
    return [
        started(),
        *(score(at, min(9, 1.5 * at), min(9, 2.1 * at)) for at in (1.5, 2.5, 3.5, 4.5, 5.5)),
        change(1.5, "verified"),
        *(score(float(at), 9.4, 9.4) for at in range(6, 20)),
        *(score(20.0 + at, 9.4, 9 - 3.6 * min(at, 5)) for at in range(11)),
        change(22.4, "uncertain", "noisy_audio"),
        change(23.5, "rejected", "voice_mismatch"),
        change(31.0, "uncertain", "no_face"),
        score(32.0, 1.0, -8.0, missing=("face", "voice")),
        change(34.0, "absent", "no_face", "no_speech"),
        *(score(float(at), None, None, missing=("face", "voice")) for at in (35, 36, 37)),
        change(40.0, "waiting"),
        score(41.0, 2.0, 0.0, missing=("voice",)),
        gap(42.0, 45.5, "audio"),
        change(46.0, "uncertain", "media_gap"),
        *(score(46.0 + at, min(9, 2.0 * at), min(9, 1.2 * at)) for at in range(1, 15)),
        change(48.5, "verified"),
        ended(60.0),
    ]


def challenge_asked(at_s: float, challenge: str = "a", kind: str = "turn_head") -> Event:
    """Somebody is asked for something."""
    return {
        "type": "challenge_asked", "media_s": at_s, "challenge": challenge, "kind": kind,
        "by": "api", "turns": ["left"], "digits": None, "within_s": 7, "number": 1, "most": 4,
        "others": [], "chance": 0.5,
    }  # fmt: skip


def challenge_result(at_s: float, challenge: str = "a", outcome: str = "passed") -> Event:
    """And does it, or not."""
    return {
        "type": "challenge_result", "media_s": at_s, "challenge": challenge, "kind": "turn_head",
        "outcome": outcome, "why": None, "after_s": 3, "measured": {},
    }  # fmt: skip
