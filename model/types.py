"""What goes into and comes out of a comparison; shared by training and serving."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class FaceQuality:
    """What makes a face picture more or less trustworthy.

    NaN stands for "not known": of a picture that was cut out and scaled, nobody can tell the
    size, nor the pose of one in which no face is found (its ``detection`` is 0).

    Attributes:
        size_px: distance between box sides in the frame it was found in (mean of width, height).
        sharpness: variance of the Laplacian of the aligned 112x112 grey crop.
        yaw: -1 (turned fully to one side) to 1, 0 is frontal; from the five landmarks.
        pitch: -1 to 1, 0 is level; from the five landmarks.
        brightness: mean grey level of the crop, 0 to 1.
        contrast: standard deviation of the grey level, 0 to 1.
        detection: the detector's score, 0 to 1.
    """

    size_px: float
    sharpness: float
    yaw: float
    pitch: float
    brightness: float
    contrast: float
    detection: float


@dataclass(frozen=True, slots=True)
class VoiceQuality:
    """What makes a piece of speech more or less trustworthy.

    Attributes:
        speech_s: seconds of speech that the embedding was computed from.
        snr_db: level of speech over the level of the pauses around it, in dB; 40 where no
            pause was heard.
        level_dbfs: mean level of the speech in dB below full scale (negative).
    """

    speech_s: float
    snr_db: float
    level_dbfs: float


@dataclass(frozen=True, slots=True)
class FaceSample:
    """One embedded face: vector of shape (128,), not normalised, with its quality."""

    vector: Vector
    quality: FaceQuality


@dataclass(frozen=True, slots=True)
class VoiceSample:
    """One embedded piece of speech.

    Attributes:
        vector: shape (192,), not normalised; of the telephone's band where only that was embedded.
        quality: of the speech.
        narrow: whether there was nothing above the telephone's band.
        telephone: the vector of that band alone; None where it was not embedded.
    """

    vector: Vector
    quality: VoiceQuality
    narrow: bool = False
    telephone: Vector | None = None


@dataclass(frozen=True, slots=True)
class VoicePiece:
    """A part of a person's enrolled speech that sounds alike in itself: a mood, a room, a device.

    Attributes:
        voice: shape (192,), unit length: normalised mean of the normalised vectors of that part.
        speech_s: seconds of speech averaged.
        telephone: as a telephone carries it, likewise; None where the reference has none.
    """

    voice: Vector
    speech_s: float
    telephone: Vector | None = None


@dataclass(frozen=True, slots=True)
class Reference:
    """The stored template of one person: what a probe is compared with.

    Attributes:
        model_id: the embedding space that the vectors live in.
        face: shape (128,), unit length: normalised mean of the normalised enrolled vectors.
        voice: shape (192,), unit length, likewise.
        face_count: pictures averaged.
        speech_s: seconds of speech averaged.
        telephone: the voice as a telephone carries it, shape (192,), likewise; None in a reference
            of before there was one.
        wide: whether ``voice`` was made of speech with more than the telephone's band.
        adapted_from: the spaces that it was moved from by adapters, the one that the person was
            enrolled in first; empty in one that was made of media.
        pieces: parts of the speech that ``voice`` is the mean of, two to four, which temper what
            speaks against the person; empty where there was one only, and in older references.
    """

    model_id: str
    face: Vector
    voice: Vector
    face_count: int
    speech_s: float
    telephone: Vector | None = None
    wide: bool = True
    adapted_from: tuple[str, ...] = ()
    pieces: tuple[VoicePiece, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """What one comparison of a probe with a reference says.

    LLRs are natural logarithms: log p(probe | same person) - log p(probe | another), so that 0
    is even odds. A value is None where its modality was missing; ``llr_fused`` is then the
    other modality's own LLR.
    """

    face_cosine: float | None
    voice_cosine: float | None
    llr_face: float | None
    llr_voice: float | None
    llr_fused: float | None

    @property
    def modalities(self) -> tuple[Literal["face", "voice"], ...]:
        """What ``llr_fused`` rests on."""
        face: tuple[Literal["face"], ...] = () if self.llr_face is None else ("face",)
        voice: tuple[Literal["voice"], ...] = () if self.llr_voice is None else ("voice",)
        return (*face, *voice)


class Comparator(Protocol):
    """Compares probes with references; the first fusion and the trained network both do.

    ``name`` says which system it is, ``operating_points`` maps a point's name ("fmr_1e-2",
    "fmr_1e-3", "balanced") to the LLR threshold that reaches it.
    """

    name: str
    operating_points: dict[str, float]

    def compare(
        self, reference: Reference, face: FaceSample | None, voice: VoiceSample | None
    ) -> Comparison:
        """Compare one window's samples with a reference; both samples may be None."""
        ...
