"""What a checkpoint holds: a model's variables, its optimiser's, and the history so far."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from model.errors import CheckpointError
from model.training.files import write_whole

if TYPE_CHECKING:
    import keras

Row = dict[str, float]

_GARBLED = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error)


def model_variables(model: keras.Model) -> list[Any]:
    """All that training changes in a model: weights, moving averages, and the state of dropout.

    ``model.weights`` would leave out the random state, and a resumed run would differ.
    """
    metrics = {id(variable) for variable in model.metrics_variables}
    return [variable for variable in model.variables if id(variable) not in metrics]


def save(path: Path, model: keras.Model, history: list[Row], *, optimizer: bool) -> None:
    """Write a checkpoint, whole or not at all.

    Args:
        path: the file.
        model: compiled where ``optimizer`` is wanted.
        history: one row an epoch.
        optimizer: whether to store its state, which going on needs and using does not.

    Raises:
        CheckpointError: the disk is full or refuses.
    """
    arrays: dict[str, Any] = {
        "history": np.frombuffer(json.dumps(history).encode(), dtype=np.uint8)
    }
    arrays |= {f"model_{i}": np.asarray(v) for i, v in enumerate(model_variables(model))}
    if optimizer:
        states = model.optimizer.variables
        arrays |= {f"optimizer_{i}": np.asarray(v) for i, v in enumerate(states)}
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    write_whole(path, buffer.getvalue())


def load(path: Path, model: keras.Model, *, optimizer: bool) -> list[Row]:
    """Bring a model, and its optimiser if asked, to where a checkpoint left them.

    Returns:
        The history, one row an epoch.

    Raises:
        CheckpointError: the file is missing, garbled, or of another model.
    """
    arrays = _read(path)
    variables = model_variables(model)
    _assign(path, variables, arrays, "model")
    if optimizer:
        model.optimizer.build(model.trainable_variables)
        _assign(path, model.optimizer.variables, arrays, "optimizer")
    history: list[Row] = json.loads(arrays["history"].tobytes())
    return history


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise CheckpointError(f"there is no checkpoint {path}: train first")
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        json.loads(arrays["history"].tobytes())
        return arrays
    except _GARBLED as error:
        raise CheckpointError(
            f"checkpoint {path} is garbled ({error}): delete it to train this stage anew"
        ) from error


def _assign(path: Path, variables: list[Any], arrays: dict[str, Any], kind: str) -> None:
    stored = [arrays[f"{kind}_{i}"] for i in range(sum(n.startswith(kind + "_") for n in arrays))]
    if [tuple(v.shape) for v in variables] != [a.shape for a in stored]:
        raise CheckpointError(
            f"checkpoint {path} is of another {kind}: use another --run folder or delete this one"
        )
    for variable, value in zip(variables, stored, strict=True):
        variable.assign(value)
