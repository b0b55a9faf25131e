"""What an enrolment needs before a reference is made of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolmentRequirements:
    """What an enrolment needs; the defaults are for a live call.

    Attributes:
        speech_s: seconds of speech, none counted twice.
        faces: pictures.
        face_spacing_s: seconds of media time between two pictures that both count.
        varied: whether the pictures must differ, in any one of pose, distance, light or
            likeness. A still photo held up does not; this is no liveness check.
        yaw_range, pitch_range: spread of the pose that makes pictures varied, in its own units.
        size_ratio: largest over smallest face that does.
        brightness_range: spread of mean grey that does, 0 to 1.
        likeness_range: distance (1 - cosine) of a picture from the mean that does.
        face_cosine: from this cosine to their mean on, faces are one person's: 0.36 as SFace's
            authors have it for two pictures (OpenCV Zoo). Measured: docs/measurements/enrolment.md.
        voice_cosine: likewise for voice windows of one sitting. Higher than between two calls,
            as room and microphone are the same and windows overlap: at 0.36 the windows in which
            both speak would chain two voices together.
        voice_cosine_across: between the means of two files from which on they are one person's:
            moods, rooms and devices differ more from file to file than within a sitting.
        other_share: from this share of somebody else's faces or speech on, they are no strays
            but a second person, and the enrolment fails.
        face_px: least mean side of the face's box, pixels.
        brightness: least mean grey of the face, 0 to 1.
        most_brightness: most of it.
        contrast: least standard deviation of grey, 0 to 1.
        sharpness: least variance of the Laplacian of the face. Like size and light, more than a
            call asks for: what is enrolled is compared with for months.
        snr_db: least level of speech over the pauses, dB.
    """

    speech_s: float = 8.0
    faces: int = 5
    face_spacing_s: float = 0.5
    varied: bool = True
    yaw_range: float = 0.06
    pitch_range: float = 0.06
    size_ratio: float = 1.06
    brightness_range: float = 0.04
    likeness_range: float = 0.03
    face_cosine: float = 0.36
    voice_cosine: float = 0.72
    voice_cosine_across: float = 0.5
    other_share: float = 0.25
    face_px: float = 60.0
    brightness: float = 0.12
    most_brightness: float = 0.9
    contrast: float = 0.05
    sharpness: float = 15.0
    snr_db: float = 5.0

    @classmethod
    def from_files(cls) -> EnrolmentRequirements:
        """For pictures and recordings somebody chose, not all of one day."""
        return cls(speech_s=5.0, faces=1, face_spacing_s=0.0, varied=False, voice_cosine=0.55)
