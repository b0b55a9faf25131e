from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from model.evaluation.systems import Alone, Default, SystemOptions, load_system
from model.types import Reference
from stream_verifier.demo.people import DEMO_PEOPLE, speech


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> SystemOptions:
    return SystemOptions(cache=tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def default(options: SystemOptions) -> Default:
    system = load_system("default", options)
    assert isinstance(system, Default)
    return system


def media(seed: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    rng = np.random.default_rng(seed)
    picture = rng.integers(0, 255, (160, 160, 3), dtype=np.uint8)
    return picture, np.asarray(speech(DEMO_PEOPLE[0], seconds=3.0, seed=seed) / 32768, np.float32)


def made(default: Default, seed: int) -> tuple[Reference, tuple[Any, Any]]:
    picture, samples = media(seed)
    face, voice = default.face(picture), default.voice(samples)
    return default.reference([face], [voice]), (face, voice)


def test_the_default_gives_three_llrs(default: Default) -> None:
    reference, (face, voice) = made(default, 1)
    both = default.compare(reference, face, voice)
    assert None not in both
    assert default.compare(reference, None, voice) == (None, both.voice, both.voice)
    assert default.compare(reference, face, None) == (both.face, None, both.face)
    assert default.compare(reference, None, None) == (None, None, None)
    assert reference.model_id == default.model_id


def test_one_modality_alone_is_the_defaults_own_llr(
    default: Default, options: SystemOptions
) -> None:
    reference, (face, voice) = made(default, 2)
    both = default.compare(reference, face, voice)
    for name, expected in (
        ("face", (both.face, None, both.face)),
        ("voice", (None, both.voice, both.voice)),
    ):
        system = load_system(name, options)
        assert isinstance(system, Alone)
        assert system.base is default  # so that each probe is embedded once for all three
        assert system.compare(reference, face, voice) == expected


def test_without_a_cache_nothing_is_shared(tmp_path: Path) -> None:
    options = SystemOptions(cache=None)
    first, second = (load_system(name, options) for name in ("default", "voice"))
    assert isinstance(second, Alone)
    assert second.base is not first
