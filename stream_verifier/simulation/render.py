"""The very pictures and samples of a scripted call, to be sent through a real one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from model.data.conditions import Condition
from model.data.media import Picture
from stream_verifier.media.types import SAMPLE_RATE_HZ
from stream_verifier.simulation.camera_views import HEIGHT, WIDTH, schedule, view_at
from stream_verifier.simulation.material import Material
from stream_verifier.simulation.script import Script
from stream_verifier.simulation.sound_layout import lay_out


def frames(script: Script, material: Material, *, fps: float) -> Iterator[Picture]:
    """What the camera shows.

    Args:
        script: of the call.
        material: of its cast.
        fps: frames a second.

    Yields:
        uint8, shape (480, 640, 3), BGR, the first at 0 s; black where the camera is off. Not to
        be written to.
    """
    condition = Condition.parse(script.condition)
    shots = [(s, schedule(s, len(material.roles[s.who].faces))) for s in script.shots]
    black = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    for number in range(int(np.ceil(script.length_s * fps - 1e-6))):
        time_s, frame = number / fps, black
        for shot, views in shots:
            if not shot.start_s <= time_s < shot.end_s:
                continue
            view = view_at(shot, views, time_s)
            if shot.beside:
                frame = material.views.beside(frame, shot.who, view, condition)
            else:
                frame = material.views.frame(shot.who, view, condition)
        yield frame


def sound(script: Script, material: Material) -> NDArray[np.int16]:
    """What is heard, sample for sample what the stage's windows were cut from.

    Args:
        script: of the call.
        material: of its cast.

    Returns:
        int16, shape (length_s x 16000,), mono at 16 kHz; zeros where the microphone is off.
    """
    samples = np.zeros(round(script.length_s * SAMPLE_RATE_HZ), np.int16)
    for placed in lay_out(script):
        start, end = (round(at_s * SAMPLE_RATE_HZ) for at_s in (placed.start_s, placed.end_s))
        samples[start:end] = material.pcm(placed.piece, script.condition)[: end - start]
    return samples
