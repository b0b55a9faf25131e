"""Does this mouth say this sound? Both arms of the network, and what their vectors say together."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided, sliding_window_view
from numpy.typing import NDArray

from model.errors import ModelError, WeightsError
from model.runtime.litert import LiteRtModel
from model.runtime.mouth import SIDE_PX, STEP_S, standardised
from model.runtime.weights import Weights
from model.types import Vector

SIZE = 64
"""Numbers in a vector."""
FEATURES = 118
"""Numbers that stand for one picture of a mouth."""
BANDS = 80
SOUND_FRAMES_PER_STEP = 4
"""Log-mel frames of 10 ms to one step of 40 ms."""

MOUTH_PART = "lips_mouth"
PICTURE_PART = "lips_picture"
SOUND_PART = "lips_sound"
CALIBRATION_PART = "lips_calibration"
FORMAT = 1

MAX_OFFSET = 6
"""Steps that sound and picture of a device may be apart: 0.24 s either way."""
OFFSETS = tuple(range(-MAX_OFFSET, MAX_OFFSET + 1))
FAR = 10
"""Steps from which on another moment is surely another one: 0.4 s."""
MAX_SHIFT = 20
"""Steps up to which other moments are compared: 0.8 s."""
SHIFTS = tuple(range(-MAX_SHIFT, MAX_SHIFT + 1))
"""By how many steps the sound is late, in the order of ``Agreement.totals``."""

_NEAR = np.abs(np.array(SHIFTS)) <= MAX_OFFSET
_OFF = np.isin(np.abs(np.array(SHIFTS)), np.arange(8, 15))
_MIDDLE = slice(MAX_SHIFT - MAX_OFFSET, MAX_SHIFT + MAX_OFFSET + 1)
_IS_FAR = (np.abs(np.subtract.outer(OFFSETS, SHIFTS)) >= FAR).astype(np.float64)
_MOMENTS, _LEANING = 6.0, 3.0
"""How many moments of those far off are apart enough to be counted, and how many the noise seen
of others counts for."""
_CLEARNESSES = np.linspace(0.25, 1.25, 9)


class LipNetwork:
    """The three parts in LiteRT; safe to call from several threads, which take turns."""

    def __init__(self, weights: Weights) -> None:
        """Load the parts "lips_mouth", "lips_picture" and "lips_sound".

        Raises:
            WeightsError: a part is missing or cannot be loaded.
        """
        self._mouth, self._picture, self._sound = (
            LiteRtModel(weights.path(part)) for part in (MOUTH_PART, PICTURE_PART, SOUND_PART)
        )

    def features(self, mouths: NDArray[np.uint8]) -> Vector:
        """What stands for pictures of a mouth; keep this and forget the pictures.

        Args:
            mouths: uint8, shape (n, 56, 56), as ``model.runtime.mouth`` cuts them.

        Returns:
            float32, shape (n, 118).

        Raises:
            ModelError: the pictures have another shape or type.
        """
        if mouths.dtype != np.uint8 or mouths.shape[1:] != (SIDE_PX, SIDE_PX):
            raise ModelError(f"mouths must be uint8 (n, 56, 56), not {mouths.dtype} {mouths.shape}")
        # One by one, as faces are: the model's memory is then laid out once.
        rows = [self._mouth.run(standardised(mouth[None]))[0] for mouth in mouths]
        return np.stack(rows) if rows else np.zeros((0, FEATURES), np.float32)

    def picture(self, features: Vector) -> Vector:
        """Vectors of a mouth over time.

        Args:
            features: float32, shape (steps, 118), one every 40 ms; a step without a picture of
                its own repeats its neighbour's.

        Returns:
            float32, shape (steps, 64).

        Raises:
            ModelError: the features have another shape, or there are none.
        """
        if features.ndim != 2 or features.shape[1] != FEATURES or not len(features):
            raise ModelError(f"features must be (steps, 118), not {features.shape}")
        return np.asarray(self._picture.run(features[None].astype(np.float32))[0])

    def sound(self, fbank: Vector) -> Vector:
        """Vectors of sound over time.

        Args:
            fbank: float32, shape (4 steps, 80), Kaldi log-mel at a 10 ms hop, of all sound and
                not of speech alone; its mean need not be subtracted. Frames 4 k to 4 k + 3 are
                centred in step k.

        Returns:
            float32, shape (steps, 64).

        Raises:
            ModelError: the frames have another shape, or are no multiple of four.
        """
        if fbank.ndim != 2 or fbank.shape[1] != BANDS or not len(fbank) or len(fbank) % 4:
            raise ModelError(f"fbank must be (4 steps, 80), not {fbank.shape}")
        return np.asarray(self._sound.run(fbank[None].astype(np.float32))[0])


@dataclass(frozen=True)
class Agreement:
    """How well pictures and sound agree, summed over moments of speech; adds up over a call.

    Attributes:
        totals: shape (41,), of products of vectors at each of ``SHIFTS``.
        counts: shape (41,), how many moments each total is of.
    """

    totals: NDArray[np.float64]
    counts: NDArray[np.float64]

    @classmethod
    def nothing(cls) -> Agreement:
        """Of no moment at all."""
        return cls(np.zeros(len(SHIFTS)), np.zeros(len(SHIFTS)))

    @classmethod
    def of(
        cls, picture: Vector, sound: Vector, speech: NDArray[np.bool_] | None = None
    ) -> Agreement:
        """Compare a stretch of a call with itself at all shifts.

        Args:
            picture: shape (steps, 64).
            sound: shape (steps, 64), of the same time.
            speech: shape (steps,), where somebody speaks: other sound counts nothing; all of it
                by default.

        Raises:
            ModelError: both are not of one length.
        """
        if picture.shape != sound.shape:
            raise ModelError(f"picture {picture.shape} and sound {sound.shape} must be as long")
        steps = len(picture)
        heard = np.ones(steps) if speech is None else speech.astype(np.float64)
        products = picture.astype(np.float64) @ sound.T.astype(np.float64) / SIZE**0.5
        weighed = np.pad(products * heard, ((0, 0), (MAX_SHIFT, MAX_SHIFT)))
        # Row t read from its t-th number on: the moment's picture with the sound at each shift.
        down, right = weighed.strides
        by_shift = as_strided(weighed, (steps, len(SHIFTS)), (down + right, right))
        partners = sliding_window_view(np.pad(heard, MAX_SHIFT), len(SHIFTS))
        return cls(by_shift.sum(axis=0), partners.sum(axis=0))

    def __add__(self, other: Agreement) -> Agreement:
        """Both together."""
        return Agreement(self.totals + other.totals, self.counts + other.counts)

    @property
    def seconds(self) -> float:
        """Seconds of speech in it."""
        return float(self.counts[MAX_SHIFT]) * STEP_S

    def means(self) -> NDArray[np.float64]:
        """Mean product at each shift, shape (41,); 0 where there is none."""
        return self.totals / np.maximum(self.counts, 1)

    def offset(self) -> int:
        """By how many steps the sound is late, -6 to 6: where both agree best."""
        return OFFSETS[int(np.argmax(self.means()[_MIDDLE]))]

    def clearness(self, noise: float) -> NDArray[np.float64]:
        """How far both agree better at an offset than at moments 0.4 to 0.8 s off.

        In standard deviations of what those other moments come to among themselves, since how
        large products are differs from one camera and microphone to the next. With little speech
        that deviation is hardly known, and leans on what was seen of others. What all moments
        have in common, such as a mouth that looks busy, is no evidence.

        Args:
            noise: deviation of a second's mean product as it was seen of others.

        Returns:
            Shape (13,), for each of ``OFFSETS``; 0 where nothing is there to compare with.
        """
        leads, spread, known = self._against_far()
        usual = noise**2 / max(self.seconds, STEP_S)
        variance = (_MOMENTS * spread + _LEANING * usual) / (_MOMENTS + _LEANING)
        return np.where(known > 1, leads / np.sqrt(variance), 0.0)

    def elsewhere(self, noise: float) -> float:
        """How much better both agree at a moment that no device explains than at others.

        Above 0 the sound is early or late by a third to half a second, or of something else.

        Args:
            noise: as for `clearness`.

        Returns:
            In standard deviations of a mean product; 0 where nothing is there to compare with.
        """
        known = self.counts > 0
        if not (known & _NEAR).any() or not (known & _OFF).any():
            return 0.0
        means = self.means()
        apart = means[known & _OFF].max() - means[known & _NEAR].max()
        return float(apart * math.sqrt(max(self.seconds, STEP_S)) / noise)

    def lead(self, offset: int) -> float:
        """How much better both agree at an offset than at moments 0.4 to 0.8 s off, on average."""
        return float(self._against_far()[0][MAX_OFFSET + offset])

    def _against_far(self) -> tuple[NDArray[np.float64], ...]:
        """Leads at each offset, variance of far moments around their mean, and their number."""
        means = self.means()
        far = _IS_FAR * (self.counts > 0)
        known = far.sum(axis=1)
        background = far @ means / np.maximum(known, 1)
        spread = np.maximum(far @ means**2 / np.maximum(known, 1) - background**2, 0)
        leads = np.where(known > 1, means[_MIDDLE] - background, 0.0)
        return leads, spread, known


@dataclass(frozen=True, slots=True)
class LipCalibration:
    """From agreement to a log-likelihood ratio.

    What belongs together is ``clear`` standard deviations apart from what does not after a second
    of speech, and grows with the root of the seconds. How clear lips are differs among people,
    cameras and lines by more than a few people can show, so that from a quarter to five quarters
    of it are taken to be as likely.

    Attributes:
        noise: deviation of a second's mean product of picture and sound that do not belong
            together.
        spread: standard deviation of clearness, near 1.
        clear: mean clearness of a second that does belong together.
        limit: how far from 0 an LLR may be: the data it was fitted on shows no rarer thing.
    """

    noise: float
    spread: float
    clear: float
    limit: float

    def llr(self, agreement: Agreement, offset: int | None = None) -> float:
        """Natural log of p(this agreement | one person's) over p(it | lips of other speech).

        Args:
            agreement: of all speech so far.
            offset: by how many steps the sound is late, where that is known; else each of the 13
                that a device may have is taken to be as likely as the others.
        """
        return float(np.clip(self.nats(agreement, offset), -self.limit, self.limit))

    def nats(self, agreement: Agreement, offset: int | None = None) -> float:
        """The same without the limit, to put trials in order by."""
        found = agreement.clearness(self.noise)
        expected = self.clear * _CLEARNESSES * math.sqrt(agreement.seconds)
        each = (expected[:, None] * found - expected[:, None] ** 2 / 2) / self.spread**2
        nats = np.logaddexp.reduce(each, axis=0) - math.log(len(_CLEARNESSES))
        if offset is not None:
            return float(nats[MAX_OFFSET + offset])
        return float(np.logaddexp.reduce(nats)) - math.log(len(OFFSETS))


def load_calibration(weights: Weights) -> LipCalibration:
    """Read the part "lips_calibration".

    Raises:
        WeightsError: it is missing or of another format.
    """
    return read_calibration(weights.path(CALIBRATION_PART))


def read_calibration(path: Path) -> LipCalibration:
    """Read a calibration's file.

    Raises:
        WeightsError: it is missing or of another format.
    """
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if found["format"] != FORMAT:
            raise ValueError(f"format {found['format']}, not {FORMAT}")
        numbers = (float(found[name]) for name in ("noise", "spread", "clear", "limit"))
        return LipCalibration(*numbers)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WeightsError(
            f"{path} is no calibration of lips ({error}); make it again with "
            "'python -m model lips export'"
        ) from error
