"""Reads the tensors of a PyTorch checkpoint, without PyTorch and without running its pickle.

A file of today is a zip archive: ``*/data.pkl`` describes the tensors, ``*/data/<key>`` holds
each storage as raw little-endian numbers. A file of before PyTorch 1.6 is a row of pickles, three
that say what it is, the tensors, the names of the storages, and then the storages one after the
other, each with its length before it. The unpicklers below know the four names that a plain state
dict uses and refuse every other one, so that nothing in a file can run.
"""

from __future__ import annotations

import io
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.errors import WeightsError

_DTYPES: dict[str, type[np.generic]] = {"FloatStorage": np.float32, "LongStorage": np.int64}
_UNREADABLE = (OSError, StopIteration, KeyError, ValueError, EOFError, zipfile.BadZipFile)
_OLD_MAGIC = pickle.dumps(0x1950A86A20F9469CFC6C, protocol=2) + pickle.dumps(1001, protocol=2)
"""How a file of the older form starts: a number to know it by, and its version."""

Storage = NDArray[Any]


def read_state_dict(path: Path) -> dict[str, NDArray[Any]]:
    """Read all tensors by name.

    Raises:
        WeightsError: the file is no checkpoint, or it holds more than plain tensors.
    """
    try:
        tensors = _read_zip(path) if zipfile.is_zipfile(path) else _read_row(path)
        return {str(name): tensor() for name, tensor in tensors.items()}
    except _UNREADABLE as error:
        raise WeightsError(f"{path.name} is not a readable PyTorch checkpoint: {error}") from error
    except (pickle.UnpicklingError, TypeError, AttributeError) as error:
        raise WeightsError(f"{path.name} holds more than plain tensors: {error}") from error


def _read_zip(path: Path) -> Any:
    with zipfile.ZipFile(path) as archive:
        root = next(n for n in archive.namelist() if n.endswith("data.pkl"))[: -len("data.pkl")]

        def storage(dtype: type[np.generic], key: str, size: int) -> Callable[[], Storage]:
            raw = archive.read(f"{root}data/{key}")
            return lambda: np.frombuffer(raw, np.dtype(dtype).newbyteorder("<"))[:size]

        return _Unpickler(io.BytesIO(archive.read(f"{root}data.pkl")), storage).load()


def _read_row(path: Path) -> Any:
    """The old form, whose storages are known only after the tensors that lie in them."""
    file = io.BytesIO(path.read_bytes())
    dtypes: dict[str, type[np.generic]] = {}
    storages: dict[str, Storage] = {}

    def storage(dtype: type[np.generic], key: str, size: int) -> Callable[[], Storage]:
        dtypes[key] = dtype
        return lambda: storages[key][:size]

    def load() -> Any:
        return _Unpickler(file, storage).load()

    if file.read(len(_OLD_MAGIC)) != _OLD_MAGIC:
        raise ValueError("it is neither a zip archive nor of the older form")
    load()  # sizes and byte order of the machine that wrote it
    tensors = load()
    for key in load():
        count = int.from_bytes(file.read(8), "little")
        dtype = np.dtype(dtypes[key]).newbyteorder("<")
        storages[key] = np.frombuffer(file.read(count * dtype.itemsize), dtype)
    return tensors


class _Unpickler(pickle.Unpickler):
    """Rebuilds tensors as functions that give arrays over the file's raw storages."""

    def __init__(self, file: io.BytesIO, storage: Callable[..., Callable[[], Storage]]) -> None:
        super().__init__(file)
        self._storage = storage

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuild
        if module == "torch" and name in _DTYPES:
            return _DTYPES[name]
        raise pickle.UnpicklingError(f"{module}.{name} is not allowed")

    def persistent_load(self, pid: Any) -> Callable[[], Storage]:
        _, dtype, key, _, size, *_ = pid
        return self._storage(dtype, key, size)


def _rebuild(
    storage: Callable[[], Storage],
    offset: int,
    shape: tuple[int, ...],
    strides: tuple[int, ...],
    *_: Any,
) -> Callable[[], NDArray[Any]]:
    def tensor() -> NDArray[Any]:
        numbers = storage()[offset:]
        needed = 1 + sum((n - 1) * step for n, step in zip(shape, strides, strict=True))
        if min(shape, default=1) < 1 or needed > len(numbers):
            raise ValueError(f"a tensor of shape {shape} lies beyond its storage")
        steps = [step * numbers.itemsize for step in strides]
        view = np.lib.stride_tricks.as_strided(numbers, shape, steps, writeable=False)
        return np.ascontiguousarray(view)

    return tensor
