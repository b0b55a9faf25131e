"""What one picture of a burst takes, and the sound beside it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np

from benchmarks.front_end import plain_motion
from benchmarks.front_end.step import Step
from model.runtime.align import align
from model.runtime.detect import FaceDetector
from model.runtime.fbank import FbankStream
from model.runtime.mouth import mouth, of_face
from model.runtime.moving import own_motion, prepared
from model.runtime.steps import SteppedSound
from model.runtime.weights import Weights
from stream_verifier.demo.people import DEMO_PEOPLE, portrait_frames, speech
from stream_verifier.media.types import SAMPLE_RATE_HZ

_CHUNK = 320


def burst_steps() -> Iterator[Step]:
    """As they were before, for each picture and each 20 ms of sound, and as they are served."""
    before, now = portrait_frames(DEMO_PEOPLE[0], seconds=2 / 6, fps=6.0)
    detector = FaceDetector(Weights.load().path("face_detector"))
    faces = [detector.detect(picture)[0] for picture in (before, now)]
    yield Step(
        f"face {faces[1].box[2]:.0f} px wide, near its last place and in the next picture",
        lambda: detector.detect_near(now, faces[0].box),
        lambda: detector.detect_next(now, faces[0].box),
    )
    greys: list[Any] = [cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY) for picture in (before, now)]
    yield Step(
        "its mouth, cut out of the face and alone",
        lambda: of_face(align(greys[1], faces[1].landmarks, side_px=160)),
        lambda: mouth(greys[1], faces[1].landmarks),
    )
    small = [prepared(align(grey, face.landmarks)) for grey, face in zip(greys, faces, strict=True)]
    yield Step(
        "its own motion in a sixth of a second",
        lambda: plain_motion.own_motion(small[1], small[0]),
        lambda: own_motion(small[1], small[0]),
    )
    yield _sound_step()


def _sound_step() -> Step:
    sound = speech(DEMO_PEOPLE[1], seconds=3.0)[:SAMPLE_RATE_HZ]
    chunks = [sound[at : at + _CHUNK] for at in range(0, len(sound), _CHUNK)]
    stream, kept = FbankStream(), SteppedSound()

    def at_once() -> np.ndarray[Any, Any]:
        for chunk in chunks:
            kept.push(chunk)
        return kept.take(kept.steps)

    name = "features of 1 s in 20 ms chunks, as they come and once they are asked for"
    return Step(name, lambda: [stream.push(chunk) for chunk in chunks], at_once)
