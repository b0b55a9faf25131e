"""Calls that nobody made: event streams as a server emits them, for the monitor's page.

What the events say follows a script of phases; they show the page, not the model.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Literal

from stream_verifier.events.json_object import JsonObject
from stream_verifier.events.schema import (
    Bar,
    EnrolmentProgress,
    Evidence,
    FusedScore,
    Gap,
    MediaStarted,
    ModalityScore,
    OperatingPointInForce,
    Payload,
    Reason,
    Score,
    SessionEnded,
    SessionStarted,
    State,
    StateChanged,
    Totals,
)
from stream_verifier.events.stamper import Stamper

POINT = OperatingPointInForce(name="alarm_8h", accept=2.0, reject=-3.0)
_HOP_S = 1.0
_PULL = 0.3
_ABSENT_AFTER_S = 6.0
_BOX = (0.36, 0.22, 0.28, 0.42)
_FACES_NEEDED = 5
_SPEECH_NEEDED_S = 8.0


class Who(Enum):
    """Who is there in a phase: how far face and voice are for the enrolled person, in log-odds."""

    GENUINE = (5.0, 4.5)
    WRONG_VOICE = (5.0, -6.0)
    WRONG_FACE = (-6.0, 4.5)
    STRANGER = (-6.0, -6.0)
    UNCLEAR = (0.8, 0.6)
    NOBODY = (0.0, 0.0)
    GAP = (0.5, 0.5)


@dataclass(frozen=True, slots=True)
class Script:
    """One call.

    Attributes:
        session, identity: as in its events.
        phases: seconds and who is there, in order; the last one goes on.
        ends: the reason of its end after the last phase, None while it runs.
        enrols: whether it is an enrolment, which has no phases.
    """

    session: str
    identity: str
    phases: tuple[tuple[float, Who], ...] = ((60.0, Who.GENUINE),)
    ends: str | None = None
    enrols: bool = False


class MadeUpCall:
    """Plays a script, second by second.

    Args:
        script: what happens.
        began: its wall time at media time 0.
    """

    def __init__(self, script: Script, *, began: datetime) -> None:
        """Start at media time 0, with nothing said."""
        self.script = script
        self.began = began
        self.media_s = 0.0
        self.events: list[JsonObject] = []
        self._stamper = Stamper(script.session, now=lambda: began + timedelta(seconds=self.media_s))
        self._random = random.Random(script.session)
        self._face = self._voice = 0.0
        self._alone_s = 0.0
        self._state = State.WAITING
        self._reasons: list[Reason] = []

    @property
    def over(self) -> bool:
        """Whether its last event is the end."""
        return bool(self.events) and self.events[-1]["type"] == "session_ended"

    def play(self, until_s: float) -> list[JsonObject]:
        """Go on to a media time; return the events on the way there."""
        said = len(self.events)
        if not self.events:
            self._say(self._opening())
        while self.media_s + _HOP_S <= until_s and not self.over:
            self.media_s += _HOP_S
            self._say(self._enrolling() if self.script.enrols else self._verifying())
            length_s = sum(seconds for seconds, _ in self.script.phases)
            if self.script.ends is not None and self.media_s >= length_s:
                self._say(iter([self.end(self.script.ends)]))
        return self.events[said:]

    def end(self, reason: str) -> Payload:
        """The payload that ends it now."""
        totals = Totals(windows=int(self.media_s))
        fields = {"media_s": self.media_s, "reason": reason, "totals": totals}
        return SessionEnded.model_validate(fields)

    def say(self, payload: Payload) -> JsonObject:
        """Emit a payload out of turn."""
        self.events.append(self._stamper.stamp(payload).fields)
        return self.events[-1]

    def _say(self, payloads: Iterator[Payload]) -> None:
        for payload in payloads:
            self.say(payload)

    def _opening(self) -> Iterator[Payload]:
        script = self.script
        yield SessionStarted(
            media_s=0.0,
            mode="enrol" if script.enrols else "verify",
            identity=script.identity,
            model="made-up",
            comparator="made-up",
            operating_point=None if script.enrols else POINT,
        )
        yield MediaStarted(media_s=0.0, kind="audio")
        yield MediaStarted(media_s=0.0, kind="video")

    def _enrolling(self) -> Iterator[Payload]:
        faces = min(_FACES_NEEDED - 1, int(self.media_s / 3))
        yield EnrolmentProgress(
            media_s=self.media_s,
            speech_s=min(_SPEECH_NEEDED_S - 1, self.media_s * 0.6),
            speech_needed_s=_SPEECH_NEEDED_S,
            faces=faces,
            faces_needed=_FACES_NEEDED,
            missing=["turn_a_little", "keep_talking"],
            boxes=[_BOX],
            complete=False,
        )

    def _verifying(self) -> Iterator[Payload]:
        who = self._who()
        if who is Who.GAP:
            yield Gap(
                media_s=self.media_s,
                kind="video",
                start_s=self.media_s - _HOP_S,
                end_s=self.media_s,
                reason="network",
            )
        self._alone_s = self._alone_s + _HOP_S if who is Who.NOBODY else 0.0
        self._face = self._drift(self._face, who.value[0])
        self._voice = self._drift(self._voice, who.value[1])
        yield self._score(who)
        state, reasons = self._verdict(who)
        if (state, reasons) != (self._state, self._reasons):
            yield StateChanged(
                media_s=self.media_s,
                state=state,
                previous=self._state,
                reasons=reasons,
                llr=min(self._face, self._voice),
            )
            self._state, self._reasons = state, reasons

    def _who(self) -> Who:
        left_s = self.media_s
        for seconds, who in self.script.phases:
            left_s -= seconds
            if left_s <= 0:
                return who
        return self.script.phases[-1][1]

    def _drift(self, from_llr: float, to_llr: float) -> float:
        return from_llr + _PULL * (to_llr - from_llr) + self._random.gauss(0, 0.25)

    def _score(self, who: Who) -> Score:
        there = who is not Who.NOBODY
        half = ModalityScore(llr=1.0)
        both = min(self._face, self._voice)
        evidence = Evidence(face=self._face, voice=self._voice, both=both) if there else None
        told: list[Literal["face", "voice"]] = ["face", "voice"] if there else []
        return Score(
            media_s=self.media_s,
            start_s=self.media_s - _HOP_S,
            end_s=self.media_s,
            scored=told[who is Who.GAP :],
            face=half if there and who is not Who.GAP else None,
            voice=half if there else None,
            fused=FusedScore(llr=2.0, of=["face", "voice"]) if there else None,
            speech_s=0.8 if there else 0.0,
            faces=[_BOX] if there else [],
            notes=[],
            spared=False,
            evidence=evidence,
            bar=None if evidence is None else self._bar(evidence),
            age_s=0.3,
        )

    def _bar(self, evidence: Evidence) -> Bar:
        verified = evidence.both >= POINT.accept
        told = {side: self._points(llr, verified) for side, llr in evidence.model_dump().items()}
        return Bar.model_validate(told)

    @staticmethod
    def _points(llr: float, verified: bool) -> int:
        return int(llr > 1) if verified else -int(llr < -1)

    def _verdict(self, who: Who) -> tuple[State, list[Reason]]:
        both = min(self._face, self._voice)
        if who is Who.NOBODY:
            gone = [Reason.NO_FACE, Reason.NO_SPEECH]
            return (State.ABSENT if self._alone_s >= _ABSENT_AFTER_S else self._state), gone
        if both <= POINT.reject:
            return State.REJECTED, self._mismatches()
        if both >= POINT.accept:
            return State.VERIFIED, []
        if who is Who.GAP:
            return State.UNCERTAIN, [Reason.MEDIA_GAP]
        if self._state is State.WAITING and self.media_s < 5:
            return State.WAITING, []
        return State.UNCERTAIN, self._mismatches() or [Reason.POOR_FACE_QUALITY]

    def _mismatches(self) -> list[Reason]:
        told = {Reason.FACE_MISMATCH: self._face, Reason.VOICE_MISMATCH: self._voice}
        return [reason for reason, llr in told.items() if llr < -1]
