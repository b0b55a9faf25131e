"""Round a tower's weights to 8 bits so that what it computes moves least.

Rounding each weight to the nearest step moves every output by the sum of many small errors. The
inputs of a convolution are far from independent, so most of that can be taken back: each weight
in turn is rounded and its error spread over those still to come, by how the inputs vary together
(GPTQ, Frantar et al. 2023, https://arxiv.org/abs/2210.17323), and what remains on average goes
into the bias (Nagel et al. 2019, https://arxiv.org/abs/1906.04721). Nothing is trained.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from model.compress.graph import Convolution, Graph
from model.types import Vector

DAMPING = 0.01
"""Added to each variance, as a share of their mean: directions in which inputs hardly varied."""
ROWS = 400
"""Of each input and convolution that are looked at."""

Floats = NDArray[np.float64]


class Rounded(NamedTuple):
    """A kernel in 8 bits.

    Attributes:
        steps: int8, shape (outputs, inputs).
        scales: size of a step of each output, float32, shape (outputs,).
        shift: what rounding takes from each output on average, float32, shape (outputs,).
    """

    steps: NDArray[np.int8]
    scales: Vector
    shift: Vector


@dataclass
class Moments:
    """How the inputs of one convolution are distributed.

    Args:
        size: of one input.
    """

    size: int

    def __post_init__(self) -> None:
        self.count = 0
        self._sum: Floats = np.zeros(self.size)
        self._products: Floats = np.zeros((self.size, self.size))

    def add(self, rows: Vector) -> None:
        """Take more inputs, shape (n, size)."""
        self.count += len(rows)
        self._sum += rows.sum(axis=0, dtype=np.float64)
        self._products += rows.T @ rows

    @property
    def mean(self) -> Floats:
        """Shape (size,)."""
        return np.asarray(self._sum / self.count)

    @property
    def covariance(self) -> Floats:
        """Shape (size, size)."""
        return np.asarray(self._products / self.count - np.outer(self.mean, self.mean))


def round_tower(
    content: bytes,
    inputs: Sequence[Vector],
    *,
    float_layers: Sequence[str] = (),
    seed: int = 0,
    advance: Callable[[], None] = lambda: None,
) -> bytes:
    """Keep the kernels of all larger convolutions in 8 bits.

    Activations stay float in the file; LiteRT quantises them anew for every input.

    Args:
        content: of a ``.tflite`` file with float weights.
        inputs: as the tower will meet them, without the batch axis.
        float_layers: convolutions with one of these in their names stay as they are.
        seed: of which places of an input are looked at.
        advance: called for each input, and for each of the file's larger convolutions.

    Returns:
        The file: about half the size of one in float16.
    """
    graph = Graph(content)
    convolutions = [
        one for one in graph.convolutions() if not any(part in one.name for part in float_layers)
    ]
    known = _moments(graph, convolutions, inputs, np.random.default_rng(seed), advance)
    for convolution in convolutions:
        kernel, bias = graph.weights(convolution)
        rounded = round_kernel(kernel.reshape(len(kernel), -1), known[convolution.name])
        graph.keep_in_8_bits(
            convolution,
            rounded.steps.reshape(kernel.shape),
            rounded.scales,
            bias + rounded.shift,
        )
        advance()
    return graph.to_bytes()


def round_kernel(kernel: Vector, moments: Moments) -> Rounded:
    """Round one convolution's weights.

    Args:
        kernel: float32, shape (outputs, inputs).
        moments: of its inputs.
    """
    weights = kernel.astype(np.float64)
    scales = np.abs(weights).max(axis=1) / 127
    scales[scales == 0] = 1
    covariance = moments.covariance
    share = DAMPING * max(float(np.trace(covariance)) / len(covariance), 1e-12)
    covariance[np.diag_indices_from(covariance)] += share
    order = np.argsort(-np.diag(covariance))  # those that matter most err first, and least
    covariance = covariance[np.ix_(order, order)]
    spread = np.linalg.cholesky(np.linalg.inv(covariance)).T
    left, steps = weights[:, order], np.empty_like(weights)
    for number, column in enumerate(order):
        rounded = np.clip(np.round(left[:, number] / scales), -127, 127)
        steps[:, column] = rounded
        error = (left[:, number] - rounded * scales) / spread[number, number]
        left[:, number + 1 :] -= np.outer(error, spread[number, number + 1 :])
    shift = (weights - steps * scales[:, None]) @ moments.mean
    return Rounded(steps.astype(np.int8), scales.astype(np.float32), shift.astype(np.float32))


def _moments(
    graph: Graph,
    convolutions: Sequence[Convolution],
    inputs: Sequence[Vector],
    rng: np.random.Generator,
    advance: Callable[[], None],
) -> dict[str, Moments]:
    """Of each convolution's inputs, by its name."""
    interpreter = Interpreter(model_content=graph.watching(convolutions), num_threads=1)
    entry = interpreter.get_input_details()[0]["index"]
    outputs = [detail["index"] for detail in interpreter.get_output_details()]
    places = dict(zip(dict.fromkeys(c.source for c in convolutions), outputs, strict=True))
    known: dict[str, Moments] = {}
    for item in inputs:
        batch = item[None].astype(np.float32)
        interpreter.resize_tensor_input(entry, batch.shape)
        interpreter.allocate_tensors()
        interpreter.set_tensor(entry, batch)
        interpreter.invoke()
        for convolution in convolutions:
            image = interpreter.get_tensor(places[convolution.source])
            rows = convolution.patches(image.reshape(image.shape[-3:]))
            rows = rows[rng.permutation(len(rows))[:ROWS]]
            known.setdefault(convolution.name, Moments(rows.shape[1])).add(rows)
        advance()
    return known
