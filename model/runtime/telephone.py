"""The telephone's band: whether speech has nothing above it, and all speech as heard in it.

A voice tower that knows the whole band puts the same voice elsewhere when the upper half is
missing. So a reference holds the voice as a telephone would carry it, too, and what comes by
telephone is compared with that.
"""

from __future__ import annotations

import numpy as np

from model.types import Reference, Vector, VoiceSample

FIRST_ABOVE = 60
"""The first of the 80 mel bands that a rate of 8 kHz does not carry: 3.8 kHz and up."""
_ABOVE = slice(FIRST_ABOVE + 8, None)
_SPEECH = slice(20, 45)
"""5.3 kHz and up, beyond any filter, and 0.7 to 2.2 kHz."""
_LOUD, _SOFT = 90, 10
_FAR_BELOW, _BELOW, _STILL = 8.5, 5.0, 2.0
"""Natural logarithms of power: 37, 22 and 9 dB."""


def is_narrow(features: Vector) -> bool:
    """Whether speech has nothing above the telephone's band.

    That is: the loudest that is heard there lies far below the speech, or lies below it and does
    not move with it, as the noise of rounding does. Soft or muffled speech keeps its sibilants.

    Args:
        features: float32, shape (frames, 80): log-mel frames of speech, as ``fbank`` gives them.
    """
    above, speech = features[:, _ABOVE].mean(axis=1), features[:, _SPEECH].mean(axis=1)
    soft, loud = np.percentile(above, (_SOFT, _LOUD))
    below = float(np.percentile(speech, _LOUD) - loud)
    return below > _FAR_BELOW or (below > _BELOW and float(loud - soft) < _STILL)


def as_by_telephone(fbank: Vector) -> Vector:
    """The same speech without what is above the telephone's band.

    After the mean over time is taken off, a band without anything is 0, whatever codec or
    resampler left in it.

    Args:
        fbank: float32, shape (frames, 80), mean over time subtracted.
    """
    narrow = fbank.copy()
    narrow[:, FIRST_ABOVE:] = 0
    return narrow


def compares_by_telephone(reference: Reference, *, narrow: bool) -> bool:
    """Whether speech is compared in the telephone's band: it has no more, or the reference has not.

    Args:
        reference: one without a vector of that band is compared as it is.
        narrow: of the speech.
    """
    return reference.telephone is not None and (narrow or not reference.wide)


def matched(reference: Reference, voice: VoiceSample) -> tuple[Vector, Vector] | None:
    """Probe and reference in the telephone's band; None where they are compared in the whole."""
    if voice.telephone is None or reference.telephone is None:
        return None
    if not compares_by_telephone(reference, narrow=voice.narrow):
        return None
    return voice.telephone, reference.telephone
