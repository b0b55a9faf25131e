"""A call or a file over time, as its events tell it: states, evidence, and what was missing.

The call page reads the same events the same way (``web_client/js/timeline.js``); a test compares
the two.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from stream_verifier.events.event import Event
from stream_verifier.events.schema import (
    ChallengeAsked,
    ChallengeResult,
    ErrorRaised,
    Gap,
    Score,
    SessionStarted,
    StateChanged,
)

SERIES = {"face": "Face", "voice": "Voice", "both": "Together"}
"""What there is evidence of, as people read it."""

STATES = {
    "verified": "Verified",
    "uncertain": "Uncertain",
    "waiting": "Waiting",
    "absent": "Absent",
    "rejected": "Rejected",
}
"""The states as people read them, from good to bad."""

REASONS = {
    "face_mismatch": "wrong face",
    "voice_mismatch": "wrong voice",
    "multiple_faces": "several faces",
    "no_face": "no face",
    "no_speech": "no speech",
    "poor_face_quality": "poor picture",
    "noisy_audio": "noise",
    "speaker_not_on_camera": "speaker off camera",
    "presentation_suspected": "screen or paper",
    "lips_do_not_match": "lips say something else",
    "no_sign_of_life": "heard before",
    "challenge_not_passed": "challenge not passed",
    "presence_not_shown": "not seen speaking yet",
    "media_gap": "media gap",
    "overloaded": "server overloaded",
    "media_time_implausible": "implausible media time",
    "picture_not_scored": "picture not checked",
    "speech_not_scored": "speech not checked",
    "tried_too_often": "others were tried",
}
"""The reasons in few words, so that they fit beside what they explain."""

_BREAK_S = 4.0
"""A line of evidence has a hole where no window was scored for longer."""
COARSE_LLR = 2.0
"""Where evidence is drawn of which only the direction is told, in log-odds."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch in which state and reasons were the same, in seconds of media time."""

    start_s: float
    end_s: float
    state: str
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Point:
    """What was known after one window.

    Attributes:
        start_s: where the window began, or the one before it ended, whichever is later.
        at_s: where it ended.
        face: log-odds that the face is the enrolled person's; None without evidence.
        voice: likewise the voice.
        both: likewise face and voice.
        missing: modalities that the window could not score.
        coarse: only the direction of the evidence was told; it is drawn in three steps.
    """

    start_s: float
    at_s: float
    face: float | None
    voice: float | None
    both: float | None
    missing: tuple[str, ...] = ()
    coarse: bool = False


@dataclass(frozen=True, slots=True)
class Hole:
    """Media that should have come and did not, in seconds of media time."""

    start_s: float
    end_s: float
    kind: Literal["audio", "video"]


@dataclass(frozen=True, slots=True)
class Asked:
    """A challenge, from when it was asked until its result, in seconds of media time.

    Attributes:
        start_s: when it was asked.
        end_s: when it was over; the timeline's end where it was not.
        kind: what was asked for.
        outcome: how it ended; None where that is not known yet.
    """

    start_s: float
    end_s: float
    kind: str
    outcome: str | None


@dataclass(frozen=True, slots=True)
class Timeline:
    """All that there is to draw.

    Attributes:
        identity: who it should be.
        operating_point: name of the thresholds.
        end_s: seconds of media time from its start.
        spans: without holes, from 0 to ``end_s``.
        points: one a window.
        holes: where media was missing.
        accept: log-odds of both from which on it is verified; None where unknown.
        reject: log-odds of both down from which it is rejected; None where unknown.
        failure: the message with which it broke off.
        challenges: what the person was asked for.
    """

    identity: str = ""
    operating_point: str = ""
    end_s: float = 0.0
    spans: tuple[Span, ...] = ()
    points: tuple[Point, ...] = ()
    holes: tuple[Hole, ...] = ()
    accept: float | None = None
    reject: float | None = None
    failure: str | None = None
    challenges: tuple[Asked, ...] = ()


def read_timeline(events: Iterable[Event]) -> Timeline:
    """Read the events of one session, whole or cut off.

    Args:
        events: as ``verify`` gives them, or as `read_event` reads what the feed and
            ``verify --json`` say: a missing field counts as null, and an event without media time
            as one of the beginning.
    """
    kept = list(events)
    payloads = [event.payload for event in kept]
    end_s = max((event.media_s for event in kept), default=0.0)
    started = next((each for each in payloads if isinstance(each, SessionStarted)), None)
    point = None if started is None else started.operating_point
    changes = [each for each in payloads if isinstance(each, StateChanged)]
    gaps = (each for each in payloads if isinstance(each, Gap))
    return Timeline(
        identity="" if started is None else started.identity,
        operating_point="" if point is None else point.name,
        end_s=end_s,
        spans=_spans(changes, end_s),
        points=_points(each for each in payloads if isinstance(each, Score)),
        holes=tuple(Hole(gap.start_s, gap.end_s, gap.kind) for gap in gaps),
        accept=None if point is None else point.accept,
        reject=None if point is None else point.reject,
        failure=next((each.message for each in payloads if isinstance(each, ErrorRaised)), None),
        challenges=_challenges(payloads, end_s),
    )


def runs(points: Iterable[Point], series: str) -> list[list[tuple[float, float]]]:
    """Cut one series into lines of (media time, log-odds) that may be drawn through."""
    lines: list[list[tuple[float, float]]] = [[]]
    last_s = -_BREAK_S
    for point in points:
        value: float | None = getattr(point, series)
        if value is None or point.at_s - last_s > _BREAK_S:
            lines.append([])
        if value is not None:
            if point.coarse and lines[-1]:
                lines[-1].append((point.at_s, lines[-1][-1][1]))
            lines[-1].append((point.at_s, value))
        last_s = point.at_s
    return [line for line in lines if line]


def stretches(points: Iterable[Point], side: str) -> list[tuple[float, float]]:
    """Where windows could score one modality, from and to in seconds, neighbours joined."""
    joined: list[tuple[float, float]] = []
    for point in points:
        if side in point.missing:
            continue
        follows = bool(joined) and joined[-1][1] == point.start_s
        start_s = joined.pop()[0] if follows else point.start_s
        joined.append((start_s, point.at_s))
    return joined


def in_words(timeline: Timeline) -> list[str]:
    """Every span as one line, such as ``0:04 to 0:31 Rejected: wrong voice``."""
    return [
        f"{clock(span.start_s)} to {clock(span.end_s)} "
        + ": ".join(filter(None, (STATES.get(span.state, span.state), say_reasons(span.reasons))))
        for span in timeline.spans
    ]


def say_asked(asked: Asked) -> str:
    """A challenge in few words, such as ``turn head: passed``."""
    return ": ".join(filter(None, (asked.kind, asked.outcome))).replace("_", " ")


def say_reasons(reasons: Iterable[str]) -> str:
    """Reasons in few words; one that is not known yet is said as it is spelt."""
    return ", ".join(REASONS.get(reason, reason.replace("_", " ")) for reason in reasons)


def clock(time_s: float) -> str:
    """Media time as minutes and seconds."""
    minutes, seconds = divmod(int(time_s), 60)
    return f"{minutes}:{seconds:02d}"


def _spans(changes: Iterable[StateChanged], end_s: float) -> tuple[Span, ...]:
    """Of two changes at one moment the later one holds."""
    begun = [Span(0.0, 0.0, "waiting")]
    for change in changes:
        at_s = change.media_s
        while begun and begun[-1].start_s >= at_s:
            begun.pop()
        begun.append(Span(at_s, at_s, change.state, tuple(change.reasons)))
    ends_s = [span.start_s for span in begun[1:]] + [end_s]
    spans = (replace(span, end_s=to_s) for span, to_s in zip(begun, ends_s, strict=True))
    return tuple(span for span in spans if span.end_s > span.start_s)


def _challenges(payloads: Iterable[object], end_s: float) -> tuple[Asked, ...]:
    asked: dict[str, Asked] = {}
    for payload in payloads:
        if isinstance(payload, ChallengeAsked):
            asked[payload.challenge] = Asked(payload.media_s, end_s, payload.kind, None)
        elif isinstance(payload, ChallengeResult) and payload.challenge in asked:
            begun = asked[payload.challenge]
            asked[payload.challenge] = replace(
                begun, end_s=payload.media_s, outcome=payload.outcome
            )
    return tuple(asked.values())


def _points(scores: Iterable[Score]) -> tuple[Point, ...]:
    points: list[Point] = []
    for score in scores:
        at_s = score.media_s
        before_s = points[-1].at_s if points else 0.0
        coarse = score.evidence is None and score.bar is not None
        # Of neighbouring scores a call's own client is told only one.
        joined = coarse and at_s - before_s <= _BREAK_S
        face, voice, both = _levels(score)
        point = Point(
            start_s=min(at_s, before_s if joined else max(before_s, score.start_s)),
            at_s=at_s,
            face=face,
            voice=voice,
            both=both,
            missing=_missing(score, points),
            coarse=coarse,
        )
        points.append(point)
    return tuple(points)


def _levels(score: Score) -> tuple[float | None, float | None, float | None]:
    if score.evidence is not None:
        return score.evidence.face, score.evidence.voice, score.evidence.both
    if score.bar is not None:
        bar = score.bar
        return COARSE_LLR * bar.face, COARSE_LLR * bar.voice, COARSE_LLR * bar.both
    return None, None, None


def _missing(score: Score, before: list[Point]) -> tuple[str, ...]:
    """What could not be scored; a voice that was spared would have been like the one before."""
    gone = [side for side in ("face", "voice") if side not in score.scored]
    if score.spared and before and "voice" not in before[-1].missing and "voice" in gone:
        gone.remove("voice")
    return tuple(gone)
