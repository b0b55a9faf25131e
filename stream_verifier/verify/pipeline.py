"""One call's whole path from media to event payloads; synchronous, time passed in.

The same objects run a live call, a file and a benchmark. Nothing here knows of sockets or of
asyncio; the only clock is the one passed in to measure the age of a score.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, Literal, Protocol, TypeAlias

from model.types import FaceSample, Reference, VoiceSample
from stream_verifier.events.schema import (
    Bar,
    EnrolmentProgress,
    Evidence,
    FusedScore,
    Gap,
    MediaStarted,
    Payload,
    Score,
    State,
    StateChanged,
)
from stream_verifier.identities.enrolment import Enrolment
from stream_verifier.media.types import AudioChunk, MediaGap, MediaItem, VideoFrame
from stream_verifier.verify.belief import Odds
from stream_verifier.verify.channels.channel import EvidenceChannel
from stream_verifier.verify.channels.identity import Embedder
from stream_verifier.verify.decision import Decision, Verdict
from stream_verifier.verify.observation import Observation
from stream_verifier.verify.pace import Pace
from stream_verifier.verify.strangers import Crowd
from stream_verifier.verify.telling import Telling
from stream_verifier.windows.types import Window

_BEHIND_S = 1.0
"""Media that is late by less is the network's jitter."""
_TICK_S = 0.5
_SIDES: tuple[Literal["face"], Literal["voice"]] = ("face", "voice")


class Windows(Protocol):
    """Cuts a call's media into windows, as `WindowAssembler` does."""

    def feed(self, item: MediaItem) -> Iterable[Window]:
        """The windows that this item completes."""
        ...

    def flush(self) -> Iterable[Window]:
        """What is left at the end."""
        ...


class MediaProgress:
    """Where the call's media time stands, and what to tell of the media itself."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self._started: set[str] = set()

    def advance(self, item: MediaItem) -> list[Payload]:
        """Move on to the end of an item; media time never runs backwards."""
        match item:
            case AudioChunk():
                self.now_s = max(self.now_s, item.end_s)
                return self._start("audio", item.start_s)
            case VideoFrame():
                self.now_s = max(self.now_s, item.time_s)
                return self._start("video", item.time_s)
            case MediaGap():
                self.now_s = max(self.now_s, item.end_s)
                return [_gap(item)]

    def _start(self, kind: Literal["audio", "video"], media_s: float) -> list[Payload]:
        if kind in self._started:
            return []
        self._started.add(kind)
        return [MediaStarted(media_s=media_s, kind=kind)]


def _gap(item: MediaGap) -> Gap:
    return Gap(
        media_s=item.end_s,
        kind="audio" if item.kind == "audio" else "video",
        start_s=item.start_s,
        end_s=item.end_s,
        reason=item.reason,
    )


class VerifyPipeline:
    """Has every window read by the evidence channels and keeps the verdict.

    Args:
        windows: cuts media.
        channels: read windows for evidence; the first one's fused LLR is told with each score.
        decision: adds evidence up over time.
        now: monotonic clock of the media's arrivals, which holds media time to what is plausible
            and tells the age of a score; None from a file, which has no time but its own.
        max_age_s: an older score says that the server is overloaded.
        busy_age_s: where media waits for longer, the worker is behind, and the voice of a calm
            call gives way to calls that are unsure.
        crowd: whom the channels meet.
    """

    def __init__(
        self,
        *,
        windows: Windows,
        channels: Sequence[EvidenceChannel],
        decision: Decision,
        now: Callable[[], float] | None = None,
        max_age_s: float = 3.0,
        busy_age_s: float = 0.75,
        crowd: Crowd | None = None,
    ) -> None:
        self.windows = self.spared = 0
        self._windows = windows
        self._channels = tuple(channels)
        self._decision = decision
        self._now = now
        self._pace = None if now is None else Pace()
        self._ticked_s = -math.inf
        self._max_age_s = max_age_s
        self._busy_age_s = busy_age_s
        self._decided_s = 0.0
        self._crowd = crowd or Crowd()
        self._telling = Telling()
        self._media = MediaProgress()

    @property
    def verdict(self) -> Verdict:
        """The newest verdict, whatever is told of it."""
        return self._decision.verdict

    @property
    def patience_s(self) -> float:
        """How long the next score may wait."""
        return self._decision.patience_s

    @property
    def too_many_people(self) -> bool:
        """Whether more different people were met than may be."""
        return self._crowd.too_many

    def guard(self, guarded: bool) -> None:
        """Say from any thread whether too many others were tried in that name (`Telling`)."""
        self._telling.guarded = guarded

    def feed(self, item: MediaItem) -> list[Payload]:
        """Take one media item in; return gaps, scores and state changes."""
        paced = [item] if self._pace is None else self._pace.take(item)
        return [payload for one in paced for payload in self._feed(one)]

    def _feed(self, item: MediaItem) -> list[Payload]:
        payloads = self._media.advance(item)
        for channel in self._channels:
            channel.take(item)
        for window in self._windows.feed(item):
            payloads += self._score(window)
        return payloads

    def forget(self) -> None:
        """Let go of the reference, from any thread: nothing is compared with it any more."""
        for channel in self._channels:
            channel.forget()

    def tick(self, now_s: float) -> list[Payload]:
        """Let the verdict fade while no media comes that lies in the present.

        Args:
            now_s: monotonic; all media that has come by then was fed.
        """
        behind_s = 0.0 if self._pace is None else self._pace.behind_s(now_s)
        if behind_s < _BEHIND_S or now_s - self._ticked_s < _TICK_S:
            return []
        self._ticked_s = now_s
        return self._decide(Observation(self._media.now_s + behind_s))

    def finish(self) -> list[Payload]:
        """Score what is left at the end of the media."""
        return [payload for window in self._windows.flush() for payload in self._score(window)]

    def _score(self, window: Window) -> list[Payload]:
        self.windows += 1
        age_s = self._age_s(window)
        overloaded = age_s is not None and age_s > self._max_age_s
        notes = (*window.notes, "overloaded") if overloaded else window.notes
        sensed = tuple(one for channel in self._channels for one in channel.sense(window))
        observation = Observation(window.end_s, sensed, notes)
        busy = age_s is not None and age_s > self._busy_age_s
        spared = busy and window.speech is not None and not self._decision.wants(observation)
        self.spared += spared
        observation = self._read(window, observation, spared=spared)
        changed = self._decide(observation)
        if self.verdict.state is State.VERIFIED:
            self._crowd.forget()
        evidence, bar = _evidence(self.verdict.odds), self._telling.bar(self.verdict.odds)
        return [_score_payload(window, observation, evidence, bar, age_s), *changed]

    def _read(self, window: Window, observation: Observation, *, spared: bool) -> Observation:
        """Have a window scored by all channels, the voice only if it is not spared."""
        names = frozenset(one.channel for one in observation.readings)
        wanted = names - {"voice"} if spared else names
        read = [channel.read(window, wanted=wanted) for channel in self._channels]
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
            )
        ]


def _score_payload(
    window: Window,
    observation: Observation,
    evidence: Evidence | None,
    bar: Bar | None,
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
        evidence=evidence,
        bar=bar,
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


Check: TypeAlias = Callable[[Reference, Sequence[FaceSample], Sequence[VoiceSample]], None]


class EnrolPipeline:
    """Collects samples of one person until there is enough for a reference.

    Args:
        windows: cuts media.
        embedder: makes samples of windows.
        enrolment: decides what is enough and what is missing.
        model_id: the embedding space that the reference is made in.
        check: raises an `EnrolmentError` where a new reference does not fit its own samples.
    """

    patience_s = 0.0
    """Somebody looks at the progress bar all the time."""

    def __init__(
        self,
        *,
        windows: Windows,
        embedder: Embedder,
        enrolment: Enrolment,
        model_id: str,
        check: Check = lambda *_: None,
    ) -> None:
        self.windows = 0
        self._windows = windows
        self._embedder = embedder
        self._enrolment = enrolment
        self._model_id = model_id
        self._check = check
        self._media = MediaProgress()

    def feed(self, item: MediaItem) -> list[Payload]:
        """Take one media item in; return gaps and progress."""
        payloads = self._media.advance(item)
        return payloads + [self._collect(window) for window in self._windows.feed(item)]

    def tick(self, now_s: float) -> list[Payload]:  # noqa: ARG002
        """Nothing fades while an enrolment waits for media."""
        return []

    def finish(self) -> list[Payload]:
        """Use up what is left at the end of the media."""
        return [self._collect(window) for window in self._windows.flush()]

    def reference(self) -> Reference:
        """Make the reference.

        Raises:
            EnrolmentError: something is still missing, or it would not know the person on its own
                samples; the message says what.
        """
        reference = self._enrolment.reference(self._model_id)
        self._check(reference, self._enrolment.faces, self._enrolment.voices)
        return reference

    def _collect(self, window: Window) -> EnrolmentProgress:
        self.windows += 1
        # A small face far behind is no second person before the camera; the windows say which is.
        second_face = "multiple_faces" in window.notes
        # Half a face compares well with the same half, and with nothing else.
        cut = window.face is not None and window.face.cut
        self._enrolment.add(
            face=None if cut else self._embedder.embed_face(window),
            voice=self._embedder.embed_voice(window),
            start_s=window.start_s if window.speech is None else window.speech.start_s,
            end_s=window.end_s,
            faces_seen=window.faces_seen if second_face else min(window.faces_seen, 1),
            notes=(*window.notes, "face_cut") if cut else window.notes,
        )
        progress = self._enrolment.progress()
        return EnrolmentProgress(
            media_s=window.end_s,
            speech_s=progress.speech_s,
            speech_needed_s=progress.speech_needed_s,
            faces=progress.faces,
            faces_needed=progress.faces_needed,
            missing=list(progress.missing),
            boxes=list(window.boxes),
            complete=progress.complete,
        )
