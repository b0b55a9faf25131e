"""One LiteRT model at work on several threads."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from model.errors import WeightsError
from model.runtime import litert
from model.runtime.comparator import NETWORK_PART
from model.runtime.litert import LiteRtModel
from model.runtime.weights import Weights
from model.types import Vector

WAIT_S = 20


@pytest.fixture
def batch() -> Vector:
    details = LiteRtModel(Weights.load().path(NETWORK_PART))._copies._free[0]._shape
    return np.random.default_rng(1).normal(size=details).astype(np.float32)


@pytest.mark.parametrize("copies", [1, 2])
def test_so_many_threads_are_at_work_at_once_and_all_get_the_same(
    copies: int, batch: Vector, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = LiteRtModel(Weights.load().path(NETWORK_PART), copies=copies)
    expected = model.run(batch)
    inside: set[int] = set()
    at_once: list[int] = []
    met, run = threading.Event(), litert._Interpreter.run

    def watched(self: litert._Interpreter, given: Vector) -> Vector:
        inside.add(id(self))
        at_once.append(len(inside))
        if len(inside) == copies:
            met.set()
        assert met.wait(WAIT_S)
        output = run(self, given)
        inside.discard(id(self))
        return output

    monkeypatch.setattr(litert._Interpreter, "run", watched)
    with ThreadPoolExecutor(4) as pool:
        outputs = list(pool.map(model.run, [batch] * 12))
    assert max(at_once) == copies
    for output in outputs:
        np.testing.assert_array_equal(output, expected)


def test_one_thread_makes_one_copy(batch: Vector) -> None:
    model = LiteRtModel(Weights.load().path(NETWORK_PART), copies=3)
    for _ in range(3):
        model.run(batch)
    assert len(model._copies._free) == 1


def test_what_fails_gives_its_copy_back(batch: Vector) -> None:
    model = LiteRtModel(Weights.load().path(NETWORK_PART))
    with pytest.raises(ValueError, match="Cannot set tensor"):
        model.run(batch.astype(np.float64))
    assert model.run(batch).dtype == np.float32


def test_a_file_that_is_none_is_an_error(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("none") / "none.tflite"
    path.write_bytes(b"nothing")
    with pytest.raises(WeightsError, match=r"cannot load none\.tflite"):
        LiteRtModel(path)
