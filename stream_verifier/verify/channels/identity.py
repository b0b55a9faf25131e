"""Face and voice against the enrolled reference, compared together by one network."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Protocol

from model.runtime.telephone import compares_by_telephone
from model.types import Comparator, Comparison, FaceSample, Reference, VoiceSample
from stream_verifier.media.types import MediaItem
from stream_verifier.verify.channels.channel import Reading, Readings
from stream_verifier.verify.strangers import Crowd
from stream_verifier.windows.types import FaceCrop, Window

FACE, VOICE = "face", "voice"
_PICTURE_REACH_S = 1.0
"""What was before the camera half a second ago is taken to be there still."""
_FOLLOWED_S = 3.0
"""A face that was followed without a break speaks for so long, as does a window of speech."""
_UNSCORED = Comparison(None, None, None, None, None)


class Embedder(Protocol):
    """Embeds what is in a window, as `embedding.Towers` does."""

    def embed_face(self, window: Window) -> FaceSample | None:
        """The window's best face; None without one."""
        ...

    def embed_crop(self, crop: FaceCrop) -> FaceSample:
        """One face."""
        ...

    def embed_voice(self, window: Window) -> VoiceSample | None:
        """The window's newest speech; None without any."""
        ...

    def embed_telephone(self, window: Window) -> VoiceSample | None:
        """The window's newest speech as a telephone would carry it; None without any."""
        ...


class IdentityChannel:
    """Says how likely face and voice are the enrolled person's; an `EvidenceChannel`.

    Args:
        reference: the enrolled person.
        embedder: makes samples of windows.
        comparator: turns samples into LLRs.
        crowd: whom the call meets.
    """

    names = (FACE, VOICE)

    def __init__(
        self,
        *,
        reference: Reference,
        embedder: Embedder,
        comparator: Comparator,
        crowd: Crowd | None = None,
    ) -> None:
        self._reference: Reference | None = reference
        self._embedder = embedder
        self._comparator = comparator
        self._crowd = crowd or Crowd()

    def take(self, item: MediaItem) -> None:
        """Nothing: all that is compared is in the windows."""

    def sense(self, window: Window) -> tuple[Reading, ...]:
        """Say what is there: a face, speech."""
        return identity_readings(window, _UNSCORED).each

    def forget(self) -> None:
        """Let go of the reference: from now on nothing is compared."""
        self._reference = None

    def read(self, window: Window, *, wanted: frozenset[str], busy: bool = False) -> Readings:  # noqa: ARG002
        """Embed and compare what is wanted."""
        face = self._embedder.embed_face(window) if FACE in wanted else None
        if (reference := self._reference) is None:
            return identity_readings(window, _UNSCORED)
        window, voice = self._heard(window, reference) if VOICE in wanted else (window, None)
        readings = identity_readings(window, self._comparator.compare(reference, face, voice))
        if voice is not None:
            self._crowd.voices.add(voice.vector, window.end_s)
        if face is not None:
            self._crowd.faces.add(face.vector, window.end_s)
        if face is None:
            return readings
        return least_favourable([readings, *self._of_rivals(window, reference, voice)])

    def _heard(self, window: Window, reference: Reference) -> tuple[Window, VoiceSample | None]:
        """The window's speech, embedded; of all ways to play it the least favourable one.

        Whoever has one listener hear the right person and another one somebody else is judged by
        what the other one hears.
        """
        if not window.asides:
            return window, self._voice(window, reference)
        ways = (*((window.speech,) if window.speech else ()), *window.asides)
        samples = [self._voice(replace(window, speech=speech), reference) for speech in ways]
        llrs = [self._comparator.compare(reference, None, one).llr_voice for one in samples]
        worst = llrs.index(min((llr for llr in llrs if llr is not None), default=None))
        return replace(window, speech=window.speech or ways[worst]), samples[worst]

    def _voice(self, window: Window, reference: Reference) -> VoiceSample | None:
        """The window's speech, in the band in which it is compared."""
        speech = window.speech
        if speech is None:
            return self._embedder.embed_voice(window)
        if compares_by_telephone(reference, narrow=speech.narrow):
            return self._embedder.embed_telephone(window)
        return self._embedder.embed_voice(window)

    def _of_rivals(
        self, window: Window, reference: Reference, voice: VoiceSample | None
    ) -> Iterator[Readings]:
        """What the window says if another of the faces that took turns is the one that counts.

        Whoever shows two faces by turns is judged by the less favourable one.
        """
        for crop in window.rivals:
            face = self._embedder.embed_crop(crop)
            comparison = self._comparator.compare(reference, face, voice)
            self._crowd.faces.add(face.vector, window.end_s)
            yield identity_readings(replace(window, face=crop, followed_s=0.0), comparison)


def _seen_s(window: Window) -> float:
    """Seconds that a window's scored face speaks for: not those of another that never was."""
    followed_s = min(_FOLLOWED_S, window.followed_s)
    length_s = max(window.end_s - window.start_s, _PICTURE_REACH_S, followed_s)
    return length_s * (1 - window.strange_share)


def least_favourable(readings: Iterable[Readings]) -> Readings:
    """Of what a window says by each of the faces that took turns in it, the worst."""
    return min(readings, key=_face_llr)


def _face_llr(readings: Readings) -> float:
    llr = readings.each[0].llr
    return math.inf if llr is None else llr


def identity_readings(window: Window, comparison: Comparison) -> Readings:
    """What a window's comparison says of face and voice."""
    crop, length_s = window.face, window.end_s - window.start_s
    speech = window.speech or next(iter(window.asides), None)
    face = Reading(
        FACE,
        sensed=window.faces_seen > 0,
        llr=comparison.llr_face,
        span_s=None if crop is None else (crop.time_s, crop.time_s),
        there_s=length_s if window.faces_seen > 0 else 0.0,
        scored_s=_seen_s(window) if comparison.llr_face is not None else 0.0,
        lost_s=window.unseen_s,
        track=None if crop is None else crop.track_id,
    )
    voice = Reading(
        VOICE,
        sensed=window.speech_s > 0,
        llr=comparison.llr_voice,
        span_s=None if speech is None else (speech.start_s, speech.end_s),
        # What nobody heard counts as speech: it is no gain to be heard less.
        there_s=window.speech_s + window.unheard_s,
        scored_s=0.0 if speech is None or comparison.llr_voice is None else speech.quality.speech_s,
        lost_s=window.passed_over_s,
    )
    return Readings((face, voice), comparison.llr_fused)
