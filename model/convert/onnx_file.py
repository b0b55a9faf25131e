"""Reads the weights of an ONNX file, without the onnx package.

An ONNX file is one protobuf message. Only the handful of fields that a conversion needs are
read, by their numbers in ``onnx.proto3`` (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.errors import WeightsError

_DTYPES = {1: np.float32, 2: np.uint8, 3: np.int8, 6: np.int32, 7: np.int64}
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


@dataclass(frozen=True, slots=True)
class Node:
    """One operation of the graph: its type, the names it reads and writes, its integers."""

    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    ints: dict[str, int]


@dataclass(frozen=True, slots=True)
class OnnxGraph:
    """Nodes in order and the stored tensors by name."""

    nodes: tuple[Node, ...]
    tensors: dict[str, NDArray[Any]]


def read_onnx(path: Path) -> OnnxGraph:
    """Read nodes and stored tensors.

    Raises:
        WeightsError: the file is no ONNX model or keeps its tensors in a form not read here.
    """
    try:
        graph = next(value for number, value in _fields(path.read_bytes()) if number == 7)
        parts = list(_fields(graph))
        nodes = tuple(_node(value) for number, value in parts if number == 1)
        tensors = dict(_tensor(value) for number, value in parts if number == 5)
    except (StopIteration, IndexError, KeyError, TypeError, ValueError) as error:
        raise WeightsError(f"{path.name} is not an ONNX model that can be read: {error}") from error
    return OnnxGraph(nodes=nodes, tensors=tensors)


def folded_tensors(graph: OnnxGraph) -> dict[str, NDArray[np.float32]]:
    """Every float tensor of the graph, block-quantised ones multiplied out.

    ``DequantizeLinear`` computes ``(x - zero_point) * scale``; with a ``block_size`` each scale
    serves that many neighbours along ``axis``
    (https://onnx.ai/onnx/operators/onnx__DequantizeLinear.html).
    """
    floats = {name: t for name, t in graph.tensors.items() if t.dtype == np.float32}
    for node in graph.nodes:
        if node.op == "DequantizeLinear" and node.inputs[0] in graph.tensors:
            floats[node.outputs[0]] = _dequantise(node, graph.tensors)
        elif node.op == "Reshape" and node.inputs[0] in floats:
            floats[node.outputs[0]] = floats[node.inputs[0]].reshape(graph.tensors[node.inputs[1]])
    return floats


def _dequantise(node: Node, tensors: dict[str, NDArray[Any]]) -> NDArray[np.float32]:
    values, *factors = (tensors[name] for name in node.inputs)
    axis, block = node.ints.get("axis", 1), node.ints.get("block_size", 0)
    scale, zero = (
        _spread(f, values.shape, axis, block) for f in [*factors, np.zeros((), np.int8)][:2]
    )
    centred = values.astype(np.int32) - zero.astype(np.int32)
    return np.asarray(centred * scale, dtype=np.float32)


def _spread(factor: NDArray[Any], shape: tuple[int, ...], axis: int, block: int) -> NDArray[Any]:
    """A scale or zero point in a form that broadcasts against the quantised tensor."""
    if block and factor.ndim == len(shape):
        repeated = np.repeat(factor, block, axis=axis)
        return np.asarray(repeated.take(np.arange(shape[axis]), axis=axis))
    if factor.ndim == 1 and factor.size > 1:
        return factor.reshape([-1 if i == axis else 1 for i in range(len(shape))])
    return factor


def _node(data: bytes) -> Node:
    fields = list(_fields(data))
    attributes = [dict(_fields(value)) for number, value in fields if number == 5]
    return Node(
        op=next(value.decode() for number, value in fields if number == 4),
        inputs=tuple(value.decode() for number, value in fields if number == 1),
        outputs=tuple(value.decode() for number, value in fields if number == 2),
        ints={a[1].decode(): _signed(a[3]) for a in attributes if a.get(20) == 2},
    )


def _tensor(data: bytes) -> tuple[str, NDArray[Any]]:
    fields = list(_fields(data))
    single = dict(fields)
    shape = [dim for number, value in fields if number == 1 for dim in _dims(value)]
    dtype = _DTYPES[single[2]]
    if 9 in single:
        values = np.frombuffer(single[9], dtype)
    elif 4 in single:
        values = np.frombuffer(single[4], np.float32)
    elif 5 in single or 7 in single:
        packed = single[5] if 5 in single else single[7]
        values = np.array([_signed(v) for v in _varints(packed)], np.int64).astype(dtype)
    else:
        values = np.zeros(0, dtype)
    return single[8].decode(), values.reshape(shape)


def _dims(value: int | bytes) -> list[int]:
    return [value] if isinstance(value, int) else _varints(value)


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """The (field number, value) pairs of one protobuf message."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        kind = key & 7
        value: Any
        if kind == _VARINT:
            value, at = _varint(data, at)
        elif kind == _BYTES:
            size, at = _varint(data, at)
            value, at = data[at : at + size], at + size
        elif kind in (_FIXED64, _FIXED32):
            size = 8 if kind == _FIXED64 else 4
            value, at = data[at : at + size], at + size
        else:
            raise ValueError(f"unknown wire type {kind}")
        yield key >> 3, value


def _varints(data: bytes) -> list[int]:
    values, at = [], 0
    while at < len(data):
        value, at = _varint(data, at)
        values.append(value)
    return values


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def _signed(value: int) -> int:
    return value - (1 << 64) if value >= 1 << 63 else value
