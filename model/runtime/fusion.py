"""The first fusion: calibrated face and voice LLRs, and what both say together; numpy only.

Each modality's cosine becomes an LLR by a line whose slope and offset depend on how good the probe
is (quality-dependent logistic calibration). The fused LLR weighs "both are the enrolled person's"
against the three ways in which they are not: another's face and voice, another's voice with the
right face, another's face with the right voice. With prior shares ``p`` of these and the LLRs
``f`` and ``v`` the likelihood ratio is 1 / (p_both e^-f-v + p_voice e^-v + p_face e^-f): close to
the smaller of both, so that no face, however good, outvotes a wrong voice.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.errors import WeightsError
from model.runtime.weights import Weights
from model.types import Comparison, FaceSample, Reference, Vector, VoiceSample

FORMAT = 1
PART = "fusion"

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Flattening:
    """Turns vectors so that what varies within one person counts less in their cosine.

    A within-class covariance normalisation (Hatch et al. 2006), shrunk and kept to its strongest
    directions.

    Attributes:
        centre: shape (d,), taken off unit vectors before.
        directions: shape (k, d), orthonormal.
        gains: shape (k,), factor along each direction; 1 across all others.
    """

    centre: Floats
    directions: Floats
    gains: Floats

    def apply(self, vectors: NDArray[Any]) -> Floats:
        """Flatten vectors of shape (..., d); the result has unit length."""
        centred = unit(np.asarray(vectors, dtype=np.float64)) - self.centre
        along = centred @ self.directions.T
        return unit(centred + (along * (self.gains - 1)) @ self.directions)


@dataclass(frozen=True, slots=True)
class Calibration:
    """From a cosine and the probe's qualities to an LLR, rising in the cosine.

    Attributes:
        mean, scale: shape (q,), standardise the qualities.
        lowest, highest: shape (q,), qualities are kept within what was seen in training.
        slope: shape (1 + q,): logarithm of the slope, as a linear function of the qualities.
        offset: shape (1 + q,): likewise the offset.
        limit: the LLR is kept within this distance of 0, since the data supports no more.
    """

    mean: Floats
    scale: Floats
    lowest: Floats
    highest: Floats
    slope: Floats
    offset: Floats
    limit: float

    def llr(self, cosine: NDArray[Any] | float, qualities: NDArray[Any]) -> Floats:
        """LLRs of cosines of shape (...) with qualities of shape (..., q)."""
        kept = np.clip(qualities, self.lowest, self.highest)
        z = (kept - self.mean) / self.scale
        slope = np.exp(self.slope[0] + z @ self.slope[1:])
        llr = slope * cosine + self.offset[0] + z @ self.offset[1:]
        return np.asarray(np.clip(llr, -self.limit, self.limit))


@dataclass(frozen=True, slots=True)
class Joint:
    """What both LLRs say together.

    Attributes:
        shares: prior shares of the impostor kinds: both wrong, voice wrong, face wrong.
        scale, offset: calibrate the result.
        limit: the result is kept within this distance of 0.
    """

    shares: tuple[float, float, float]
    scale: float
    offset: float
    limit: float

    def llr(self, face: NDArray[Any] | float, voice: NDArray[Any] | float) -> Floats:
        """Fused LLRs from LLRs of equal shape."""
        both, wrong_voice, wrong_face = np.log(self.shares)
        face, voice = np.asarray(face), np.asarray(voice)
        against = np.logaddexp(both - face - voice, wrong_voice - voice)
        llr = -np.logaddexp(against, wrong_face - face)
        return np.asarray(np.clip(self.scale * llr + self.offset, -self.limit, self.limit))


class CalibratedFusion:
    """The first comparator: two calibrated cosines and their joint LLR.

    Cosines in its answers are those of the towers' own vectors; the voice LLR rests on the
    flattened ones.

    Args:
        description: what ``fusion.json`` holds.

    Raises:
        WeightsError: a field is missing or of another form.
    """

    def __init__(self, description: dict[str, Any]) -> None:
        try:
            if description["format"] != FORMAT:
                raise WeightsError(f"fusion weights are of another format than {FORMAT}")
            self.name: str = str(description["name"])
            self.operating_points = {k: float(v) for k, v in description["points"].items()}
            self._face = _calibration(description["face"])
            self._voice = _calibration(description["voice"])
            self._flattening = Flattening(**_arrays(description["flattening"]))
            joint = description["joint"]
            self._joint = Joint(tuple(joint["shares"]), *(joint[k] for k in _JOINT_NUMBERS))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise WeightsError(f"fusion weights lack or garble a field: {error!r}") from error

    def compare(
        self, reference: Reference, face: FaceSample | None, voice: VoiceSample | None
    ) -> Comparison:
        """Compare one window's samples with a reference; both samples may be None."""
        face_cosine = None if face is None else _cosine(face.vector, reference.face)
        voice_cosine = None if voice is None else _cosine(voice.vector, reference.voice)
        llr_face = llr_voice = None
        if face is not None and face_cosine is not None:
            llr_face = float(self._face.llr(face_cosine, face_qualities(face)))
        if voice is not None:
            probe, enrolled = self._flattening.apply(np.stack([voice.vector, reference.voice]))
            llr_voice = float(self._voice.llr(float(probe @ enrolled), voice_qualities(voice)))
        fused = self._fused(llr_face, llr_voice)
        return Comparison(face_cosine, voice_cosine, llr_face, llr_voice, fused)

    def _fused(self, face: float | None, voice: float | None) -> float | None:
        if face is None or voice is None:
            return voice if face is None else face
        return float(self._joint.llr(face, voice))


def load_comparator(weights: Weights) -> CalibratedFusion:
    """Load the comparator that the manifest lists as part "fusion".

    Raises:
        WeightsError: the part is missing or garbled.
    """
    try:
        description = json.loads(weights.path(PART).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise WeightsError(f"cannot read the fusion weights: {error}") from error
    return CalibratedFusion(description)


def face_qualities(sample: FaceSample) -> Floats:
    """What the face LLR depends on besides the cosine: log norm of the vector, log sharpness."""
    norm = float(np.linalg.norm(sample.vector))
    return np.log([max(norm, 1e-3), sample.quality.sharpness + 1.0])


def voice_qualities(sample: VoiceSample) -> Floats:
    """Likewise for voice: log norm of the vector, log seconds of speech, SNR in dB."""
    norm, seconds = float(np.linalg.norm(sample.vector)), sample.quality.speech_s
    return np.array([math.log(max(norm, 1e-3)), math.log(max(seconds, 0.1)), sample.quality.snr_db])


def unit(vectors: Floats) -> Floats:
    """Vectors of shape (..., d) brought to unit length; zero stays zero."""
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(norms, 1e-12))


_JOINT_NUMBERS = ("scale", "offset", "limit")


def _cosine(a: Vector, b: Vector) -> float:
    return float(a @ b / max(float(np.linalg.norm(a) * np.linalg.norm(b)), 1e-12))


def _arrays(fields: dict[str, Sequence[Any]]) -> dict[str, Floats]:
    return {name: np.array(values, dtype=np.float64) for name, values in fields.items()}


def _calibration(fields: dict[str, Any]) -> Calibration:
    arrays = _arrays({name: value for name, value in fields.items() if name != "limit"})
    return Calibration(**arrays, limit=float(fields["limit"]))
