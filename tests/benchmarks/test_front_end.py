"""What serves in buffers made once says the same as the arithmetic written plainly."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.front_end import __main__ as benchmark
from benchmarks.front_end import plain, plain_motion
from benchmarks.front_end.step import Step
from benchmarks.front_end.steps import portrait, tensors
from model.runtime import align as alignment
from model.runtime import quality
from model.runtime.fbank import FRAME as FBANK_FRAME
from model.runtime.fbank import HOP, FbankStream, fbank
from model.runtime.moving import own_motion, prepared
from model.runtime.silero import SpeechNetwork
from model.runtime.vad import FRAME, FrameMeter
from stream_verifier.demo.people import DEMO_PEOPLE, DemoPerson, portrait_frames, speech
from tests.support.window_media import Pixels, Samples, noise, silence

TENSORS = tensors()
SPEECH = speech(DEMO_PEOPLE[1], seconds=6.0)
SOUNDS = {
    "speech": SPEECH,
    "a whisper": SPEECH // 200,
    "white noise": noise(2.0, -20),
    "pink noise": noise(2.0, -60, exponent=1.0),
    "silence": silence(1.0),
    "direct current": np.full(16_000, 30_000, np.int16),
    "full scale": np.tile(np.array([32767, -32768], np.int16), 8_000),
    "out of silence": np.concatenate((silence(0.5), SPEECH[:16_000], silence(0.5))),
}
named = pytest.mark.parametrize("sound", SOUNDS.values(), ids=SOUNDS)


@named
def test_the_filterbank(sound: Samples) -> None:
    np.testing.assert_allclose(fbank(sound), plain.fbank(sound), atol=2e-3)


@pytest.mark.parametrize("frames", [0, 1, 3, 4, 5, 31, 32, 33, 64, 65, 129])
def test_the_filterbank_at_the_edges_of_its_blocks(frames: int) -> None:
    for more in (0, 1, HOP - 1):
        sound = SPEECH[: (FBANK_FRAME + (frames - 1) * HOP if frames else 0) + more]
        assert fbank(sound).shape == (frames, 80)
        np.testing.assert_allclose(fbank(sound), plain.fbank(sound), atol=2e-3)


@settings(deadline=None, max_examples=25)
@given(sizes=st.lists(st.integers(0, 3000), min_size=1, max_size=8).filter(any))
def test_the_streamed_filterbank(sizes: list[int]) -> None:
    ours, theirs, at = FbankStream(), plain.FbankStream(), 0
    kept = []
    for size in sizes * 4:
        chunk = SPEECH[at : at + size]
        at += size
        mine, expected = ours.push(chunk), theirs.push(chunk)
        np.testing.assert_allclose(mine, expected, atol=2e-3)
        kept.append((mine, mine.copy()))
    for given_out, copied in kept:  # No later push writes into what was given out.
        np.testing.assert_array_equal(given_out, copied)


@named
def test_the_speech_network(sound: Samples) -> None:
    whole = sound[: len(sound) // FRAME * FRAME]
    expected = plain.SpeechNetwork(TENSORS, step=FRAME).push(whole)
    np.testing.assert_allclose(SpeechNetwork(step=FRAME).push(whole), expected, atol=1e-4)


@settings(deadline=None, max_examples=25)
@given(
    counts=st.lists(st.integers(0, 40), min_size=1, max_size=6), step=st.sampled_from([480, 512])
)
def test_the_speech_network_in_pieces(counts: list[int], step: int) -> None:
    ours, theirs, at = SpeechNetwork(step=step), plain.SpeechNetwork(TENSORS, step=step), 0
    for count in counts:
        piece = SPEECH[at : at + count * step]
        piece = piece[: len(piece) // step * step]
        at += count * step
        np.testing.assert_allclose(ours.push(piece), theirs.push(piece), atol=1e-4)


def test_the_speech_network_stays_true_over_minutes() -> None:
    minutes = np.tile(SPEECH, 30)[: 6000 * FRAME]
    expected = plain.SpeechNetwork(TENSORS, step=FRAME).push(minutes)
    network = SpeechNetwork(step=FRAME)
    said = [network.push(minutes[at : at + FRAME]) for at in range(0, len(minutes), FRAME)]
    np.testing.assert_allclose(np.concatenate(said), expected, atol=1e-3)


@named
def test_level_and_voicing(sound: Samples) -> None:
    meter = FrameMeter()
    for at in range(0, len(sound) - FRAME + 1, FRAME):
        frame = sound[at : at + FRAME]
        np.testing.assert_allclose(meter.measure(frame), plain.measure(frame), rtol=1e-6, atol=1e-6)


@pytest.fixture(scope="module")
def picture() -> Pixels:
    return np.asarray(portrait(900), np.uint8)


@settings(deadline=None, max_examples=80)
@given(
    angle=st.floats(-3.1, 3.1),
    scale=st.floats(0.02, 9.0),
    place=st.tuples(st.floats(-200, 900), st.floats(-200, 1100)),
    cut=st.tuples(st.integers(1, 900), st.integers(1, 600)),
)
def test_a_crop_is_what_shrinking_the_whole_picture_gives(
    picture: Pixels,
    angle: float,
    scale: float,
    place: tuple[float, float],
    cut: tuple[int, int],
) -> None:
    image = picture[: cut[0], : cut[1]]
    turn = scale * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    landmarks = ((alignment.TEMPLATE - 56) @ turn + place).astype(np.float32)
    ours, expected = alignment.align(image, landmarks), plain.align(image, landmarks)
    assert ours.shape == (112, 112, 3)
    apart = np.abs(ours.astype(int) - expected)
    # The corner that places are counted from differs, and with it the last digit of a place.
    assert np.mean(apart > 2) < 0.01
    assert apart.mean() < 0.25


@pytest.mark.parametrize("kind", ["portrait", "noise", "flat", "black", "stripes"])
def test_quality_of_a_crop(picture: Pixels, kind: str) -> None:
    crops = {
        "portrait": cv2.resize(picture, (112, 112), interpolation=cv2.INTER_AREA),
        "noise": np.random.default_rng(0).integers(0, 256, (112, 112, 3)),
        "flat": np.full((112, 112, 3), 130),
        "black": np.zeros((112, 112, 3)),
        "stripes": np.tile(np.array([0, 255]), (112, 3, 56)).transpose(0, 2, 1),
    }
    crop = np.ascontiguousarray(crops[kind], np.uint8)
    expected = plain.crop_quality(crop)
    np.testing.assert_allclose(quality.crop_quality(crop), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("person", DEMO_PEOPLE, ids=lambda person: person.name)
def test_a_mouths_own_motion(person: DemoPerson) -> None:
    pictures = portrait_frames(person, seconds=2.0, fps=6.0, size=(112, 112))
    small = [prepared(np.asarray(cv2.cvtColor(one, cv2.COLOR_BGR2GRAY))) for one in pictures]
    small += [np.zeros_like(small[0]), small[0].T.copy()]
    for now, before in itertools.pairwise(small):
        assert own_motion(now, before) == pytest.approx(
            plain_motion.own_motion(now, before), abs=2e-3
        )


def test_the_benchmark_times_both_ways_and_writes_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(rounds: int) -> int:
        return sum(i * i for i in range(rounds))

    step = Step("counting", plain=lambda: busy(20_000), ours=lambda: busy(2_000))
    monkeypatch.setattr(benchmark, "steps", lambda: iter([step]))
    table, figures = tmp_path / "table.md", tmp_path / "figures.json"
    benchmark.main(["--rounds", "5", "--markdown", str(table), "--json", str(figures)])
    assert "| counting |" in table.read_text()
    assert 0 < json.loads(figures.read_text())["counting"]["ratio"] < 1
