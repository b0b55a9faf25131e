from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from model.errors import ModelError
from model.lips.lessons import bands_of
from model.runtime import talking
from model.runtime.align import template
from model.runtime.detect import DetectedFace
from model.runtime.lips import Agreement
from model.runtime.mouth import STEP_S, mouth, nearest, steady
from model.runtime.talking import TalkingHead

RATE_HZ = 16_000
RNG = np.random.default_rng


class Plain:
    """Takes some pixels and bands for vectors: what is told apart here is where they come from."""

    def features(self, mouths: NDArray[np.uint8]) -> NDArray[np.float32]:
        return mouths[:, ::5, ::5].reshape(len(mouths), -1)[:, :118].astype(np.float32)

    def picture(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        return features[:, :64] - 128

    def sound(self, fbank: NDArray[np.float32]) -> NDArray[np.float32]:
        return fbank[::4, :64]


def _head() -> TalkingHead:
    network: Any = Plain()
    return TalkingHead(network)


@cache
def _picture(seed: int) -> NDArray[np.uint8]:
    coarse = RNG(seed).integers(0, 256, (20, 20, 3)).astype(np.uint8)
    return np.kron(coarse, np.ones((12, 12, 1), np.uint8))


def _face(trembling: float, seed: int) -> DetectedFace:
    landmarks = template(160) + 30 + trembling * RNG(seed).standard_normal((5, 2))
    return DetectedFace((60.0, 60.0, 100.0, 130.0), landmarks.astype(np.float32), 0.9)


def _sound(seconds: float) -> NDArray[np.int16]:
    return RNG(7).integers(-9000, 9000, round(seconds * RATE_HZ)).astype(np.int16)


def _play(
    head: TalkingHead,
    seconds: float,
    *,
    start_s: float = 0.0,
    rate_hz: float = 25.0,
    dark_s: tuple[float, float] = (9e9, 9e9),
    trembling: float = 1.0,
) -> list[Agreement]:
    """A call in pieces of 20 ms of sound, pictures between them."""
    sound, found, shown = _sound(seconds), [], 0
    for piece in range(round(seconds / 0.02)):
        now_s = piece * 0.02
        if shown / rate_hz <= now_s:
            time_s = shown / rate_hz
            if not dark_s[0] <= time_s < dark_s[1]:
                head.see(start_s + time_s, _picture(shown), _face(trembling, shown))
            shown += 1
        head.hear(start_s + now_s, sound[piece * 320 : (piece + 1) * 320])
        found.append(head.agreement())
    return found


def _total(parts: list[Agreement]) -> Agreement:
    return sum(parts, Agreement.nothing())


@pytest.mark.parametrize("rate_hz", [15.0, 25.0, 30.0])
def test_a_call_in_pieces_gives_what_a_clip_gives_at_once(rate_hz: float) -> None:
    found = _total(_play(_head(), 3.6, rate_hz=rate_hz))
    times_s = np.arange(int(3.6 * rate_hz)) / rate_hz
    landmarks = steady(times_s, np.stack([_face(1.0, k).landmarks for k in range(len(times_s))]))
    mouths = np.stack([mouth(_picture(k), landmarks[k]) for k in range(len(times_s))])
    network = Plain()
    shown = nearest(times_s, STEP_S, 75)  # the first step whose sound is whole is the second
    bands = bands_of(_sound(3.6), 90)[4 : 4 + 300]
    expected = Agreement.of(network.picture(network.features(mouths[shown])), network.sound(bands))
    assert found.seconds == pytest.approx(3.0)
    np.testing.assert_array_equal(found.counts, expected.counts)
    np.testing.assert_allclose(found.totals, expected.totals, rtol=0.02, atol=200)
    assert np.corrcoef(found.totals, expected.totals)[0, 1] > 0.99


def test_pieces_come_each_three_seconds_and_the_rest_at_the_end() -> None:
    head = _head()
    found = _play(head, 8.0)
    assert [part.seconds for part in found if part.seconds] == pytest.approx([3.0, 3.0])
    assert head.agreement(last=True).seconds == pytest.approx(1.9, abs=0.06)
    assert head.agreement(last=True).seconds == 0


def test_where_no_picture_came_nothing_is_said_of_the_lips() -> None:
    found = _play(_head(), 8.0, dark_s=(2.0, 3.5))
    assert _total(found).seconds == pytest.approx(3.0)
    late = next(index for index, part in enumerate(found) if part.seconds)
    assert late * 0.02 > 6.4  # three seconds after the dark, and what steadies a face


def test_only_speech_counts() -> None:
    head = _head()
    for k in range(180):
        head.hear(k * 0.02, _sound(0.02))
    for k in range(90):
        head.see(k * STEP_S, _picture(k), _face(0.0, k))
    found = head.agreement(lambda start_s, end_s: start_s >= 1.0)
    assert found.seconds == pytest.approx(3.0 + STEP_S - 1.0, abs=0.05)


def test_sound_that_does_not_follow_on_starts_anew() -> None:
    head = _head()
    first = _play(head, 2.0)
    second = _play(head, 3.6, start_s=10.0)
    assert _total(first).seconds == 0
    assert _total(second).seconds == pytest.approx(3.0)


def test_it_starts_at_any_time_of_the_media_clock() -> None:
    found = _total(_play(_head(), 3.6, start_s=1234.567))
    assert found.seconds == pytest.approx(3.0)


def test_forgetting_lets_go_of_all() -> None:
    head = _head()
    _play(head, 2.9)
    head.forget()
    assert head.agreement(last=True).seconds == 0
    assert _total(_play(head, 3.6, start_s=5.0)).seconds == pytest.approx(3.0)


def test_one_side_alone_does_not_grow_without_a_bound() -> None:
    head = _head()
    for k in range(1500):
        head.hear(k * 0.02, _sound(0.02))
    for k in range(600):
        head.see(k * STEP_S, _picture(k % 9), _face(0.0, 0))
    kept = vars(head)
    assert kept["_sound"].steps <= talking._MOST_STEPS
    assert len(kept["_features"]) <= talking._MOST_STEPS + 1
    assert len(kept["_waiting"]) + len(kept["_done"]) < 25


def test_pictures_come_in_order() -> None:
    head = _head()
    head.see(1.0, _picture(1), _face(0.0, 1))
    with pytest.raises(ModelError, match="came after"):
        head.see(1.0, _picture(2), _face(0.0, 1))
    head.forget()
    head.see(0.5, _picture(2), _face(0.0, 1))


def test_a_face_at_the_edge_is_read_as_far_as_it_is_seen() -> None:
    head = _head()
    outside = DetectedFace(
        (-200.0, -200.0, 100.0, 130.0), (template(160) - 400).astype(np.float32), 0.9
    )
    for k in range(20):
        head.see(k * STEP_S, _picture(k), outside)
    head.hear(0.0, _sound(1.0))
    assert np.isfinite(head.agreement(last=True).totals).all()
