"""Whatever channel a voice is on, it comes out as it would of a mono recording."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from model.runtime.comparator import load_comparator
from model.runtime.reference import make_reference
from model.runtime.speech import cut_speech
from model.runtime.voice import VoiceTower
from model.runtime.weights import Weights
from model.types import Comparator, FaceQuality, FaceSample, Reference, VoiceSample
from stream_verifier.demo.people import DEMO_PEOPLE, speech
from stream_verifier.media.channels import MAX_DELAY_S, ChannelChooser
from tests.support.window_media import noise

Sound = NDArray[np.float64]
GRACE, EILEEN = DEMO_PEOPLE
SECONDS = 6.0
_TURN_S = 4.0
"""When the voice goes over from left to right, in the midst of a word."""
_COUNT = round(SECONDS * 16_000)


def _voice(seed: int, seconds: float = SECONDS) -> Sound:
    return np.asarray(speech(GRACE, seconds=seconds, seed=seed), np.float64)


VOICE, OTHER = _voice(2), np.asarray(speech(EILEEN, seconds=SECONDS, seed=3), np.float64)
NOTHING = np.zeros(_COUNT)
_TIME_S = np.arange(_COUNT) / 16_000
HUM = 6000 * np.sum([np.sin(2 * np.pi * 50 * k * _TIME_S) / k for k in (1, 3, 5, 7)], axis=0)
WHITE = noise(SECONDS, -24.0).astype(np.float64)
HISS = noise(SECONDS, -50.0, seed=1).astype(np.float64)
CLIPPED = np.clip(noise(SECONDS, 0.0, seed=2) * 8.0, -32700, 32700)
MUSIC = 4000 * np.sum(
    [
        np.sin(2 * np.pi * hz * _TIME_S) * np.exp(-4 * ((_TIME_S + shift) % 0.5))
        for hz, shift in ((262, 0.0), (330, 0.12), (392, 0.25), (523, 0.37))
    ],
    axis=0,
)
_WAVERING = np.where(_TIME_S // 1.5 % 2 == 0, 1.0, 0.7)
"""A gain that makes now the one, now the other channel 3 dB louder."""


def _later(ms: float) -> Sound:
    count = round(ms * 16)
    return np.concatenate((np.zeros(count), VOICE))[:_COUNT]


def _changing() -> list[Sound]:
    left = _TIME_S < _TURN_S
    return [np.where(left, VOICE, 0), np.where(left, 0, VOICE)]


CASES: dict[str, list[Sound]] = {
    "left only": [VOICE, NOTHING],
    "right only": [NOTHING, VOICE],
    "antiphase": [VOICE, -VOICE],
    "antiphase, softer": [VOICE, -0.7 * VOICE],
    "dual mono": [VOICE, VOICE],
    "dual mono, 3 dB apart": [VOICE, 0.7 * VOICE],
    "centre of 5.1": [NOTHING, NOTHING, VOICE, NOTHING, NOTHING, NOTHING],
    "centre of 5.1, noise around": [HISS, HISS, VOICE, NOTHING, HISS, HISS],
    "low frequency channel of 5.1": [NOTHING, NOTHING, NOTHING, VOICE, NOTHING, NOTHING],
    "surround of 5.1": [NOTHING, NOTHING, NOTHING, NOTHING, VOICE, NOTHING],
    "side of 7.1": [*[NOTHING] * 7, VOICE],
    "one of sixteen": [*[NOTHING] * 11, VOICE, *[NOTHING] * 4],
    "hum beside": [VOICE, HUM],
    "hum beside, on the left": [HUM, VOICE],
    "white noise beside": [VOICE, WHITE],
    "clipped noise beside": [VOICE, CLIPPED],
    "music beside": [VOICE, MUSIC],
    "hum on one of two": [VOICE, VOICE + HUM],
    "1 ms later": [VOICE, _later(1)],
    "3 ms later": [VOICE, _later(3)],
    "8 ms later, softer": [VOICE, 0.8 * _later(8)],
    "left, then right": _changing(),
}


def _pcm(channels: Iterable[Sound]) -> NDArray[np.int16]:
    return np.stack([np.clip(np.rint(c), -32768, 32767) for c in channels], 1).astype(np.int16)


def _chosen(samples: NDArray[np.int16], sizes: Iterable[int] = (320,)) -> NDArray[np.int16]:
    chooser, at, sizes = ChannelChooser(samples.shape[1]), 0, list(sizes)
    parts: list[NDArray[np.int16]] = []
    while at < len(samples):
        size = sizes[len(parts) % len(sizes)]
        parts.append(chooser.push(samples[at : at + size])[:, 0])
        at += size
    return np.concatenate([*parts, chooser.flush()[:, 0]])


@pytest.fixture(scope="module")
def weights() -> Weights:
    return Weights.load()


@pytest.fixture(scope="module")
def embed(weights: Weights) -> Callable[[NDArray[np.int16]], VoiceSample]:
    tower = VoiceTower(weights)

    def embed(samples: NDArray[np.int16]) -> VoiceSample:
        found = cut_speech(samples.astype(np.float32) / np.float32(32768))
        assert found is not None, "no speech is left"
        return VoiceSample(tower.embed(found.fbank), found.quality)

    return embed


@pytest.fixture(scope="module")
def comparator(weights: Weights) -> Comparator:
    return load_comparator(weights)


@pytest.fixture(scope="module")
def reference(weights: Weights, embed: Callable[[NDArray[np.int16]], VoiceSample]) -> Reference:
    face = FaceSample(np.ones(128, np.float32), FaceQuality(*[1.0] * 7))
    return make_reference(weights.model_id, [face], [embed(_pcm([_voice(1)])[:, 0])])


@pytest.fixture(scope="module")
def mono(embed: Callable[[NDArray[np.int16]], VoiceSample]) -> list[VoiceSample]:
    """The voice in mono, begun a little later each time: features are cut elsewhere."""
    return [embed(_pcm([_later(ms)])[:, 0]) for ms in (0, 1, 3, 5, 8)]


def _llr(comparator: Comparator, reference: Reference, voice: VoiceSample) -> float:
    llr = comparator.compare(reference, None, voice).llr_voice
    assert llr is not None
    return llr


@pytest.mark.parametrize("case", CASES)
def test_a_voice_says_as_much_as_in_mono(
    case: str,
    embed: Callable[[NDArray[np.int16]], VoiceSample],
    comparator: Comparator,
    reference: Reference,
    mono: list[VoiceSample],
) -> None:
    heard = embed(_chosen(_pcm(CASES[case])))
    assert heard.quality.speech_s == pytest.approx(mono[0].quality.speech_s, abs=0.3)
    mono_llrs = [_llr(comparator, reference, one) for one in mono]
    assert min(mono_llrs) - 0.1 <= _llr(comparator, reference, heard) <= max(mono_llrs) + 0.1


@pytest.mark.parametrize(
    "case", ["left only", "surround of 5.1", "hum beside", "clipped noise beside"]
)
def test_the_one_channel_with_speech_comes_out_as_it_is(case: str) -> None:
    heard = _chosen(_pcm(CASES[case]))
    settled = slice(16_000, None)
    np.testing.assert_array_equal(heard[settled], _pcm([VOICE])[settled, 0])


@pytest.mark.parametrize(
    "sounds",
    [
        pytest.param(CASES["antiphase, softer"], id="antiphase"),
        pytest.param(CASES["8 ms later, softer"], id="later"),
        pytest.param(
            [_WAVERING * VOICE + HISS, (1.7 - _WAVERING) * _later(3) + HISS], id="by turns"
        ),
    ],
)
def test_a_voice_that_comes_twice_is_followed_on_one_channel(sounds: list[Sound]) -> None:
    samples = _pcm(sounds)
    same = _chosen(samples)[16_000:, np.newaxis] == samples[16_000:]
    assert same.all(axis=0).any()


def test_people_who_talk_at_once_are_both_heard() -> None:
    heard = _chosen(_pcm([VOICE, OTHER]))
    both = np.corrcoef(heard, (VOICE + OTHER) / 2)[0, 1]
    assert both > 0.95


def test_a_soft_voice_beside_a_loud_one_is_heard_too() -> None:
    """Nobody hides what he says behind the right person's voice on another channel."""
    heard = _chosen(_pcm([VOICE, 0.1 * OTHER])).astype(np.float64)
    share = [np.dot(heard, part) / np.dot(part, part) for part in (VOICE, 0.1 * OTHER)]
    assert share == pytest.approx([0.5, 0.5], abs=0.15)


def test_what_a_listener_hears_of_one_channel_or_of_their_sum_is_given_beside() -> None:
    samples = _pcm([VOICE, 0.7 * OTHER - VOICE])
    chooser = ChannelChooser(2)
    given = np.concatenate((chooser.push(samples), chooser.flush()))
    assert given.shape == (len(samples), 4)
    np.testing.assert_array_equal(given[:, 1:3], samples)
    np.testing.assert_allclose(given[:, 3], samples.mean(axis=1), atol=0.5)


def test_of_many_channels_their_sum_is_given_beside() -> None:
    given = ChannelChooser(6).push(_pcm(CASES["centre of 5.1"]))
    np.testing.assert_allclose(given[:, 1], _pcm([VOICE])[: len(given), 0] / 6, atol=0.6)


def test_noise_between_words_stays_out() -> None:
    pause = slice(round(3.5 * 16_000), round(5.0 * 16_000))
    voice = VOICE.copy()
    voice[pause] = 0
    heard = _chosen(_pcm([voice, CLIPPED]))
    assert np.abs(heard[pause]).max() == 0


def test_channels_change_without_a_click() -> None:
    """The step from one channel to the next, here of direct currents, is spread over 20 ms."""
    pause = slice(round(3.0 * 16_000), round(4.5 * 16_000))
    left, right = _changing()
    left[pause] = right[pause] = 0
    heard = _chosen(_pcm([left + 4000, right - 4000]))
    current = (heard - left - right)[16_000:]
    assert current[0] == pytest.approx(4000, abs=1)
    assert current[-1] == pytest.approx(-4000, abs=1)
    assert np.abs(np.diff(current)).max() <= 8000 / 320 + 2


@settings(max_examples=12, deadline=None)
@given(
    case=st.sampled_from(["antiphase", "left, then right", "hum beside", "dual mono"]),
    sizes=st.lists(st.integers(1, 6000), min_size=1, max_size=6),
    begin=st.integers(0, 56_000),
)
def test_what_comes_out_is_the_same_however_it_is_cut(
    case: str, sizes: list[int], begin: int
) -> None:
    samples = _pcm(CASES[case])[begin : begin + 40_000]
    np.testing.assert_array_equal(_chosen(samples, sizes), _chosen(samples))


@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    channels=st.integers(1, 9),
    size=st.integers(1, 5000),
    count=st.integers(0, 20_000),
)
def test_nothing_is_lost_nor_late(seed: int, channels: int, size: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    samples = rng.integers(-32768, 32768, (count, channels)).astype(np.int16)
    samples[:, rng.random(channels) < 0.5] = 0
    chooser, given_samples = ChannelChooser(channels), 0
    for at in range(0, count, size):
        part = samples[at : at + size]
        given_samples += len(chooser.push(part))
        assert at + len(part) - given_samples <= MAX_DELAY_S * 16_000
    assert given_samples + len(chooser.flush()) == count


@pytest.mark.parametrize("channels", [1, 2, 6])
def test_copies_pass_at_once_and_unchanged(channels: int) -> None:
    samples = _pcm([VOICE] * channels)
    chooser = ChannelChooser(channels)
    for at in range(0, 32_000, 320):
        part = samples[at : at + 320]
        np.testing.assert_array_equal(chooser.push(part), part[:, :1])
    assert len(chooser.flush()) == 0


def test_after_a_second_of_copies_nobody_listens_any_more() -> None:
    samples = np.concatenate((_pcm([VOICE, NOTHING])[:16_000], _pcm([VOICE, VOICE])[16_000:]))
    chooser = ChannelChooser(2)
    given_samples = len(chooser.push(samples[:64_000]))
    assert given_samples == 64_000
    np.testing.assert_array_equal(chooser.push(samples[64_000:64_320]), samples[64_000:64_320, :1])


def test_the_loudest_samples_do_not_run_over() -> None:
    samples = np.full((48_000, 2), -32768, np.int16)
    samples[:, 1] = 32767
    assert np.abs(_chosen(samples).astype(int)).max() <= 32768
    np.testing.assert_array_equal(_chosen(samples[:, :1].repeat(2, axis=1)), samples[:, 0])
