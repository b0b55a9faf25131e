"""Reads the tensors of a PyTorch checkpoint, without PyTorch and without running its pickle.

A ``.pt`` file is a zip archive: ``*/data.pkl`` describes the tensors, ``*/data/<key>`` holds
each storage as raw little-endian numbers. The unpickler below knows the four names that a plain
state dict uses and refuses every other one, so that nothing in the file can run.
"""

from __future__ import annotations

import io
import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.errors import WeightsError

_DTYPES: dict[str, type[np.generic]] = {"FloatStorage": np.float32, "LongStorage": np.int64}


def read_state_dict(path: Path) -> dict[str, NDArray[Any]]:
    """Read all tensors by name.

    Raises:
        WeightsError: the file is no checkpoint, or it holds more than plain tensors.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            root = next(n for n in archive.namelist() if n.endswith("data.pkl"))[: -len("data.pkl")]
            tensors = _Unpickler(archive, root).load()
    except (OSError, StopIteration, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise WeightsError(f"{path.name} is not a readable PyTorch checkpoint: {error}") from error
    except pickle.UnpicklingError as error:
        raise WeightsError(f"{path.name} holds more than plain tensors: {error}") from error
    return {str(name): tensor for name, tensor in tensors.items()}


class _Unpickler(pickle.Unpickler):
    """Rebuilds tensors as arrays over the archive's raw storages."""

    def __init__(self, archive: zipfile.ZipFile, root: str) -> None:
        super().__init__(io.BytesIO(archive.read(f"{root}data.pkl")))
        self._archive = archive
        self._root = root

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuild
        if module == "torch" and name in _DTYPES:
            return _DTYPES[name]
        raise pickle.UnpicklingError(f"{module}.{name} is not allowed")

    def persistent_load(self, pid: Any) -> NDArray[Any]:
        _, dtype, key, _, size = pid
        raw = self._archive.read(f"{self._root}data/{key}")
        return np.frombuffer(raw, np.dtype(dtype).newbyteorder("<"))[:size]


def _rebuild(
    storage: NDArray[Any], offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: Any
) -> NDArray[Any]:
    step = storage.itemsize
    view = np.lib.stride_tricks.as_strided(
        storage[offset:], shape, [s * step for s in strides], writeable=False
    )
    return np.ascontiguousarray(view)
