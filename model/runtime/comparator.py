"""The fused siamese network as the server runs it: samples and a reference in, LLRs out."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.errors import WeightsError
from model.runtime.joint import Joint
from model.runtime.litert import LiteRtModel
from model.runtime.reference import FACE_SIZE, VOICE_SIZE
from model.runtime.telephone import matched
from model.runtime.weights import Weights
from model.types import Comparison, FaceSample, Reference, Vector, VoiceSample

FORMAT = 4
NETWORK_PART = "fusion_network"
CALIBRATION_PART = "fusion_calibration"
FACE_QUALITIES = ("log_norm", "log_size", "log_sharpness", "yaw", "pitch", "brightness", "contrast")
VOICE_QUALITIES = ("log_norm", "log_speech_s", "snr_db")
OUTPUTS = ("face", "voice", "fused")
TELEPHONE_UNFITTED = -2.0
"""About what the shipped network's came to, until ``python -m model telephone`` fits it."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """From the network's score to an LLR: a line, kept within ``limit`` of 0."""

    scale: float
    offset: float
    limit: float

    def llr(self, score: float, *, shift: float = 0.0) -> float:
        """Calibrate one score, and add to the LLR."""
        return max(-self.limit, float(self.llrs(np.array(score))) + shift)

    def llrs(self, scores: NDArray[Any]) -> NDArray[Any]:
        """Calibrate scores of any shape."""
        return np.clip(self.scale * scores + self.offset, -self.limit, self.limit)


@dataclass(frozen=True)
class CalibrationSet:
    """All that is fitted after the network: one calibration an output, and operating points.

    Attributes:
        name: which system it is, for events and reports.
        face, voice, fused: of the network's three outputs.
        points: LLR thresholds by name.
        made_by: how it was fitted: command, pack, numbers of people and trials, figures.
        telephone: added to the voice's LLR where it was compared in the telephone's band.
        joint: joins face and voice in place of the network; None: the network's own output.
    """

    name: str
    face: Calibration
    voice: Calibration
    fused: Calibration
    points: dict[str, float]
    made_by: dict[str, Any]
    telephone: float
    joint: Joint | None = None

    @classmethod
    def read(cls, path: Path) -> CalibrationSet:
        """Read a file that ``text`` made.

        Raises:
            WeightsError: it cannot be read, or a field is missing or of another form.
        """
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            if found.pop("format") != FORMAT:
                raise WeightsError(f"{path.name} is of another format than {FORMAT}")
            parts = {k: Calibration(**{f: float(v) for f, v in found[k].items()}) for k in OUTPUTS}
            points = {str(k): float(v) for k, v in found["points"].items()}
            return cls(
                name=str(found["name"]),
                points=points,
                made_by=found["made_by"],
                telephone=float(found["telephone"]),
                joint=None if found["joint"] is None else _joint(found["joint"]),
                **parts,
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise WeightsError(f"{path.name} lacks or garbles a field: {error!r}") from error

    def text(self) -> str:
        """The file's content."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=2) + "\n"


class FusedNetwork:
    """Compares one window's samples with a reference.

    Args:
        network: one input of shape (1, n), in the order of :func:`network_input`; one output of
            shape (1, 3).
        calibration: of its outputs.
    """

    def __init__(self, network: LiteRtModel, calibration: CalibrationSet) -> None:
        self._network = network
        self._calibration = calibration
        self.name = calibration.name
        self.operating_points = dict(calibration.points)

    def compare(
        self, reference: Reference, face: FaceSample | None, voice: VoiceSample | None
    ) -> Comparison:
        """Compare one window's samples with a reference; both samples may be None.

        Where a reference has pieces, a voice that speaks against the person does so no louder than
        beside the piece that it is likest to.
        """
        calibration, shift = self._calibration, 0.0
        pieces = [piece.voice for piece in reference.pieces]
        if voice is not None and (pair := matched(reference, voice)) is not None:
            pieces = [one.telephone for one in reference.pieces if one.telephone is not None]
            voice, reference = replace(voice, vector=pair[0]), replace(reference, voice=pair[1])
            shift = calibration.telephone
        scores = self.run(network_input(reference, face, voice))
        llr_face = None if face is None else calibration.face.llr(scores[0])
        llr_voice = None if voice is None else calibration.voice.llr(scores[1], shift=shift)
        if voice is not None and llr_voice is not None and llr_voice < 0 and pieces:
            likest = max(pieces, key=lambda piece: _cosine(voice.vector, piece))
            beside = self.run(network_input(replace(reference, voice=likest), None, voice))[1]
            llr_voice = max(llr_voice, min(0.0, calibration.voice.llr(beside, shift=shift)))
        if face is None or voice is None:
            fused = llr_voice if face is None else llr_face
        else:
            fused = calibration.fused.llr(scores[2], shift=shift)
        return Comparison(
            face_cosine=None if face is None else _cosine(face.vector, reference.face),
            voice_cosine=None if voice is None else _cosine(voice.vector, reference.voice),
            llr_face=llr_face,
            llr_voice=llr_voice,
            llr_fused=fused,
        )

    def scores(
        self, reference: Reference, face: FaceSample | None, voice: VoiceSample | None
    ) -> list[float]:
        """Face, voice and both, joined as the calibration says; none is calibrated."""
        return self.run(network_input(reference, face, voice))

    def run(self, joined: Vector) -> list[float]:
        """The scores for one input as :func:`network_input` makes it."""
        face, voice, both = (float(value) for value in self._network.run(joined[None])[0])
        joint = self._calibration.joint
        if joint is not None and joined[-2:].all():
            both = float(joint.scores(np.array(face), np.array(voice)))
        return [face, voice, both]


def load_comparator(weights: Weights, *, copies: int = 1, joined: bool = True) -> FusedNetwork:
    """Load the comparator that the manifest lists.

    Args:
        weights: where it is.
        copies: see `LiteRtModel`.
        joined: whether face and voice are joined as the calibration says; else as the network does.

    Raises:
        WeightsError: a part is missing or garbled.
    """
    calibration = CalibrationSet.read(weights.path(CALIBRATION_PART))
    calibration = calibration if joined else replace(calibration, joint=None)
    return FusedNetwork(LiteRtModel(weights.path(NETWORK_PART), copies=copies), calibration)


def network_input(
    reference: Reference, face: FaceSample | None, voice: VoiceSample | None
) -> Vector:
    """All that the network looks at in one vector, zeros where a modality is missing."""
    absent_face = np.zeros(FACE_SIZE + len(FACE_QUALITIES), np.float32)
    absent_voice = np.zeros(VOICE_SIZE + len(VOICE_QUALITIES), np.float32)
    return np.concatenate(
        [
            absent_face[:FACE_SIZE] if face is None else face.vector,
            reference.face,
            absent_face[FACE_SIZE:] if face is None else face_quality_vector(face),
            absent_voice[:VOICE_SIZE] if voice is None else voice.vector,
            reference.voice,
            absent_voice[VOICE_SIZE:] if voice is None else voice_quality_vector(voice),
            [face is not None, voice is not None],
        ]
    ).astype(np.float32)


def face_quality_vector(sample: FaceSample) -> Vector:
    """What the network knows of a picture, in the order of ``FACE_QUALITIES``; NaN: not known.

    Turning left or right, up or down, is alike to it.
    """
    q = sample.quality
    norm = max(float(np.linalg.norm(sample.vector)), 1e-3)
    values = [
        math.log(norm),
        math.log(q.size_px) if q.size_px > 0 else math.nan,
        math.log1p(q.sharpness),
        abs(q.yaw),
        abs(q.pitch),
        q.brightness,
        q.contrast,
    ]
    return np.array(values, np.float32)


def voice_quality_vector(sample: VoiceSample) -> Vector:
    """What the network knows of a piece of speech, in the order of ``VOICE_QUALITIES``."""
    norm = max(float(np.linalg.norm(sample.vector)), 1e-3)
    speech_s, snr_db = max(sample.quality.speech_s, 0.1), sample.quality.snr_db
    return np.array([math.log(norm), math.log(speech_s), snr_db], np.float32)


def _joint(found: dict[str, Any]) -> Joint:
    both, wrong_voice, wrong_face = (float(share) for share in found["shares"])
    shares = both, wrong_voice, wrong_face
    return Joint(shares=shares, unlike=float(found["unlike"]), gain=float(found["gain"]))


def _cosine(a: Vector, b: Vector) -> float:
    return float(a @ b / max(float(np.linalg.norm(a) * np.linalg.norm(b)), 1e-12))
