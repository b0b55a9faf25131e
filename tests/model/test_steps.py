"""Sound in steps of 40 ms, whose features come where they are asked for."""

from __future__ import annotations

import numpy as np
import pytest

from model.runtime.fbank import FbankStream, fbank
from model.runtime.steps import STEP_SAMPLES, SteppedSound

SOUND = np.random.default_rng(1).integers(-9000, 9000, 16_000).astype(np.int16)


def pushed(piece: int) -> SteppedSound:
    kept = SteppedSound()
    for start in range(0, len(SOUND), piece):
        kept.push(SOUND[start : start + piece])
    return kept


@pytest.mark.parametrize("piece", [1, 320, 999, 16_000])
def test_features_are_those_of_the_sound_at_once_however_it_comes(piece: int) -> None:
    kept = pushed(piece) if piece > 1 else pushed(7)
    assert kept.steps == 24  # of 25: the last one's last frame reaches past the end
    np.testing.assert_allclose(kept.take(24), fbank(SOUND)[:96], atol=1e-5)
    assert kept.steps == 0


def test_what_is_taken_in_parts_is_what_a_stream_gives() -> None:
    kept = pushed(320)
    parts = [kept.take(count) for count in (3, 0, 1, 20)]
    assert [len(part) for part in parts] == [12, 0, 4, 80]
    np.testing.assert_allclose(np.concatenate(parts), FbankStream().push(SOUND)[:96], atol=1e-5)


def test_steps_that_are_dropped_are_not_read() -> None:
    kept = pushed(320)
    kept.drop(10)
    assert kept.steps == 14
    np.testing.assert_allclose(kept.take(2), fbank(SOUND[10 * STEP_SAMPLES :])[:8], atol=1e-5)


def test_no_sound_has_no_steps() -> None:
    kept = pushed(320)
    kept.clear()
    assert kept.steps == 0
    kept.push(SOUND[: STEP_SAMPLES + 239])
    assert kept.steps == 0
    kept.push(SOUND[:1])
    assert kept.steps == 1
