"""The steps that are timed: of a second of a call, or of one picture."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np

from benchmarks.front_end import plain
from benchmarks.front_end.burst import burst_steps
from benchmarks.front_end.decoding import decoding_steps
from benchmarks.front_end.step import Step
from model.runtime import align as alignment
from model.runtime import quality
from model.runtime.detect import FaceDetector
from model.runtime.fbank import FbankStream, fbank
from model.runtime.silero import SpeechNetwork
from model.runtime.vad import FRAME, FrameMeter
from model.runtime.weights import Weights
from stream_verifier.demo.people import DEMO_PEOPLE, speech
from stream_verifier.media.types import SAMPLE_RATE_HZ

CHUNK = 320
"""20 ms, as a call brings them."""


def steps() -> Iterator[Step]:
    """All steps, on synthetic speech and a public-domain portrait."""
    yield from _sound_steps()
    yield from decoding_steps()
    yield from _picture_steps()
    yield from burst_steps()


def _sound_steps() -> Iterator[Step]:
    sound = speech(DEMO_PEOPLE[1], seconds=3.0)[: 3 * SAMPLE_RATE_HZ]
    second = sound[:SAMPLE_RATE_HZ]
    chunks = [second[at : at + CHUNK] for at in range(0, len(second), CHUNK)]
    frames = second[: len(second) // FRAME * FRAME].reshape(-1, FRAME)
    yield Step("filterbank of 3 s at once", lambda: plain.fbank(sound), lambda: fbank(sound))
    streams = plain.FbankStream(), FbankStream()
    yield Step(
        "filterbank of 1 s in 20 ms chunks",
        lambda: [streams[0].push(chunk) for chunk in chunks],
        lambda: [streams[1].push(chunk) for chunk in chunks],
    )
    networks = plain.SpeechNetwork(tensors(), step=FRAME), SpeechNetwork(step=FRAME)
    yield Step(
        "speech network, 1 s in 30 ms frames",
        lambda: [networks[0].push(frame) for frame in frames],
        lambda: [networks[1].push(frame) for frame in frames],
    )
    whole = frames.ravel()
    yield Step(
        "speech network, 1 s at once",
        lambda: networks[0].push(whole),
        lambda: networks[1].push(whole),
    )
    meter = FrameMeter()
    yield Step(
        "level and voicing, 1 s in 30 ms frames",
        lambda: [plain.measure(frame) for frame in frames],
        lambda: [meter.measure(frame) for frame in frames],
    )


def _picture_steps() -> Iterator[Step]:
    detector = FaceDetector(Weights.load().path("face_detector"))
    for height in (360, 900):
        image = in_frame(portrait(height))
        face = detector.detect(image)[0]
        yield Step(
            f"crop of a face {face.box[2]:.0f} px wide",
            lambda i=image, f=face: plain.align(i, f.landmarks),  # type: ignore[misc]
            lambda i=image, f=face: alignment.align(i, f.landmarks),  # type: ignore[misc]
        )
    crop = alignment.align(image, face.landmarks)
    yield Step(
        "quality of a crop",
        lambda: plain.crop_quality(crop),
        lambda: quality.crop_quality(crop),
    )
    frame = in_frame(portrait(360))
    box = detector.detect(frame)[0].box
    yield Step(
        "face in 640x480, whole and near its last place",
        lambda: detector.detect(frame),
        lambda: detector.detect_near(frame, box),
    )


def portrait(height: int) -> Any:
    """A public-domain portrait, BGR."""
    picture = DEMO_PEOPLE[0].load()
    size = (round(picture.shape[1] * height / picture.shape[0]), height)
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def in_frame(picture: Any) -> Any:
    """In the middle of a grey frame of 640x480; what reaches beyond is cut off."""
    left, top = (640 - picture.shape[1]) / 2, (480 - picture.shape[0]) / 2
    shift = np.array([[1.0, 0, left], [0, 1.0, top]])
    return cv2.warpAffine(picture, shift, (640, 480), borderValue=(127, 127, 127))


def tensors() -> dict[str, Any]:
    """Of the speech network, by the names in its file."""
    with np.load(Weights.load().path("speech_detector"), allow_pickle=False) as archive:
        return {name: np.asarray(archive[name], np.float32) for name in archive.files}
