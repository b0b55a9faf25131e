"""Training runs that are killed, refused, garbled, or run out of disk."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from model.errors import CheckpointError
from model.training import files
from model.training.run import Run

CONFIG = {"width": 4, "pack": Path("somewhere")}
Batches = Callable[[int], Iterator[tuple[Any, ...]]]


class Killed(BaseException):
    """Stands for a kill in the middle of an epoch."""


def build() -> keras.Model:
    keras.utils.set_random_seed(3)
    layers = [
        keras.Input((3,)),
        keras.layers.Dense(4, activation="relu"),
        keras.layers.Dropout(0.5),
        keras.layers.Dense(1, activation="sigmoid"),
    ]
    model = keras.Sequential(layers)
    # Eager: these models are too small to be worth tracing.
    model.compile(
        keras.optimizers.Adam(1e-2), "binary_crossentropy", metrics=["accuracy"], run_eagerly=True
    )
    return model


def batches(epoch: int) -> Iterator[tuple[Any, ...]]:
    rng = np.random.default_rng(epoch)
    for _ in range(3):
        x = rng.standard_normal((8, 3)).astype(np.float32)
        yield x, (x[:, :1] > 0).astype(np.float32)


def killed_in(epoch: int) -> Batches:
    def until(current: int) -> Iterator[tuple[Any, ...]]:
        for index, batch in enumerate(batches(current)):
            if (current, index) == (epoch, 1):
                raise Killed
            yield batch

    return until


def no_space(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture(scope="module")
def two_epochs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    Run(folder, CONFIG).train("towers", build(), batches, epochs=2, steps=3)
    return folder


@pytest.fixture
def trained(two_epochs: Path, tmp_path: Path) -> Path:
    """A folder with two epochs of the stage "towers"."""
    return Path(shutil.copytree(two_epochs, tmp_path / "run"))


def test_a_killed_run_ends_with_the_weights_of_one_never_interrupted(tmp_path: Path) -> None:
    straight, broken = build(), build()
    Run(tmp_path / "a", CONFIG).train("towers", straight, batches, epochs=4)
    with pytest.raises(Killed):
        Run(tmp_path / "b", CONFIG).train("towers", broken, killed_in(2), epochs=4)
    resumed = build()
    Run(tmp_path / "b", CONFIG).train("towers", resumed, batches, epochs=4)
    for one, other in zip(straight.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert Run.open(tmp_path / "a").history("towers") == Run.open(tmp_path / "b").history("towers")


def test_a_finished_stage_is_loaded_and_not_trained_again(trained: Path) -> None:
    def refuse(epoch: int) -> Iterator[tuple[Any, ...]]:
        raise AssertionError(f"epoch {epoch} was asked for again")

    model, restored = build(), build()
    Run(trained, CONFIG).train("towers", model, refuse, epochs=2)
    Run.open(trained).restore("towers", restored)
    x = np.ones((2, 3), np.float32)
    np.testing.assert_array_equal(model(x), restored(x))


def test_it_keeps_a_history_and_draws_curves(trained: Path) -> None:
    rows = json.loads((trained / "history.json").read_text())["towers"]
    assert [set(row) for row in rows] == [{"loss", "accuracy"}] * 2
    assert (trained / "towers.png").read_bytes().startswith(b"\x89PNG")


def test_a_row_is_about_the_whole_epoch(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, activation="sigmoid")])
    still = keras.optimizers.SGD(0.0)
    model.compile(still, "binary_crossentropy", metrics=["accuracy"], run_eagerly=True)
    run = Run(tmp_path, CONFIG)
    run.train("towers", model, batches, epochs=1)
    x, y = (np.concatenate(part) for part in zip(*batches(0), strict=True))
    expected = model.evaluate(x, y, verbose=0, return_dict=True)
    assert run.history("towers")[0] == pytest.approx(expected, abs=1e-5)


def test_it_stops_early_and_goes_back_to_the_best_epoch(tmp_path: Path) -> None:
    model, losses, seen = build(), iter([3.0, 1.0, 2.0, 2.5, 0.0]), []

    def validate() -> dict[str, float]:
        seen.append(model.get_weights()[0].copy())
        return {"loss": next(losses)}

    run = Run(tmp_path, CONFIG)
    run.train("towers", model, batches, epochs=5, validate=validate, patience=2)
    assert [row["val_loss"] for row in run.history("towers")] == [3.0, 1.0, 2.0, 2.5]
    np.testing.assert_array_equal(model.get_weights()[0], seen[1])
    again = build()
    Run(tmp_path, CONFIG).train("towers", again, batches, epochs=5, validate=validate, patience=2)
    np.testing.assert_array_equal(again.get_weights()[0], seen[1])


def test_another_configuration_is_refused_with_what_differs(trained: Path) -> None:
    with pytest.raises(CheckpointError, match=r"width: 4 there, 5 asked for.*another --run folder"):
        Run(trained, CONFIG | {"width": 5})


def test_a_folder_without_a_run_is_not_opened(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="holds no training run"):
        Run.open(tmp_path)


def test_a_garbled_checkpoint_is_told_by_name(trained: Path) -> None:
    path = trained / "towers.npz"
    whole = path.read_bytes()
    for wrong in (whole[: len(whole) // 2], b"", whole[:400] + bytes(40) + whole[440:]):
        path.write_bytes(wrong)
        with pytest.raises(CheckpointError, match=r"towers\.npz is garbled .*delete it"):
            Run(trained, CONFIG).train("towers", build(), batches, epochs=3)


def test_a_checkpoint_of_another_model_is_refused(trained: Path) -> None:
    other = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    other.compile(keras.optimizers.Adam(), "mse")
    with pytest.raises(CheckpointError, match="of another model"):
        Run(trained, CONFIG).train("towers", other, batches, epochs=3)


def test_a_stage_never_trained_cannot_be_restored(trained: Path) -> None:
    with pytest.raises(CheckpointError, match="train first"):
        Run.open(trained).restore("head", build())


def test_a_full_disk_leaves_the_last_checkpoint_whole(
    trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (trained / "towers.npz").read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(files.os, "fsync", no_space)  # type: ignore[attr-defined]
        with pytest.raises(CheckpointError, match=r"disk is full.*towers\.npz of before is whole"):
            Run(trained, CONFIG).train("towers", build(), batches, epochs=3)
    assert (trained / "towers.npz").read_bytes() == before
    assert not list(trained.glob("*.part"))
    Run(trained, CONFIG).train("towers", build(), batches, epochs=3)
    assert len(Run.open(trained).history("towers")) == 3


def test_a_write_that_the_system_cuts_short_leaves_the_old_file(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    path = tmp_path / "file"
    files.write_whole(path, b"old")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(CheckpointError, match="disk is full"):
            files.write_whole(path, bytes(100_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert [file.name for file in tmp_path.iterdir()] == ["file"]
    assert path.read_bytes() == b"old"
