"""CAM++ as its authors wrote it, in PyTorch: what our own definition is held against.

PyTorch is needed by no other part of this project. ``python -m model.convert.torch_reference
FILE`` writes what this graph gives for made-up input, so that the tests can compare without it.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.convert.sources import CAMPPLUS, CAMPPLUS_CODE, fetch
from model.errors import MissingExtraError
from model.types import Vector

# Whole and partial segments of the context mask, odd and even.
FRAME_COUNTS = (48, 99, 148, 201, 298, 403, 1001)


def made_up_fbank(frames: int) -> NDArray[np.float32]:
    """Something of a filterbank's range and shape, the same on every machine, nobody's voice."""
    time = np.arange(frames, dtype=np.float64)[:, None]
    band = np.arange(80, dtype=np.float64)[None, :]
    chirp = 3 * np.sin(0.0004 * time**2 + 0.02 * time * (1 + band / 16) + 0.37 * band)
    syllables = 4 * np.abs(np.sin(0.07 * time)) * np.cos(0.05 * band + 0.003 * time)
    values = chirp + syllables
    return np.asarray(values - values.mean(axis=0), dtype=np.float32)


def load_torch_campplus(cache: Path) -> Callable[[NDArray[np.float32]], Vector]:
    """The published code with the published weights.

    The ReLU that this package's copy of the code puts after the last batch norm is taken out:
    3D-Speaker's own definition ends with the batch norm.

    Returns:
        A function from float32 (frames, 80) to float32 (192,).

    Raises:
        MissingExtraError: PyTorch is not installed.
        WeightsError: the package cannot be had or is another one.
    """
    try:
        torch: Any = importlib.import_module("torch")  # untyped where it is not installed
    except ImportError as error:
        raise MissingExtraError("this comparison needs PyTorch: pip install torch") from error
    code: Any = _import_file(fetch(CAMPPLUS_CODE, cache))
    model = code.CAMPPlus(80, 192)
    state = torch.load(fetch(CAMPPLUS, cache), map_location="cpu", weights_only=True)
    model.load_state_dict(state)
    model.xvector.dense.nonlinear.relu = torch.nn.Identity()
    model.eval()

    def embed(fbank: NDArray[np.float32]) -> Vector:
        with torch.inference_mode():
            return np.asarray(model(torch.from_numpy(fbank)[None]).numpy().reshape(-1))

    return embed


def _import_file(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location("published_campplus", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python module")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main(path: Path, cache: Path = Path(".cache")) -> None:
    """Write what the published graph gives for made-up input of several lengths."""
    embed = load_torch_campplus(cache)
    vectors = [embed(made_up_fbank(frames)) for frames in FRAME_COUNTS]
    np.savez(path, frames=np.array(FRAME_COUNTS), vectors=np.stack(vectors))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
