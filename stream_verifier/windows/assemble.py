"""Bring the newest speech and the best face of a stretch of the call together."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import partial

from stream_verifier.media.types import (
    OVERRUN,
    REFUSED,
    AudioChunk,
    MediaGap,
    MediaItem,
    VideoFrame,
)
from stream_verifier.windows.asides import Asides
from stream_verifier.windows.faces import FaceDetector
from stream_verifier.windows.looks import Look
from stream_verifier.windows.quality import rank
from stream_verifier.windows.senses import Ears, Eyes
from stream_verifier.windows.settings import WindowSettings, face_watcher, speech_windower
from stream_verifier.windows.types import FaceCrop, SpeechWindow, Window

_MOST_RIVALS = 2
_LEAST_SOFT_S = 0.3
_AT_ONCE = REFUSED | {"reconnected"}
"""Reasons of gaps that cost trust however short they are."""


class WindowAssembler:
    """Makes windows from the media of one call, whatever the order they come in.

    A window ends where speech completes one, else ``hop_s`` after the last one. It is given out
    once both media have got past its end, or one is ``slack_s`` ahead: a muted microphone or a
    camera that is off holds nothing up, and small changes in the interleaving change nothing.
    Media that come later than that are not lost, but count in the window that is open by then.
    """

    def __init__(
        self,
        detector: FaceDetector | None,
        settings: WindowSettings | None = None,
        *,
        ears: Ears | None = None,
        eyes: Eyes | None = None,
    ) -> None:
        """Start before the first media.

        Args:
            detector: finds faces; used from the thread that feeds. None where ``eyes`` are given.
            settings: defaults where None.
            ears: cut speech into windows; those of the settings where None.
            eyes: look at frames; those of the settings with the detector where None.

        Raises:
            SettingsError: there is neither a detector nor eyes.
        """
        self._settings = settings or WindowSettings()
        self._speech: Ears = ears or speech_windower(self._settings)
        self._asides = Asides(partial(speech_windower, self._settings))
        self._watcher: Eyes = eyes or face_watcher(detector, self._settings)
        self._looks: list[Look] = []
        self._last_face: FaceCrop | None = None
        self._last_look: Look | None = None
        self._followed: tuple[int, float] | None = None
        self._spoken: list[SpeechWindow] = []
        self._gaps: list[MediaGap] = []
        self._arrivals: list[tuple[float, float, float]] = []
        self._lost, self._unseen, self._passed_over = _Missed(), _Missed(), _Missed()
        self._start_s = math.inf
        self._started = False
        self._audio_s = self._audio_end_s = self._video_s = -math.inf

    def feed(self, item: MediaItem) -> list[Window]:
        """Take one media item.

        Args:
            item: sound and pictures each in order; the two may be interleaved loosely.

        Returns:
            The windows that are complete by now, in order.
        """
        match item:
            case AudioChunk():
                self._hear(item)
            case VideoFrame():
                if not item.burst:
                    self._see(item)
            case MediaGap():
                self._miss(item)
        return list(self._complete(self._known_until_s()))

    def flush(self) -> list[Window]:
        """Give what is left at the end of the media."""
        rest = self._speech.flush()
        self._spoken += [rest] if rest else []
        end_s = max(self._audio_end_s, self._video_s)
        windows = list(self._complete(end_s))
        if self._holds_something(end_s):
            windows.append(self._close(end_s))
        return windows

    def _holds_something(self, end_s: float) -> bool:
        heard_s = self._speech.speech_between(self._start_s, end_s)
        return bool(self._looks or self._spoken) or heard_s > 0

    def _hear(self, chunk: AudioChunk) -> None:
        self._begin(chunk.start_s, chunk.end_s, chunk.arrived_s)
        self._lost.note(chunk.start_s, chunk.lost_s)
        self._passed_over.note(chunk.start_s, chunk.passed_over_s)
        self._spoken += self._speech.push(chunk)
        self._asides.push(chunk)
        self._audio_end_s = max(self._audio_end_s, chunk.end_s)
        if self._speech.settled_s is not None:
            self._audio_s = max(self._audio_s, self._speech.settled_s)

    def _see(self, frame: VideoFrame) -> None:
        self._begin(frame.time_s, frame.time_s, frame.arrived_s)
        self._unseen.note(frame.time_s, frame.lost_s)
        self._looks.append(self._watcher.look(frame))
        self._video_s = max(self._video_s, frame.time_s)

    def _miss(self, gap: MediaGap) -> None:
        self._gaps.append(gap)
        if gap.kind == "audio":
            # What came and was not heard parts nobody's speech from his own.
            for heard in (self._speech, self._asides):
                heard.skip() if gap.reason == OVERRUN else heard.reset()
            self._audio_s = max(self._audio_s, gap.end_s)
        else:
            self._watcher.reset()
            self._last_face = self._last_look = None
            self._video_s = max(self._video_s, gap.end_s)

    def _begin(self, start_s: float, end_s: float, arrived_s: float | None) -> None:
        if not self._started:
            self._start_s = min(self._start_s, start_s)
        if arrived_s is not None:
            self._arrivals.append((start_s, end_s, arrived_s))

    def _known_until_s(self) -> float:
        """Media time up to which nothing more is waited for."""
        both_s = min(self._audio_s, self._video_s + self._settings.frame_every_s)
        return max(both_s, max(self._audio_s, self._video_s) - self._settings.slack_s)

    def _complete(self, until_s: float) -> Iterator[Window]:
        self._skip_standstill(until_s)
        while (end_s := self._next_end_s(until_s)) is not None:
            yield self._close(end_s)
            self._skip_standstill(until_s)

    def _skip_standstill(self, until_s: float) -> None:
        times = [look.time_s for look in self._looks] + [heard.end_s for heard in self._spoken]
        next_s = min([until_s, *times])
        if next_s - self._start_s > self._settings.max_skip_s:
            self._start_s = next_s - self._settings.hop_s

    def _next_end_s(self, until_s: float) -> float | None:
        """Where the open window ends, None where that is not known yet."""
        start_s = self._start_s
        hop_end_s = self._past_overrun_s(start_s + self._settings.hop_s)
        latest_s = hop_end_s
        wait_s = self._settings.speech_wait_s
        if until_s >= hop_end_s and self._speech.speech_between(hop_end_s - wait_s, hop_end_s) > 0:
            latest_s += wait_s
        spoken_s = self._spoken[0].end_s if self._spoken else math.inf
        if spoken_s <= start_s:
            spoken_s = min(until_s, hop_end_s)  # late: it belongs to no window that is given out
        if start_s < spoken_s <= min(until_s, latest_s):
            return spoken_s
        return hop_end_s if until_s >= latest_s else None

    def _past_overrun_s(self, end_s: float) -> float:
        """A window's end, moved behind dropped sound: within or right before, it would be old."""
        before_s = self._settings.speech_wait_s + self._settings.slack_s
        for gap in self._gaps:
            if gap.reason == OVERRUN and gap.start_s - before_s < end_s <= gap.end_s:
                end_s = gap.end_s
        return end_s

    def _close(self, end_s: float) -> Window:
        start_s, self._start_s, self._started = self._start_s, end_s, True
        gaps = self._gaps_before(end_s)
        looks = [look for look in self._looks if look.time_s <= end_s]
        self._looks = [look for look in self._looks if look.time_s > end_s]
        spoken = [heard for heard in self._spoken if heard.end_s <= end_s]
        self._spoken = [heard for heard in self._spoken if heard.end_s > end_s]
        speech = spoken[-1] if spoken else None
        overrun_s = _overrun_s(gaps)
        reached = self._within_reach(end_s, more_s=overrun_s)
        self._last_look = max([*looks, *reached], key=_when, default=None)
        face, known = self._best_face(looks), looks or reached
        self._follow(looks)
        speech_s = self._speech.speech_between(start_s, end_s)
        notes = [
            *self._face_notes(looks, face),
            *self._speech_notes(speech, speech_s, self._speech.soft_between(start_s, end_s)),
            *self._gap_notes(gaps),
        ]
        return Window(
            start_s=start_s,
            end_s=end_s,
            face=face,
            speech=speech,
            faces_seen=max((len(look.boxes) for look in known), default=0),
            boxes=known[-1].boxes if known else (),
            video_frames=len(looks),
            speech_s=speech_s,
            notes=tuple(notes),
            arrived_s=self._newest_arrival_s(end_s),
            rivals=_rivals(looks, face),
            followed_s=self._followed_s(face, end_s),
            strange_share=_strange_share(looks),
            unheard_s=overrun_s + self._lost.take_until(end_s),
            passed_over_s=self._passed_over.take_until(end_s),
            unseen_s=self._unseen.take_until(end_s),
            asides=self._asides.until(end_s),
        )

    def _within_reach(self, end_s: float, *, more_s: float = 0.0) -> list[Look]:
        """The last look before a window that is too short to hold one.

        Args:
            end_s: of the window.
            more_s: for how long the worker was behind, and looked at nothing.
        """
        last, reach_s = self._last_look, self._settings.look_reach_s + more_s
        return [last] if last and end_s - last.time_s <= reach_s else []

    def _best_face(self, looks: Sequence[Look]) -> FaceCrop | None:
        """The best face of a window; one too short to hold a picture has the last one's."""
        if looks or self._last_look is None:
            self._last_face = _best(looks)
        return self._last_face

    def _follow(self, looks: Sequence[Look]) -> None:
        """Note whose face it is that all looks, one after the other, could have scored."""
        for look in looks:
            if look.face is None or not look.usable:
                self._followed = None
            elif self._followed is None or self._followed[0] != look.face.track_id:
                self._followed = look.face.track_id, look.time_s

    def _followed_s(self, face: FaceCrop | None, end_s: float) -> float:
        """For how long a face has been that one, up to a window's end."""
        if face is None or self._followed is None or self._followed[0] != face.track_id:
            return 0.0
        return max(0.0, end_s - self._followed[1])

    def _face_notes(self, looks: Sequence[Look], face: FaceCrop | None) -> Iterator[str]:
        seen = [look for look in looks if look.face is not None]
        if any(look.crowded for look in looks):
            yield "multiple_faces"
        if seen and face is None:
            yield from ("poor_face_quality", *seen[-1].reasons)
        elif not seen and (looks or self._last_look is None):
            yield "no_face"

    def _speech_notes(
        self, speech: SpeechWindow | None, speech_s: float, soft_s: float
    ) -> Iterator[str]:
        if speech is None and speech_s <= 0:
            yield "no_speech"
        if soft_s >= _LEAST_SOFT_S and soft_s > speech_s:
            yield "soft_voice"
        if speech is not None and speech.quality.snr_db < self._settings.noisy_below_db:
            yield "noisy_audio"
        if speech is not None and speech.pooled:
            yield "pooled_speech"

    def _gaps_before(self, end_s: float) -> list[MediaGap]:
        """Each gap once: whoever trusts the past must start anew, but only once."""
        over = [gap for gap in self._gaps if gap.start_s < end_s]
        self._gaps = [gap for gap in self._gaps if gap.start_s >= end_s]
        return over

    def _gap_notes(self, over: Sequence[MediaGap]) -> Iterator[str]:
        least_s = self._settings.min_gap_s
        # However short: what comes over another connection may be somebody else's, and so may what
        # others see or hear and was refused here. What came and the worker had no time for is
        # another thing: it is owed, and costs no trust at once.
        missed = [gap for gap in over if gap.reason != OVERRUN]
        if any(g.end_s - g.start_s >= least_s or g.reason in _AT_ONCE for g in missed):
            yield "media_gap"
        if any(gap.reason in REFUSED for gap in missed):
            yield "media_refused"
        if len(missed) < len(over):
            yield "overloaded"
        if any(gap.reason == "implausible" for gap in over):
            yield "media_time_implausible"

    def _newest_arrival_s(self, end_s: float) -> float | None:
        # Of what goes on beyond the window, its part arrived so much sooner.
        arrived = [
            arrived_s - max(0.0, until_s - end_s)
            for start_s, until_s, arrived_s in self._arrivals
            if start_s <= end_s
        ]
        self._arrivals = [arrival for arrival in self._arrivals if arrival[1] > end_s]
        return max(arrived, default=None)


class _Missed:
    """Seconds that others may have seen or heard and nobody here did, each told once."""

    def __init__(self) -> None:
        self._holes: list[tuple[float, float]] = []

    def note(self, at_s: float, seconds: float) -> None:
        """Add some, if any."""
        if seconds:
            self._holes.append((at_s, seconds))

    def take_until(self, end_s: float) -> float:
        """All before a window's end."""
        over = sum(seconds for at_s, seconds in self._holes if at_s < end_s)
        self._holes = [hole for hole in self._holes if hole[0] >= end_s]
        return over


def _when(look: Look) -> float:
    return look.time_s


def _best(looks: Sequence[Look]) -> FaceCrop | None:
    """The best face that may be scored, of the person followed last where there is one."""
    newest = next((look.face.track_id for look in reversed(looks) if look.face), None)
    faces = _usable(looks)
    return max(faces, key=lambda face: (face.track_id == newest, rank(face.quality)), default=None)


def _overrun_s(gaps: Sequence[MediaGap]) -> float:
    """Seconds of sound that the worker had no time for."""
    return sum(gap.end_s - gap.start_s for gap in gaps if gap.reason == OVERRUN)


def _rivals(looks: Sequence[Look], face: FaceCrop | None) -> tuple[FaceCrop, ...]:
    """The best face of each of the others that were followed, the newest first."""
    if face is None:
        return ()
    tracks: dict[int, FaceCrop] = {}
    for other in sorted(_usable(looks), key=lambda one: rank(one.quality)):
        tracks[other.track_id] = other
    tracks.pop(face.track_id, None)
    return tuple(sorted(tracks.values(), key=lambda one: -one.time_s)[:_MOST_RIVALS])


def _strange_share(looks: Sequence[Look]) -> float:
    """How many looks were at a face of which none could be scored; 0 where none could at all."""
    followed = [look.face.track_id for look in looks if look.face is not None]
    known = {face.track_id for face in _usable(looks)}
    return sum(track not in known for track in followed) / len(followed) if known else 0.0


def _usable(looks: Sequence[Look]) -> list[FaceCrop]:
    return [look.face for look in looks if look.face is not None and look.usable]
