"""One training run: a folder that a killed run goes on from, to the same weights."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from model.errors import CheckpointError
from model.training import state
from model.training.curves import plot
from model.training.files import write_whole
from model.training.progress import Bar
from model.training.state import Row

if TYPE_CHECKING:
    import keras

Batches = Callable[[int], Iterable[tuple[Any, ...]]]
Validate = Callable[[], dict[str, float]]

_WATCHED = "val_loss"
"""By which the best epoch is known; lower is better."""


class Run:
    """The folder of one training run: configuration, checkpoints, history, curves.

    Files: ``config.json``; of each stage ``STAGE.npz`` (the last checkpoint), ``STAGE.best.npz``
    (where it stops early) and ``STAGE.png`` (curves); ``history.json`` of all stages.

    Args:
        folder: made if it is not there.
        config: all that the outcome depends on; JSON, other values by their ``str``.

    Raises:
        CheckpointError: the folder holds a run of another configuration.
    """

    def __init__(self, folder: Path, config: Mapping[str, Any]) -> None:
        self.folder = folder
        self.config: dict[str, Any] = json.loads(json.dumps(dict(config), default=str))
        path = folder / "config.json"
        if not path.is_file():
            self.write("config.json", self.config)
        elif (found := _read_json(path)) != self.config:
            raise CheckpointError(
                f"{folder} holds a run of another configuration ({_difference(found, self.config)})"
                ": use another --run folder or delete this one"
            )

    @classmethod
    def open(cls, folder: Path) -> Run:
        """Reopen a run as it was configured.

        Raises:
            CheckpointError: the folder holds no run.
        """
        path = folder / "config.json"
        if not path.is_file():
            raise CheckpointError(f"{folder} holds no training run: train one, or name its folder")
        return cls(folder, _read_json(path))

    def train(
        self,
        stage: str,
        model: keras.Model,
        batches: Batches,
        *,
        epochs: int,
        validate: Validate | None = None,
        steps: int | None = None,
        patience: int | None = None,
    ) -> None:
        """Train a compiled model, or go on where a killed run left off.

        After every epoch a checkpoint and a history row are written; epochs that the folder
        already holds are skipped. The model ends with the last epoch's weights, or with
        ``patience`` those of the epoch that was best.

        Args:
            stage: name of this part of the run, used in file names.
            model: compiled; weights as the stage starts with.
            batches: gives an epoch's batches, tuples as ``train_on_batch`` takes them. Must
                follow from a seed and the epoch's number alone.
            epochs: how many, at most.
            validate: figures of the model after an epoch; kept as ``val_NAME``.
            steps: batches of an epoch, for the progress bar; None where it is not known.
            patience: epochs without a better validation loss before it stops; None: never.

        Raises:
            CheckpointError: a checkpoint cannot be written or is garbled.
        """
        history = self._resume(stage, model)
        with Bar(stage, epochs=epochs, steps=steps, done=len(history)) as bar:
            while len(history) < epochs and not _is_stale(history, patience):
                row = _epoch(model, batches(len(history)), bar)
                history.append(row | {f"val_{k}": float(v) for k, v in _figures(validate).items()})
                bar.finish_epoch(history)
                self._save(stage, model, history, patience)
        if patience is not None and history:
            state.load(self._best(stage), model, optimizer=False)
        self._publish(stage, history)

    def restore(self, stage: str, model: keras.Model) -> None:
        """Load the weights that a stage has come to (the best ones, where it stops early).

        Raises:
            CheckpointError: the stage was not trained, or the model is another one.
        """
        best = self._best(stage)
        path = best if best.is_file() else self._last(stage)
        state.load(path, model, optimizer=False)

    def history(self, stage: str) -> list[Row]:
        """A stage's figures so far, one row an epoch; empty where it was not trained."""
        path = self.folder / "history.json"
        found: dict[str, list[Row]] = _read_json(path) if path.is_file() else {}
        return found.get(stage, [])

    def write(self, name: str, content: object) -> None:
        """Write a JSON file into the folder, whole or not at all.

        Raises:
            CheckpointError: the disk is full or refuses.
        """
        write_whole(self.folder / name, (json.dumps(content, indent=2) + "\n").encode())

    def _last(self, stage: str) -> Path:
        return self.folder / f"{stage}.npz"

    def _best(self, stage: str) -> Path:
        return self.folder / f"{stage}.best.npz"

    def _resume(self, stage: str, model: keras.Model) -> list[Row]:
        path = self._last(stage)
        return state.load(path, model, optimizer=True) if path.is_file() else []

    def _save(
        self,
        stage: str,
        model: keras.Model,
        history: list[Row],
        patience: int | None,
    ) -> None:
        # The best one first: a kill between the two repeats the epoch and comes to it again.
        if patience is not None and _best_epoch(history) == len(history) - 1:
            state.save(self._best(stage), model, history, optimizer=False)
        state.save(self._last(stage), model, history, optimizer=True)
        self._record(stage, history)

    def _record(self, stage: str, history: list[Row]) -> None:
        path = self.folder / "history.json"
        self.write(path.name, (_read_json(path) if path.is_file() else {}) | {stage: history})

    def _publish(self, stage: str, history: list[Row]) -> None:
        self._record(stage, history)
        write_whole(self.folder / f"{stage}.png", plot(stage, history))


def _epoch(model: keras.Model, batches: Iterable[tuple[Any, ...]], bar: Bar) -> Row:
    """Train on an epoch's batches; the metrics over all of them."""
    model.reset_metrics()
    row: Row = {}
    with _metrics_kept(model):
        for batch in batches:
            row = {k: float(v) for k, v in model.train_on_batch(*batch, return_dict=True).items()}
            bar.advance(row["loss"])
    return row


@contextmanager
def _metrics_kept(model: keras.Model) -> Iterator[None]:
    """Let metrics add up: Keras forgets them with every single batch."""
    model.reset_metrics = lambda: None
    try:
        yield
    finally:
        del model.reset_metrics


def _figures(validate: Validate | None) -> dict[str, float]:
    return validate() if validate else {}


def _best_epoch(history: list[Row]) -> int:
    return min(range(len(history)), key=lambda epoch: history[epoch][_WATCHED])


def _is_stale(history: list[Row], patience: int | None) -> bool:
    if patience is None or not history:
        return False
    return len(history) - 1 - _best_epoch(history) >= patience


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} is garbled ({error}): delete the run's folder") from error


def _difference(found: object, wanted: dict[str, Any]) -> str:
    if not isinstance(found, dict):
        return "config.json is no configuration"
    keys = sorted(k for k in found.keys() | wanted if found.get(k) != wanted.get(k))
    return ", ".join(f"{k}: {found.get(k)!r} there, {wanted.get(k)!r} asked for" for k in keys)
