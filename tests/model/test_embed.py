from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from model.data.align import align
from model.data.degrade import add_noise, white
from model.data.embed import Embedder, Memo
from model.data.media import Picture, Samples, crop_face
from model.errors import ModelError
from model.evaluation.systems import SystemOptions, load_system
from model.runtime import quality as face_quality
from model.runtime.detect import FaceDetector
from model.runtime.face import FaceTower
from model.runtime.speech import LEAST_SPEECH_S
from model.runtime.voice import VoiceTower
from model.runtime.weights import Weights
from model.types import FaceSample, VoiceSample
from stream_verifier.demo.people import DEMO_PEOPLE, DemoPerson, portrait_frames, speech
from stream_verifier.media.types import AudioChunk
from stream_verifier.windows import faces
from stream_verifier.windows.speech import SpeechWindower
from tests.support.tower_media import cosine

GRACE, EILEEN = DEMO_PEOPLE


@pytest.fixture(scope="module")
def weights() -> Weights:
    return Weights.load()


@pytest.fixture(scope="module")
def embedder(weights: Weights) -> Embedder:
    return Embedder.of_weights(weights, cache=None)


@pytest.fixture(scope="module")
def detector(weights: Weights) -> FaceDetector:
    return FaceDetector(weights.path("face_detector"))


@pytest.fixture(scope="module")
def talk() -> Samples:
    return np.asarray(speech(GRACE, seconds=4.0) / 32768, np.float32)


def frame_of(person: DemoPerson) -> Picture:
    """BGR."""
    return next(iter(islice(portrait_frames(person, seconds=1, fps=1), 1)))


def picture_of(person: DemoPerson, detector: FaceDetector) -> Picture:
    """As a pack has it: aligned, RGB."""
    frame = frame_of(person)
    return align(frame, detector.detect(frame)[0].landmarks)[:, :, ::-1]


@pytest.mark.parametrize("person", DEMO_PEOPLE, ids=lambda person: person.id)
def test_a_packs_picture_is_what_serving_makes_of_the_frame(
    person: DemoPerson, weights: Weights, embedder: Embedder, detector: FaceDetector
) -> None:
    frame = frame_of(person)
    (face,) = detector.detect(frame)[:1]
    crop = faces.align(frame, face.landmarks)
    served = face_quality.measure(face, crop)
    sample = embedder.face(picture_of(person, detector))
    # OpenCV rounds places to 1/32 of a pixel, not quite alike in pictures of two sizes, and the
    # tower rounds anew to 8 bits for each picture: so the tower is held to less than its input is.
    apart = crop_face(picture_of(person, detector)).astype(np.float32) - crop
    assert np.abs(apart).mean() < 0.01
    assert cosine(sample.vector, FaceTower(weights).embed(crop[None])[0]) > 0.999
    for name in ("sharpness", "brightness", "contrast"):
        assert getattr(sample.quality, name) == pytest.approx(getattr(served, name), rel=0.01)
    for name in ("yaw", "pitch", "detection"):
        assert getattr(sample.quality, name) == pytest.approx(getattr(served, name), abs=0.1)
    assert np.isnan(sample.quality.size_px)


def test_speech_is_what_serving_makes_of_the_sound(
    weights: Weights, embedder: Embedder, talk: Samples
) -> None:
    windower = SpeechWindower(window_s=8.0, first_s=8.0)
    assert windower.push(AudioChunk(np.asarray(talk * 32768, np.int16), 0.0)) == []
    window = windower.flush()
    sample = embedder.voice(talk)
    assert window is not None
    assert sample is not None
    assert sample.quality.speech_s == pytest.approx(window.quality.speech_s, abs=0.031)
    assert sample.quality.snr_db == pytest.approx(window.quality.snr_db, abs=1.0)
    assert cosine(sample.vector, VoiceTower(weights).embed(window.fbank)) > 0.999


def test_pauses_count_for_nothing(embedder: Embedder, talk: Samples) -> None:
    with_pause = np.concatenate([talk, np.zeros(32_000, np.float32)])
    alone, longer = embedder.voice(talk), embedder.voice(with_pause)
    assert alone is not None
    assert longer is not None
    assert longer.quality.speech_s == pytest.approx(alone.quality.speech_s, abs=0.3)


def test_noise_lowers_the_measured_snr(embedder: Embedder, talk: Samples) -> None:
    rng = np.random.default_rng(0)
    noisy = [add_noise(talk, white(len(talk), rng), snr_db) for snr_db in (25, 15, 5)]
    found = [voice.quality.snr_db for samples in noisy if (voice := embedder.voice(samples))]
    assert len(found) == 3
    assert found == sorted(found, reverse=True)
    assert found[0] - found[2] > 10


@pytest.mark.parametrize("seconds", [0.0, 0.01, LEAST_SPEECH_S - 0.1])
def test_too_little_speech_is_no_sample(embedder: Embedder, talk: Samples, seconds: float) -> None:
    assert embedder.voice(talk[8_000 : 8_000 + int(seconds * 16_000)]) is None


def test_noise_without_speech_is_no_sample(embedder: Embedder) -> None:
    noise = 0.1 * np.random.default_rng(0).standard_normal(32_000).astype(np.float32)
    assert embedder.voice(noise) is None


def test_a_picture_without_a_face_has_no_pose(embedder: Embedder) -> None:
    quality = embedder.face(np.full((160, 160, 3), 90, np.uint8)).quality
    assert np.isnan([quality.size_px, quality.yaw, quality.pitch]).all()
    assert quality.detection == 0
    assert quality.brightness == pytest.approx(90 / 255, abs=1e-3)


def test_the_face_in_the_middle_counts_not_a_bystanders(
    embedder: Embedder, detector: FaceDetector
) -> None:
    picture = picture_of(GRACE, detector)
    small = picture_of(EILEEN, detector)[::3, ::3]
    crowded = np.array(picture)
    crowded[-len(small) :, -len(small) :] = small
    alone, beside = embedder.face(picture).quality, embedder.face(crowded).quality
    assert beside.yaw == pytest.approx(alone.yaw, abs=0.15)
    assert beside.pitch == pytest.approx(alone.pitch, abs=0.15)


def test_what_is_remembered_is_not_computed_again(
    weights: Weights,
    detector: FaceDetector,
    talk: Samples,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    picture, nothing = picture_of(EILEEN, detector), np.zeros((160, 160, 3), np.uint8)

    def embed() -> list[FaceSample | VoiceSample | None]:
        made = Embedder.of_weights(weights, cache=tmp_path)
        return [made.face(picture), made.face(nothing), made.voice(talk)]

    first = embed()
    for network, method in ((FaceTower, "embed"), (VoiceTower, "embed"), (FaceDetector, "detect")):
        monkeypatch.setattr(network, method, None)
    for before, after in zip(first, embed(), strict=True):
        assert before is not None
        assert after is not None
        assert np.array_equal(before.vector, after.vector)
        assert repr(before.quality) == repr(after.quality)  # NaN differs from itself
    assert (
        Memo(next(tmp_path.glob("face_detector-*.bin")), 3)
        .get(picture, lambda: np.zeros(3, np.float32))
        .any()
    )


def test_all_of_a_recording_is_taken_where_speech_drowns(embedder: Embedder) -> None:
    hiss = np.random.default_rng(1).normal(0, 0.05, 32_000).astype(np.float32)
    assert embedder.voice(hiss) is None
    taken = embedder.voice(hiss, whole=True)
    assert taken is not None
    assert (taken.quality.speech_s, taken.quality.snr_db) == (2.0, 0.0)
    assert embedder.voice(hiss[:4_000], whole=True) is None
    assert embedder.voice(hiss / 1000, whole=True) is None  # type: ignore[arg-type]


def test_a_reference_skips_recordings_without_speech(talk: Samples) -> None:
    system = load_system("default", SystemOptions(cache=None))
    face, voice = system.face(np.full((160, 160, 3), 90, np.uint8)), system.voice(talk)
    nothing = system.voice(np.zeros(16_000, np.float32))
    assert nothing is None
    both, one = system.reference([face], [voice, nothing]), system.reference([face], [voice])
    assert np.array_equal(both.voice, one.voice)
    with pytest.raises(ModelError, match="speech"):
        system.reference([face], [nothing])
