"""What the windows room hands on: plain values, no behaviour."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.types import FaceQuality, VoiceQuality


@dataclass(frozen=True, slots=True)
class FaceCrop:
    """One aligned face, ready for the face tower.

    Attributes:
        pixels: uint8, shape (112, 112, 3), RGB.
        time_s: media time of its frame.
        box: x, y, width, height as fractions (0 to 1) of the frame.
        quality: measured on the frame and the crop.
        track_id: the same number as long as the face was followed without a break.
        cut: whether the frame's edge cuts through the face.
    """

    pixels: NDArray[np.uint8]
    time_s: float
    box: tuple[float, float, float, float]
    quality: FaceQuality
    track_id: int
    cut: bool = False


@dataclass(frozen=True, slots=True)
class SpeechWindow:
    """Speech to embed at once, pauses cut out.

    Attributes:
        fbank: float32, shape (frames, 80): Kaldi log-mel, 10 ms hop, mean over time subtracted.
        start_s: media time of the first frame in it.
        end_s: media time just past the last.
        quality: seconds of speech, SNR and level.
        pooled: gathered from pieces too short to be a window each, with holes between them.
        narrow: whether there is nothing above the telephone's band.
    """

    fbank: NDArray[np.float32]
    start_s: float
    end_s: float
    quality: VoiceQuality
    pooled: bool = False
    narrow: bool = False


@dataclass(frozen=True, slots=True)
class Window:
    """What is scored at once: the best face and the newest speech of a stretch of the call.

    Attributes:
        start_s, end_s: media time span.
        face: best face of the span by quality, or the last one before a span too short to hold
            a picture; None where none was good enough.
        speech: None where too little speech was heard.
        faces_seen: most faces found in any one frame of the span, or in the last one before a span
            that is too short to hold one.
        boxes: all faces of the newest frame, as fractions of the frame.
        video_frames: frames looked at in the span; 0 means no video came.
        speech_s: seconds of speech heard inside the span.
        notes: machine-readable reasons that the front end knows of, such as "no_face",
            "no_speech", "soft_voice", "poor_face_quality", "noisy_audio", "multiple_faces",
            "media_gap", "media_refused".
        arrived_s: wall (monotonic) arrival of the newest media in it, None from a file.
        rivals: the best faces of others that were followed in the span as well, the newest first,
            two at most: one of them took the place of another.
        unheard_s: seconds of sound up to its end that came and were dropped, since the worker was
            behind, or that were sent and did not come in time; who knows what was said in them.
        followed_s: seconds up to its end for which the followed face is that of ``face``, and was
            good enough to be scored in every look.
        passed_over_s: seconds of sound up to its end that came and was passed over, where others
            may have heard it.
        unseen_s: seconds up to its end in which pictures were sent that are not decoded; who knows
            whom they showed.
        asides: what speech there is in other ways of playing the sound that say something else: one
            of its channels, or all of them as one.
        strange_share: of the looks at a face, those at one that is followed but never good enough
            to be scored in the span, 0 to 1.
    """

    start_s: float
    end_s: float
    face: FaceCrop | None
    speech: SpeechWindow | None
    faces_seen: int
    boxes: tuple[tuple[float, float, float, float], ...]
    video_frames: int
    speech_s: float
    notes: tuple[str, ...]
    arrived_s: float | None
    rivals: tuple[FaceCrop, ...] = ()
    followed_s: float = 0.0
    strange_share: float = 0.0
    unheard_s: float = 0.0
    passed_over_s: float = 0.0
    unseen_s: float = 0.0
    asides: tuple[SpeechWindow, ...] = ()
