"""One call's whole path from media to event payloads; synchronous, time passed in.

The same objects run a live call, a file and a benchmark. Nothing here knows of sockets or of
asyncio; the only clock is the one passed in to measure the age of a score.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from stream_verifier.events.schema import (
    Bar,
    ChallengeKind,
    Evidence,
    FusedScore,
    Payload,
    Score,
    Side,
    State,
    StateChanged,
)
from stream_verifier.media.types import OVERRUN, MediaGap, MediaItem
from stream_verifier.verify.belief import Odds
from stream_verifier.verify.channels.channel import EvidenceChannel
from stream_verifier.verify.decision import Decision, Verdict
from stream_verifier.verify.intake import MediaProgress, Windows
from stream_verifier.verify.observation import Observation
from stream_verifier.verify.pace import Pace
from stream_verifier.verify.schedule import CALM, SPARE, UNSURE, Waiting
from stream_verifier.verify.strangers import Crowd
from stream_verifier.verify.telling import Telling
from stream_verifier.windows.types import Window

if TYPE_CHECKING:  # OpenCV and LiteRT come with it, and a pipeline without it needs neither.
    from stream_verifier.verify.channels.challenge.channel import ChallengeChannel
    from stream_verifier.verify.channels.challenge.kind import Challenge

_BEHIND_S = 1.0
"""Media that is late by less is the network's jitter."""
_TICK_S = 0.5
_PASSED_S = 0.3
"""A window that waited for less before the next one came was not late."""
_MOST_AFTER_S = 0.7
"""So much media behind a window may be waited for to end it; more is the worker's own doing."""
_SIDES: tuple[Literal["face"], Literal["voice"]] = ("face", "voice")


class VerifyPipeline:
    """Has every window read by the evidence channels and keeps the verdict.

    Args:
        windows: cuts media.
        channels: read windows for evidence; the first one's fused LLR is told with each score.
        decision: adds evidence up over time.
        now: monotonic clock of the media's arrivals, which holds media time to what is plausible
            and tells the age of a score; None from a file, which has no time but its own.
        crowd: whom the channels meet.
        examiner: measures answers to challenges; None: none can be asked. One of the channels.

    Attributes:
        windows: so many were told.
        spared: of these, so many whose voice gave way to other calls' windows.
        skipped: so many that were not scored in time.
    """

    def __init__(
        self,
        *,
        windows: Windows,
        channels: Sequence[EvidenceChannel],
        decision: Decision,
        now: Callable[[], float] | None = None,
        crowd: Crowd | None = None,
        examiner: ChallengeChannel | None = None,
    ) -> None:
        self.windows = self.spared = self.skipped = 0
        self._windows = windows
        self._channels = tuple(channels)
        self._decision = decision
        self._now = now
        self._pace = None if now is None else Pace()
        self._ticked_s = -math.inf
        self._window: Window | None = None
        self._since_s: float | None = None
        self._decided_s = 0.0
        self._crowd = crowd or Crowd()
        self._examiner = examiner
        self._telling = Telling()
        self._media = MediaProgress()

    @property
    def verdict(self) -> Verdict:
        """The newest verdict, whatever is told of it."""
        return self._decision.verdict

    @property
    def waiting(self) -> Waiting | None:
        """The window that waits to be scored, if any does."""
        if (window := self._window) is None or self._since_s is None:
            return None
        observation = self._sense(window)
        if not self._decision.brings(observation):
            return Waiting(self._since_s, SPARE)
        unsure = self._decision.unsure(observation)
        return Waiting(self._since_s, UNSURE if unsure else CALM)

    @property
    def too_many_people(self) -> bool:
        """Whether more different people were met than may be."""
        return self._crowd.too_many

    def guard(self, guarded: bool) -> None:
        """Say from any thread whether too many others were tried in that name (`Telling`)."""
        self._telling.guarded = guarded

    @property
    def challenges(self) -> tuple[ChallengeKind, ...]:
        """Kinds of challenges that can be asked."""
        return () if self._examiner is None else self._examiner.kinds

    def ask(self, challenge: Challenge) -> None:
        """Measure an answer, from any thread; one at a time, of `challenges`."""
        if self._examiner is not None:
            self._examiner.begin(challenge)

    def drop(self, challenge_id: str, why: str) -> None:
        """End a challenge that is open still unanswered, from any thread."""
        if self._examiner is not None:
            self._examiner.drop(challenge_id, why)

    def feed(self, item: MediaItem) -> list[Payload]:
        """Take one media item in and score all that it completes, however long that takes."""
        payloads = []
        for one in self._paced(item):
            payloads += self._hear(one)
            for window in self._windows.feed(one):
                self._window = window
                payloads += self.score()
        return payloads

    def take(self, item: MediaItem) -> list[Payload]:
        """Take one media item in; the newest window waits to be scored, those before do no more.

        Returns:
            Gaps, and what becomes of the windows that are passed over.
        """
        payloads = []
        for one in self._paced(item):
            payloads += self._hear(one)
            for window in self._windows.feed(one):
                payloads += self.skip()
                self._window, self._since_s = window, self._completed_s(window, one)
                if self._since_s is None:  # media that never was live cannot be late
                    payloads += self.score()
        return payloads

    def _examined(self, now_s: float | None = None) -> list[Payload]:
        """What came of challenges; none is open for longer than it should be."""
        return [] if self._examiner is None else [*self._examiner.results(now_s)]

    def _paced(self, item: MediaItem) -> list[MediaItem]:
        return [item] if self._pace is None else self._pace.take(item)

    def _hear(self, item: MediaItem) -> list[Payload]:
        for channel in self._channels:
            channel.take(item)
        # What came of a challenge is told before what the verdict makes of it.
        return self._media.advance(item) + self._examined()

    def forget(self) -> None:
        """Let go of the reference, from any thread: nothing is compared with it any more."""
        for channel in self._channels:
            channel.forget()

    def tick(self, now_s: float) -> list[Payload]:
        """Let the verdict fade while no media comes that lies in the present.

        Args:
            now_s: monotonic; all media that has come by then was fed.
        """
        examined = self._examined(now_s)
        behind_s = 0.0 if self._pace is None else self._pace.behind_s(now_s)
        if behind_s < _BEHIND_S or now_s - self._ticked_s < _TICK_S:
            return examined
        self._ticked_s = now_s
        return examined + self._decide(Observation(self._media.now_s + behind_s))

    def finish(self) -> list[Payload]:
        """Score what is left at the end of the media."""
        payloads = self.score()
        for window in self._windows.flush():
            self._window = window
            payloads += self.score()
        return payloads + ([] if self._examiner is None else [*self._examiner.finish()])

    def score(self, *, busy: bool = False) -> list[Payload]:
        """Score the window that waits; nothing happens where none does.

        Args:
            busy: other calls wait as well, and the voice of a calm call gives way to those that
                are unsure; whether somebody is there is asked less often of all.
        """
        if (window := self._window) is None:
            return []
        self._window = None
        observation = self._sense(window)
        spared = busy and window.speech is not None and not self._decision.wants(observation)
        self.spared += spared
        return self._tell(window, self._read(window, observation, busy=busy, spared=spared))

    def skip(self) -> list[Payload]:
        """Leave the window that waits unscored, for want of time; nothing happens without one."""
        if (window := self._window) is None:
            return []
        self._window = None
        observation = self._sense(window)
        # What came in one piece with its successor is passed over, and nobody was too slow.
        if self._waited_s() > _PASSED_S:
            self.skipped += 1
            notes = tuple(dict.fromkeys((*window.notes, "overloaded")))
            observation = replace(observation, notes=notes)
        return self._tell(window, observation)

    def _sense(self, window: Window) -> Observation:
        sensed = tuple(one for channel in self._channels for one in channel.sense(window))
        return Observation(window.end_s, sensed, window.notes)

    def _tell(self, window: Window, observation: Observation) -> list[Payload]:
        self.windows += 1
        age_s = self._age_s(window)
        changed = self._decide(observation)
        if self.verdict.state is State.VERIFIED:
            self._crowd.forget()
        bar = self._telling.bar(self.verdict.odds)
        if self._examiner is not None:
            self._examiner.voice = 0 if bar is None else bar.voice
        presence = self._decision.presence
        scored = _score_payload(window, observation, self.verdict, bar, presence, age_s)
        return [scored, *changed]

    def _read(
        self, window: Window, observation: Observation, *, busy: bool, spared: bool
    ) -> Observation:
        """Have a window scored by all channels, by its face alone where it is spared."""
        names = frozenset(one.channel for one in observation.readings)
        wanted = names & {"face"} if spared else names
        read = [channel.read(window, wanted=wanted, busy=busy) for channel in self._channels]
        return replace(
            observation,
            readings=tuple(one for readings in read for one in readings.each),
            llr_fused=next((one.llr_fused for one in read if one.llr_fused is not None), None),
            spared=spared,
        )

    def _age_s(self, window: Window) -> float | None:
        if self._now is None or window.arrived_s is None:
            return None
        return self._now() - window.arrived_s

    def _completed_s(self, window: Window, item: MediaItem) -> float | None:
        """When there was all of what a window was made of; None where that never was live.

        A window ends with what comes after it: where that came late, as after a device's sleep,
        the window is old and nobody here is to blame. Where it was waited for since sound before it
        was dropped, or pictures were spared, the worker is.
        """
        if self._now is None or window.arrived_s is None:
            return None
        if isinstance(item, MediaGap):
            waited_s = self._now() - window.arrived_s
            ours_s = waited_s if item.reason == OVERRUN else 0.0
        else:
            waited_s = max(0.0, (item.arrived_s or 0.0) - window.arrived_s)
            ours_s = min(waited_s, max(0.0, item.end_s - window.end_s))
        return window.arrived_s + waited_s - max(0.0, ours_s - _MOST_AFTER_S)

    def _waited_s(self) -> float:
        """For how long the worker has left what waits."""
        if self._now is None or self._since_s is None:
            return 0.0
        return self._now() - self._since_s

    def _decide(self, observation: Observation) -> list[Payload]:
        # Media that stood still and goes on has windows from before the idle verdict: time must
        # not run backwards for whoever reads the verdicts.
        self._decided_s = max(self._decided_s, observation.end_s)
        observation = replace(observation, end_s=self._decided_s)
        before = self._telling.told
        after = self._telling.tell(self._decision.update(observation))
        if (after.state, after.reasons) == (before.state, before.reasons):
            return []
        return [
            StateChanged(
                media_s=observation.end_s,
                state=after.state,
                previous=before.state,
                reasons=list(after.reasons),
                llr=after.llr,
                posterior=None if after.posterior is None else after.posterior.both,
            )
        ]


def _score_payload(
    window: Window,
    observation: Observation,
    verdict: Verdict,
    bar: Bar | None,
    presence: Side | None,
    age_s: float | None,
) -> Score:
    # A channel that the schema does not name is for the decision alone.
    told: Any = {
        one.channel: one.score for one in observation.readings if one.channel in Score.model_fields
    }
    return Score(
        media_s=window.end_s,
        start_s=window.start_s,
        end_s=window.end_s,
        scored=[side for side in _SIDES if observation.reading(side).llr is not None],
        **told,
        fused=_fused(observation),
        speech_s=window.speech_s,
        faces=list(window.boxes),
        notes=list(observation.notes),
        spared=observation.spared,
        evidence=_evidence(verdict.odds),
        posterior=_evidence(verdict.posterior),
        bar=bar,
        presence=presence,
        age_s=age_s,
    )


def _fused(observation: Observation) -> FusedScore | None:
    llr = observation.llr_fused
    if llr is None:
        return None
    return FusedScore(
        llr=llr, of=[side for side in _SIDES if observation.reading(side).llr is not None]
    )


def _evidence(odds: Odds | None) -> Evidence | None:
    return None if odds is None else Evidence(face=odds.face, voice=odds.voice, both=odds.both)
