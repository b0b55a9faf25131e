from __future__ import annotations

import numpy as np
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


def heard(sound: Sound, *, speech_s: float = 2.0) -> list[bool | None]:
    """What is said each second."""
    echoes, said = Echoes(), []
    for start in range(0, len(sound), SAMPLE_RATE_HZ // 10):
        piece = sound[start : start + SAMPLE_RATE_HZ // 10]
        echoes.hear(AudioChunk(piece, start / SAMPLE_RATE_HZ))
        said.append(echoes.heard_before(lambda *_: speech_s))
    return [one for one in said if one is not None]


def test_what_is_played_again_was_heard_before() -> None:
    once = babble(6.0, seed=1)
    said = heard(np.concatenate([once, once]))
    assert not any(said[:4])
    assert all(said[-3:])


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
