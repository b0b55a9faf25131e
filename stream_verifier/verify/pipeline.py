"""One call's whole path from media to event payloads; synchronous, time passed in.

The same objects run a live call, a file and a benchmark. Nothing here knows of sockets or of
asyncio; the only clock is the one passed in to measure the age of a score.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from model.runtime.face import FaceTower
from model.runtime.voice import VoiceTower
from model.types import Comparator, FaceSample, Reference, VoiceSample
from stream_verifier.events.schema import (
    EnrolmentProgress,
    Evidence,
    FusedScore,
    Gap,
    MediaStarted,
    ModalityScore,
    Payload,
    Score,
    StateChanged,
)
from stream_verifier.identities.enrolment import Enrolment
from stream_verifier.media.types import AudioChunk, MediaGap, MediaItem, VideoFrame
from stream_verifier.verify.belief import Odds
from stream_verifier.verify.decision import Decision, Verdict
from stream_verifier.verify.observation import UNSCORED, Observation
from stream_verifier.windows.assemble import WindowAssembler
from stream_verifier.windows.types import Window


@dataclass(frozen=True, slots=True)
class Towers:
    """The two embedders that all calls share; used from one thread at a time."""

    face: FaceTower
    voice: VoiceTower


class FrontEnd:
    """Cuts media into windows and embeds what is in them.

    Args:
        assembler: makes windows from media.
        towers: embed the windows' face and speech.
    """

    def __init__(self, *, assembler: WindowAssembler, towers: Towers) -> None:
        self._assembler = assembler
        self._towers = towers

    def feed(self, item: MediaItem) -> Iterator[Window]:
        """Yield the windows that this item completes."""
        yield from self._assembler.feed(item)

    def flush(self) -> Iterator[Window]:
        """Yield what is left at the end."""
        yield from self._assembler.flush()

    def embed(
        self, window: Window, *, voice: bool = True
    ) -> tuple[FaceSample | None, VoiceSample | None]:
        """Embed the window's face and, if wanted, its speech; None where there is none."""
        face_sample = voice_sample = None
        if window.face is not None:
            vector = self._towers.face.embed(window.face.pixels[None])[0]
            face_sample = FaceSample(vector, window.face.quality)
        if voice and window.speech is not None:
            voice_sample = VoiceSample(
                self._towers.voice.embed(window.speech.fbank), window.speech.quality
            )
        return face_sample, voice_sample


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
    """Compares every window with a reference and keeps the verdict.

    Args:
        front_end: cuts and embeds.
        reference: the enrolled person.
        comparator: turns samples into LLRs.
        decision: adds evidence up over time.
        now: monotonic clock for the age of a score; None from a file, where age has no meaning.
        max_age_s: an older score says that the server is overloaded.
        busy_age_s: where media waits for longer, the worker is behind, and the voice of a calm
            call gives way to calls that are unsure.
    """

    def __init__(
        self,
        *,
        front_end: FrontEnd,
        reference: Reference,
        comparator: Comparator,
        decision: Decision,
        now: Callable[[], float] | None = None,
        max_age_s: float = 3.0,
        busy_age_s: float = 0.75,
    ) -> None:
        self.windows = self.spared = 0
        self._front_end = front_end
        self._reference = reference
        self._comparator = comparator
        self._decision = decision
        self._now = now
        self._max_age_s = max_age_s
        self._busy_age_s = busy_age_s
        self._decided_s = 0.0
        self._media = MediaProgress()

    @property
    def verdict(self) -> Verdict:
        """The newest verdict."""
        return self._decision.verdict

    @property
    def patience_s(self) -> float:
        """How long the next score may wait."""
        return self._decision.patience_s

    def feed(self, item: MediaItem) -> list[Payload]:
        """Take one media item in; return gaps, scores and state changes."""
        payloads = self._media.advance(item)
        for window in self._front_end.feed(item):
            payloads += self._score(window)
        return payloads

    def idle(self, silence_s: float) -> list[Payload]:
        """Let the verdict fade while no media comes at all."""
        at_s = self._media.now_s + silence_s
        return self._decide(Observation(at_s, UNSCORED, face_seen=False, speech_heard=False))

    def finish(self) -> list[Payload]:
        """Score what is left at the end of the media."""
        return [payload for window in self._front_end.flush() for payload in self._score(window)]

    def _score(self, window: Window) -> list[Payload]:
        self.windows += 1
        age_s = self._age_s(window)
        overloaded = age_s is not None and age_s > self._max_age_s
        notes = (*window.notes, "overloaded") if overloaded else window.notes
        observation = Observation.of(window, UNSCORED, notes)
        busy = age_s is not None and age_s > self._busy_age_s
        spared = busy and window.speech is not None and not self._decision.wants(observation)
        self.spared += spared
        face, voice = self._front_end.embed(window, voice=not spared)
        comparison = self._comparator.compare(self._reference, face, voice)
        observation = replace(observation, comparison=comparison, spared=spared)
        changed = self._decide(observation)
        return [_score_payload(window, observation, self._decision.verdict.odds, age_s), *changed]

    def _age_s(self, window: Window) -> float | None:
        if self._now is None or window.arrived_s is None:
            return None
        return self._now() - window.arrived_s

    def _decide(self, observation: Observation) -> list[Payload]:
        # Media that stood still and goes on has windows from before the idle verdict: time must
        # not run backwards for whoever reads the verdicts.
        self._decided_s = max(self._decided_s, observation.end_s)
        observation = replace(observation, end_s=self._decided_s)
        before = self._decision.verdict
        after = self._decision.update(observation)
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
    window: Window, observation: Observation, odds: Odds | None, age_s: float | None
) -> Score:
    comparison = observation.comparison
    fused = comparison.llr_fused
    return Score(
        media_s=window.end_s,
        start_s=window.start_s,
        end_s=window.end_s,
        face=_modality(comparison.face_cosine, comparison.llr_face),
        voice=_modality(comparison.voice_cosine, comparison.llr_voice),
        fused=None if fused is None else FusedScore(llr=fused, of=list(comparison.modalities)),
        speech_s=window.speech_s,
        faces=list(window.boxes),
        notes=list(observation.notes),
        spared=observation.spared,
        evidence=_evidence(odds),
        age_s=age_s,
    )


def _evidence(odds: Odds | None) -> Evidence | None:
    return None if odds is None else Evidence(face=odds.face, voice=odds.voice, both=odds.both)


def _modality(cosine: float | None, llr: float | None) -> ModalityScore | None:
    return None if cosine is None or llr is None else ModalityScore(cosine=cosine, llr=llr)


class EnrolPipeline:
    """Collects samples of one person until there is enough for a reference.

    Args:
        front_end: cuts and embeds.
        enrolment: decides what is enough and what is missing.
        model_id: the embedding space that the reference is made in.
    """

    patience_s = 0.0
    """Somebody looks at the progress bar all the time."""

    def __init__(self, *, front_end: FrontEnd, enrolment: Enrolment, model_id: str) -> None:
        self.windows = 0
        self._front_end = front_end
        self._enrolment = enrolment
        self._model_id = model_id
        self._media = MediaProgress()

    def feed(self, item: MediaItem) -> list[Payload]:
        """Take one media item in; return gaps and progress."""
        payloads = self._media.advance(item)
        return payloads + [self._collect(window) for window in self._front_end.feed(item)]

    def idle(self, silence_s: float) -> list[Payload]:
        """Nothing fades while an enrolment waits for media."""
        return []

    def finish(self) -> list[Payload]:
        """Use up what is left at the end of the media."""
        return [self._collect(window) for window in self._front_end.flush()]

    def reference(self) -> Reference:
        """Make the reference.

        Raises:
            EnrolmentError: something is still missing; the message lists it.
        """
        return self._enrolment.reference(self._model_id)

    def _collect(self, window: Window) -> EnrolmentProgress:
        self.windows += 1
        face, voice = self._front_end.embed(window)
        # A small face far behind is no second person before the camera; the windows say which is.
        second_face = "multiple_faces" in window.notes
        self._enrolment.add(
            face=face,
            voice=voice,
            start_s=window.start_s if window.speech is None else window.speech.start_s,
            end_s=window.end_s,
            faces_seen=window.faces_seen if second_face else min(window.faces_seen, 1),
            notes=window.notes,
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
