from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from stream_verifier.media.types import SAMPLE_RATE_HZ, AudioChunk
from stream_verifier.verify.channels.presence.echo import Echoes

Sound = NDArray[np.int16]


def babble(seconds: float, seed: int) -> Sound:
    """Noise whose colour and level wander as those of speech do."""
    rng = np.random.default_rng(seed)
    pieces = []
    for _ in range(round(seconds / 0.1)):
        noise = rng.normal(0, 1, SAMPLE_RATE_HZ // 10)
        pieces.append(np.convolve(noise, rng.normal(0, 1, 24), "same") * rng.uniform(100, 2500))
    return np.concatenate(pieces).astype(np.int16)


def heard(sound: Sound, *, speech_s: float = 2.0, piece_s: float = 0.1) -> list[bool | None]:
    """What is said each second."""
    echoes, said, length = Echoes(), [], round(piece_s * SAMPLE_RATE_HZ)
    for start in range(0, len(sound), length):
        piece = sound[start : start + length]
        echoes.hear(AudioChunk(piece, start / SAMPLE_RATE_HZ))
        said.append(echoes.heard_before(lambda *_: speech_s))
    return [one for one in said if one is not None]


def test_what_is_played_again_was_heard_before() -> None:
    once = babble(6.0, seed=1)
    said = heard(np.concatenate([once, once]))
    assert not any(said[:4])
    assert all(said[-3:])


@pytest.mark.parametrize("piece_s", [0.02, 0.5, 1.0])
def test_in_how_large_pieces_it_comes_is_no_matter(piece_s: float) -> None:
    once = babble(6.0, seed=1)
    said = heard(np.concatenate([once, once]), piece_s=piece_s)
    assert not any(said[:4])
    assert all(said[-3:])


def test_where_nobody_asks_little_sound_waits() -> None:
    echoes, waits = Echoes(), 0
    for second in range(90):
        echoes.hear(AudioChunk(babble(1.0, seed=second), float(second)))
        waits = max(waits, echoes._sound.steps)
    assert waits < 25
    assert len(echoes._finder._steps) == 62 * 25


def test_a_louder_copy_with_noise_is_the_same_sound() -> None:
    once = babble(6.0, seed=1)
    copy = once * 0.5 + np.random.default_rng(2).normal(0, 5, len(once))
    assert heard(np.concatenate([once, copy.astype(np.int16)]))[-1]


def test_new_sound_was_never_heard() -> None:
    assert not any(heard(babble(12.0, seed=3)))


def test_what_is_no_speech_is_not_asked_about() -> None:
    once = babble(6.0, seed=1)
    assert heard(np.concatenate([once, once]), speech_s=0.5) == []


def test_sound_behind_a_hole_begins_anew() -> None:
    echoes, once = Echoes(), babble(4.0, seed=1)
    echoes.hear(AudioChunk(once, 0.0))
    echoes.hear(AudioChunk(once, 60.0))
    assert echoes.heard_before(lambda *_: 2.0) is False
