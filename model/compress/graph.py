"""A ``.tflite`` file whose convolutions can be looked at, watched at work, and kept in 8 bits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from model.types import Vector

INT8_CONVOLUTION_VERSION = 5
"""Of the operator: 8-bit weights beside float inputs, a scale for each output channel."""
LEAST_WEIGHTS = 1024
"""Smaller kernels stay as they are: nothing is gained by them, and LiteRT takes no fewer."""

_NUMBERS = {
    schema.TensorType.FLOAT32: np.float32,
    schema.TensorType.FLOAT16: np.float16,
    schema.TensorType.INT32: np.int32,
}


@dataclass(frozen=True, slots=True)
class Convolution:
    """One convolution of a graph.

    Attributes:
        name: of its kernel; no two have the same.
        source: number of the tensor that it reads.
        kernel: height and width.
        strides: along height and width.
        dilations: likewise.
        same: whether it pads, so that strides alone make the output smaller.
    """

    name: str
    source: int
    kernel: tuple[int, int]
    strides: tuple[int, int]
    dilations: tuple[int, int]
    same: bool

    def patches(self, image: Vector) -> Vector:
        """What it multiplies its kernel with, a row for each place of the output.

        Args:
            image: float32, shape (height, width, channels).

        Returns:
            Shape (rows, kernel height * kernel width * channels), a view where it can be.
        """
        spans = [(k - 1) * d + 1 for k, d in zip(self.kernel, self.dilations, strict=True)]
        if self.same:
            pads = [
                _same_padding(length, span, stride)
                for length, span, stride in zip(image.shape, spans, self.strides, strict=False)
            ]
            image = np.pad(image, [*pads, (0, 0)])
        windows = np.lib.stride_tricks.sliding_window_view(image, spans, axis=(0, 1))
        rows, columns = self.strides
        taken = windows[::rows, ::columns, :, :: self.dilations[0], :: self.dilations[1]]
        return taken.transpose(0, 1, 3, 4, 2).reshape(taken.shape[0] * taken.shape[1], -1)


class Graph:
    """The first subgraph of a file, with operators that may be changed.

    Args:
        content: of the file.
    """

    def __init__(self, content: bytes) -> None:
        self._model: Any = schema.ModelT.InitFromPackedBuf(content, 0)
        self._graph: Any = self._model.subgraphs[0]
        self._makers = {int(tensor): op for op in self._graph.operators for tensor in op.outputs}

    def convolutions(self) -> list[Convolution]:
        """Those whose weights are float and enough for 8 bits to pay, in order."""
        return [
            self._described(op)
            for op in self._graph.operators
            if self._kind(op) == schema.BuiltinOperator.CONV_2D
            and self._tensor(op.inputs[1]).type == schema.TensorType.FLOAT32
            and np.prod(self._tensor(op.inputs[1]).shape) >= LEAST_WEIGHTS
        ]

    def weights(self, convolution: Convolution) -> tuple[Vector, Vector]:
        """Its kernel, shape (outputs, height, width, inputs), and bias, shape (outputs,)."""
        op = self._operator(convolution)
        return self._constant(op.inputs[1]), self._constant(op.inputs[2])

    def keep_in_8_bits(
        self, convolution: Convolution, kernel: NDArray[np.int8], scales: Vector, bias: Vector
    ) -> None:
        """Put an 8-bit kernel in the place of the float one.

        Args:
            convolution: which.
            kernel: shape (outputs, height, width, inputs).
            scales: what the kernel of each output is multiplied with, shape (outputs,).
            bias: float32, shape (outputs,).
        """
        op, name = self._operator(convolution), convolution.name
        quantised = self._add(kernel, schema.TensorType.INT8, f"{name}/8 bits")
        about = schema.QuantizationParametersT()
        about.scale = scales.astype(np.float32)
        about.zeroPoint = np.zeros(len(scales), np.int64)
        self._tensor(quantised).quantization = about
        biased = self._add(bias.astype(np.float32), schema.TensorType.FLOAT32, f"{name}/bias")
        op.inputs = [int(op.inputs[0]), quantised, biased]
        op.opcodeIndex = self._code(schema.BuiltinOperator.CONV_2D, INT8_CONVOLUTION_VERSION)

    def watching(self, convolutions: Sequence[Convolution]) -> bytes:
        """A file whose outputs are what these convolutions read, each tensor once, in order."""
        outputs, signatures = self._graph.outputs, self._model.signatureDefs
        self._graph.outputs = list(dict.fromkeys(c.source for c in convolutions))
        self._model.signatureDefs = []
        content = self._packed()
        self._graph.outputs, self._model.signatureDefs = outputs, signatures
        return content

    def to_bytes(self) -> bytes:
        """The file, without what nothing needs any more."""
        operators = self._graph.operators
        while len(needed := self._needed(operators)) < len(operators):
            operators = needed
        self._graph.operators = operators
        tensors = {int(t) for op in operators for t in (*op.inputs, *op.outputs) if t >= 0}
        buffers = {self._tensor(number).buffer for number in tensors}
        for number, buffer in enumerate(self._model.buffers):
            if number not in buffers:
                buffer.data = None
        return self._packed()

    def _packed(self) -> bytes:
        builder = flatbuffers.Builder(1 << 20)
        builder.Finish(self._model.Pack(builder), b"TFL3")
        return bytes(builder.Output())

    def _needed(self, operators: list[Any]) -> list[Any]:
        read = {int(tensor) for op in operators for tensor in op.inputs}
        read |= {int(tensor) for tensor in self._graph.outputs}
        return [op for op in operators if any(int(tensor) in read for tensor in op.outputs)]

    def _described(self, op: Any) -> Convolution:
        kernel, options = self._tensor(op.inputs[1]), op.builtinOptions
        return Convolution(
            name=kernel.name.decode(),
            source=int(op.inputs[0]),
            kernel=(int(kernel.shape[1]), int(kernel.shape[2])),
            strides=(options.strideH, options.strideW),
            dilations=(options.dilationHFactor, options.dilationWFactor),
            same=options.padding == schema.Padding.SAME,
        )

    def _operator(self, convolution: Convolution) -> Any:
        return next(
            op
            for op in self._graph.operators
            if self._kind(op) == schema.BuiltinOperator.CONV_2D
            and self._tensor(op.inputs[1]).name.decode() == convolution.name
        )

    def _kind(self, op: Any) -> int:
        code = self._model.operatorCodes[op.opcodeIndex]
        return int(max(code.builtinCode, code.deprecatedBuiltinCode))

    def _tensor(self, number: int) -> Any:
        return self._graph.tensors[int(number)]

    def _constant(self, number: int) -> Vector:
        maker = self._makers.get(int(number))
        if maker is not None and self._kind(maker) == schema.BuiltinOperator.DEQUANTIZE:
            return self._constant(maker.inputs[0])
        tensor = self._tensor(number)
        data = bytes(self._model.buffers[tensor.buffer].data)
        values = np.frombuffer(data, _NUMBERS[tensor.type]).reshape(tensor.shape)
        return values.astype(np.float32)

    def _add(self, values: NDArray[Any], kind: int, name: str) -> int:
        buffer, tensor = schema.BufferT(), schema.TensorT()
        buffer.data = np.frombuffer(np.ascontiguousarray(values).tobytes(), np.uint8)
        self._model.buffers.append(buffer)
        tensor.shape, tensor.type, tensor.name = list(values.shape), kind, name.encode()
        tensor.buffer = len(self._model.buffers) - 1
        self._graph.tensors.append(tensor)
        return len(self._graph.tensors) - 1

    def _code(self, kind: int, version: int) -> int:
        codes = self._model.operatorCodes
        for number, code in enumerate(codes):
            same = max(code.builtinCode, code.deprecatedBuiltinCode) == kind
            if same and code.version >= version:
                return number
        code = schema.OperatorCodeT()
        code.builtinCode = code.deprecatedBuiltinCode = kind
        code.version = version
        codes.append(code)
        return len(codes) - 1


def _same_padding(length: int, span: int, stride: int) -> tuple[int, int]:
    missing = max(0, (-(-length // stride) - 1) * stride + span - length)
    return missing // 2, missing - missing // 2
