"""One LiteRT model with one input and one output; all that is peculiar to LiteRT stays here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from model.errors import WeightsError
from model.runtime.copies import Copies
from model.types import Vector


class LiteRtModel:
    """Runs a ``.tflite`` file; safe to call from any thread.

    Args:
        path: a checked ``.tflite`` file.
        copies: so many threads may be at work in it at once, others wait. A further copy is made
            when it is first needed, since each unpacks the weights anew (about 30 MB).

    Raises:
        WeightsError: LiteRT cannot read it.
    """

    def __init__(self, path: Path, *, copies: int = 1) -> None:
        self._copies = Copies(lambda: _Interpreter(path), most=copies)

    def run(self, batch: NDArray[np.float32]) -> Vector:
        """Compute the output for one input.

        Args:
            batch: float32, of the model's rank; only the axes that it leaves open may vary.

        Returns:
            A copy of the output, float32.
        """
        with self._copies.lent() as interpreter:
            return interpreter.run(batch)


class _Interpreter:
    """One copy of the network, on one thread, resized when the shape of the input changes.

    One interpreter per shape was measured not to pay: resizing costs 2 to 4 ms once a shape was
    seen.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._interpreter = Interpreter(model_path=str(path), num_threads=1)
            self._interpreter.allocate_tensors()
        except (RuntimeError, ValueError) as error:
            raise WeightsError(f"LiteRT cannot load {path.name}: {error}") from error
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._output = self._interpreter.get_output_details()[0]["index"]
        self._shape = tuple(int(n) for n in self._interpreter.get_input_details()[0]["shape"])

    def run(self, batch: NDArray[np.float32]) -> Vector:
        self._fit(batch.shape)
        self._interpreter.set_tensor(self._input, batch)
        self._interpreter.invoke()
        output: Any = self._interpreter.get_tensor(self._output)
        return np.asarray(output, dtype=np.float32)

    def _fit(self, shape: tuple[int, ...]) -> None:
        if shape != self._shape:
            self._interpreter.resize_tensor_input(self._input, shape, strict=True)
            self._interpreter.allocate_tensors()
            self._shape = shape
