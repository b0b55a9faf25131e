"""Pictures and recordings of the demo people, as somebody gives them to be enrolled from."""

from __future__ import annotations

import wave
from io import BytesIO

import cv2
import numpy as np
from numpy.typing import NDArray

from stream_verifier.demo.people import DemoPerson, portrait_frames, speech

ENOUGH_S = 6.5
"""Of a recording with the 5 s of speech that files need, and hardly more: to embed it is dear."""


def portrait_of(person: DemoPerson) -> NDArray[np.uint8]:
    """A picture as before a webcam: uint8, shape (720, 960, 3), BGR."""
    return next(iter(portrait_frames(person, seconds=1, seed=1, size=(960, 720))))


def picture_of(person: DemoPerson) -> bytes:
    """That portrait as a JPEG."""
    return cv2.imencode(".jpg", portrait_of(person))[1].tobytes()


def recording_of(person: DemoPerson, *, seed: int = 1) -> bytes:
    """A WAV file with speech enough; another seed begins with other words."""
    return wav_of(speech(person, seconds=ENOUGH_S, seed=seed))


def wav_of(samples: NDArray[np.int16]) -> bytes:
    """A WAV file of sound at 16 kHz, mono."""
    file = BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(16_000)
        out.writeframes(samples.tobytes())
    return file.getvalue()
