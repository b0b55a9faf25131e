from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from model.types import FaceQuality, FaceSample, VoiceQuality, VoiceSample
from stream_verifier.events.schema import EnrolmentProgress
from stream_verifier.identities.enrolment import Enrolment
from stream_verifier.media.types import AudioChunk
from stream_verifier.verify.enrol_pipeline import EnrolPipeline
from stream_verifier.verify.schedule import UNSURE, Waiting
from stream_verifier.windows.types import FaceCrop, Window
from tests.verify.test_pipeline import SECOND, ScriptedWindows, window


class CountingEmbedder:
    def __init__(self) -> None:
        self.faces = 0

    def embed_face(self, window: Window) -> FaceSample:
        self.faces += 1
        return FaceSample(np.ones(128, np.float32), FaceQuality(100, 100, 0, 0, 0.5, 0.2, 0.9))

    def embed_crop(self, crop: FaceCrop) -> FaceSample:
        raise AssertionError("an enrolment looks at one face a window")

    def embed_voice(self, window: Window) -> VoiceSample:
        return VoiceSample(np.ones(192, np.float32), VoiceQuality(1, 30, -20))

    def embed_telephone(self, window: Window) -> VoiceSample:
        heard = np.full(192, 2, np.float32)
        return VoiceSample(heard, VoiceQuality(1, 30, -20), telephone=heard)


def enrolment(*windows: Window) -> tuple[EnrolPipeline, CountingEmbedder]:
    embedder = CountingEmbedder()
    line = EnrolPipeline(
        windows=ScriptedWindows(*windows), embedder=embedder, enrolment=Enrolment(), model_id="m"
    )
    return line, embedder


def progress(told: Sequence[object]) -> list[tuple[float, int]]:
    return [(one.media_s, one.faces) for one in told if isinstance(one, EnrolmentProgress)]


def test_a_live_window_waits_and_one_that_is_passed_over_is_done_without() -> None:
    line, embedder = enrolment(*(window(float(t), arrived_s=float(t)) for t in (1, 2)))
    line.take(SECOND)
    assert (line.waiting, embedder.faces) == (Waiting(1.0, UNSURE), 0)
    assert progress([*line.take(SECOND)]) == [(1.0, 0)]
    assert progress([*line.score()]) == [(2.0, 1)]
    assert (line.windows, line.skipped, embedder.faces) == (2, 1, 1)
    assert line.score() == line.skip() == []


def test_from_a_file_each_window_is_used() -> None:
    line, embedder = enrolment(window(1.0), window(2.0), window(3.0))
    said = [*line.feed(SECOND), *line.take(AudioChunk(SECOND.samples, 1.0)), *line.finish()]
    assert [at_s for at_s, _ in progress(said)] == [1.0, 2.0, 3.0]
    assert (line.skipped, embedder.faces) == (0, 3)


def test_the_end_uses_what_waits() -> None:
    line, embedder = enrolment(window(1.0, arrived_s=1.0))
    line.take(SECOND)
    assert progress([*line.finish()]) == [(1.0, 1)]
    assert embedder.faces == 1
