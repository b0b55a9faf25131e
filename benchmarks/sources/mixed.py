"""Towers between two others: weights averaged one by one (WiSE-FT, Wortsman et al. 2022)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from model.errors import WeightsError

_NUMBERS = {
    schema.TensorType.FLOAT32: np.float32,
    schema.TensorType.FLOAT16: np.float16,
    schema.TensorType.INT8: np.int8,
}
Constants = dict[str, tuple[Any, NDArray[Any]]]


def mix(published: Path, tuned: Path, out: Path, *, share: float) -> None:
    """Write a tower whose weights lie between those of two files of one architecture.

    Args:
        published: the file that is written anew; with float weights.
        tuned: the other; its weights may be in 8 bits.
        out: the file to write.
        share: of the tuned one, 0 to 1.

    Raises:
        WeightsError: they hold other tensors.
    """
    model: Any = schema.ModelT.InitFromPackedBuf(published.read_bytes(), 0)
    other: Any = schema.ModelT.InitFromPackedBuf(tuned.read_bytes(), 0)
    ours, theirs = _constants(model), _constants(other)
    if not set(ours) <= set(theirs):
        raise WeightsError(f"{tuned.name} holds other tensors than {published.name}")
    for name, (buffer, weights) in ours.items():
        mixed = (1 - share) * weights.astype(np.float64) + share * theirs[name][1]
        data = np.ascontiguousarray(mixed.astype(weights.dtype)).tobytes()
        buffer.data = np.frombuffer(data, np.uint8)
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(bytes(builder.Output()))


def _constants(model: Any) -> Constants:
    """Tensors that hold numbers, by name and shape, those in 8 bits multiplied out."""
    found: Constants = {}
    for tensor in model.subgraphs[0].tensors:
        buffer = model.buffers[tensor.buffer]
        if tensor.type not in _NUMBERS or buffer.data is None or not len(buffer.data):
            continue
        shape = () if tensor.shape is None else tuple(tensor.shape)
        values = np.frombuffer(bytes(buffer.data), _NUMBERS[tensor.type]).reshape(shape)
        if tensor.type == schema.TensorType.INT8:
            scale, axis = tensor.quantization.scale, tensor.quantization.quantizedDimension
            spread = [len(scale) if axis == k else 1 for k in range(len(shape))]
            values = values.astype(np.float32) * np.reshape(scale, spread)
        found[f"{tensor.name.decode()} {shape}"] = (buffer, values)
    return found
