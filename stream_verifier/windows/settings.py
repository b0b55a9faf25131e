"""How media is cut into windows, and what hears and looks as that has it."""

from __future__ import annotations

from dataclasses import dataclass

from model.runtime.vad import VoiceActivityDetector
from stream_verifier.errors import SettingsError
from stream_verifier.windows.faces import FaceDetector
from stream_verifier.windows.looks import FaceWatcher
from stream_verifier.windows.speech import SpeechWindower


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowSettings:
    """How media is cut into windows.

    Attributes:
        window_s: most speech in a window.
        first_s: speech in the first window after the start, a pause or a gap.
        hop_s: new speech between two windows, and media time after which a window ends without.
        max_age_s: older speech enters no window.
        pause_s: a longer pause forgets the speech before it.
        speech_wait_s: how much longer than hop_s a window stays open for speech under way.
        slack_s: how far sound and picture wait for each other.
        frame_every_s: on a grid frames come no denser than this, so sound this far past the newest
            frame needs no waiting.
        look_reach_s: what was seen is taken to be there still for so long; two looks, which come
            at random in a live call, are no further apart.
        track_break_s: a face away for longer, or a video gap, ends its track.
        second_face: width of a face beside the main one, relative to it, that is worth a note.
        small_face: likewise, where it is seen in two looks.
        whole_look_every: of so many looks one at least searches all of the frame for faces, where
            the others may search near the one that is followed; 1: each does.
        noisy_below_db: lower signal-to-noise ratios of speech are worth a note.
        min_gap_s: shorter media gaps are no note: nobody changes seats within one.
        max_skip_s: where both media stood still for longer, the time between has no windows.
        vad_mode: webrtcvad's aggressiveness, 0 to 3.
        min_level_dbfs: nothing below this level is speech.
        min_over_floor_db: how far speech must be above the noise floor.
    """

    window_s: float = 3.0
    first_s: float = 1.5
    hop_s: float = 1.0
    max_age_s: float = 8.0
    pause_s: float = 3.0
    speech_wait_s: float = 0.5
    slack_s: float = 0.4
    frame_every_s: float = 0.4
    look_reach_s: float = 1.1
    track_break_s: float = 1.1
    second_face: float = 0.5
    small_face: float = 0.25
    whole_look_every: int = 1
    noisy_below_db: float = 8.0
    min_gap_s: float = 1.0
    max_skip_s: float = 10.0
    vad_mode: int = 2
    min_level_dbfs: float = -50.0
    min_over_floor_db: float = 6.0


def speech_windower(settings: WindowSettings) -> SpeechWindower:
    """Make what cuts a call's speech, as the settings have it."""
    return SpeechWindower(
        window_s=settings.window_s,
        first_s=settings.first_s,
        hop_s=settings.hop_s,
        max_age_s=settings.max_age_s,
        pause_s=settings.pause_s,
        detector=VoiceActivityDetector(
            mode=settings.vad_mode,
            min_level_dbfs=settings.min_level_dbfs,
            min_over_floor_db=settings.min_over_floor_db,
        ),
    )


def face_watcher(detector: FaceDetector | None, settings: WindowSettings) -> FaceWatcher:
    """Make what looks at a call's pictures, as the settings have it.

    Raises:
        SettingsError: there is no detector.
    """
    if detector is None:
        raise SettingsError("windows need a face detector, or eyes that do without")
    return FaceWatcher(
        detector,
        break_s=settings.track_break_s,
        second_face=settings.second_face,
        small_face=settings.small_face,
        whole_every=settings.whole_look_every,
    )
