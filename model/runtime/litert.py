"""One LiteRT model with one input and one output; all that is peculiar to LiteRT stays here."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from model.errors import WeightsError
from model.types import Vector


class LiteRtModel:
    """Runs a ``.tflite`` file on one thread; safe to call from several, which take turns.

    There is one interpreter, resized when the shape of the input changes. One interpreter per
    shape was measured not to pay: resizing costs 2 to 4 ms once a shape was seen, while each
    interpreter unpacks its own float32 copy of the weights (about 30 MB).
    """

    def __init__(self, path: Path) -> None:
        """Load a file.

        Args:
            path: a checked ``.tflite`` file.

        Raises:
            WeightsError: LiteRT cannot read it.
        """
        try:
            self._interpreter = Interpreter(model_path=str(path), num_threads=1)
            self._interpreter.allocate_tensors()
        except (RuntimeError, ValueError) as error:
            raise WeightsError(f"LiteRT cannot load {path.name}: {error}") from error
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._output = self._interpreter.get_output_details()[0]["index"]
        self._shape = tuple(int(n) for n in self._interpreter.get_input_details()[0]["shape"])
        self._lock = threading.Lock()

    def run(self, batch: NDArray[np.float32]) -> Vector:
        """Compute the output for one input.

        Args:
            batch: float32, of the model's rank; only the axes that it leaves open may vary.

        Returns:
            A copy of the output, float32.
        """
        with self._lock:
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
