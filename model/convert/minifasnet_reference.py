"""What PyTorch makes of MiniFASNet's published tensors, for tests to compare with.

pip install torch
python -m model.convert.minifasnet_reference tests/model/minifasnet_reference.npz

The arithmetic is written down a second time, block by block as the checkpoint names it, so that a
mistake in the Keras definition cannot hide in both. The pictures are made up.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.convert.sources import MINIFASNET_V1_SE, MINIFASNET_V2, fetch
from model.errors import MissingExtraError

COUNT = 6


def made_up_pictures() -> NDArray[np.uint8]:
    """Waves and blocks of colour, shape (6, 80, 80, 3), the same on every machine."""
    y, x, channel, number = np.ogrid[:80, :80, :3, :COUNT]
    waves = np.sin(x * (number + 1) / 9 + channel) * np.cos(y * (7 - number) / 11 - channel)
    blocks = ((x // (4 + 3 * number) + y // (5 + 2 * number)) % 2) * 2.0 - 1
    values = 127.5 + 100 * waves + 27 * blocks
    return np.asarray(np.clip(values, 0, 255).transpose(3, 0, 1, 2), np.uint8)


def published_says(path: Path, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Logits of the network that a published checkpoint holds, shape (n, 3).

    Raises:
        MissingExtraError: PyTorch is not installed.
    """
    try:
        torch: Any = importlib.import_module("torch")  # untyped where it is not installed
    except ImportError as error:
        raise MissingExtraError("this comparison needs PyTorch: pip install torch") from error
    state = torch.load(path, map_location="cpu", weights_only=True)
    network = _Network(torch, {k.removeprefix("module."): v for k, v in state.items()})
    batch = torch.from_numpy(pictures.transpose(0, 3, 1, 2).astype(np.float32))
    with torch.inference_mode():
        return np.asarray(network.logits(batch).numpy(), np.float32)


class _Network:
    def __init__(self, torch: Any, state: dict[str, Any]) -> None:
        self._f = torch.nn.functional
        self._state = state

    def logits(self, x: Any) -> Any:
        x = self._unit(x, "conv1", stride=2)
        x = self._unit(x, "conv2_dw")
        for halving, rest in (("conv_23", "conv_3"), ("conv_34", "conv_4"), ("conv_45", "conv_5")):
            x = self._block(x, halving, stride=2)
            number = 0
            while f"{rest}.model.{number}.conv.conv.weight" in self._state:
                x = x + self._weighed(self._block(x, f"{rest}.model.{number}"), rest, number)
                number += 1
        x = self._unit(x, "conv_6_sep")
        x = self._norm(self._convolve(x, "conv_6_dw", pad=0), "conv_6_dw.bn").flatten(1)
        x = self._norm(self._f.linear(x, self._state["linear.weight"]), "bn")
        return self._f.linear(x, self._state["prob.weight"])

    def _block(self, x: Any, name: str, stride: int = 1) -> Any:
        x = self._unit(x, f"{name}.conv")
        x = self._unit(x, f"{name}.conv_dw", stride=stride)
        return self._norm(self._convolve(x, f"{name}.project"), f"{name}.project.bn")

    def _unit(self, x: Any, name: str, stride: int = 1) -> Any:
        x = self._norm(self._convolve(x, name, stride=stride), f"{name}.bn")
        return self._f.prelu(x, self._state[f"{name}.prelu.weight"])

    def _convolve(self, x: Any, name: str, stride: int = 1, pad: int | None = None) -> Any:
        weight = self._state[f"{name}.conv.weight"]
        groups = x.shape[1] // weight.shape[1]
        padding = weight.shape[-1] // 2 if pad is None else pad
        return self._f.conv2d(x, weight, stride=stride, padding=padding, groups=groups)

    def _weighed(self, x: Any, stage: str, number: int) -> Any:
        name = f"{stage}.model.{number}.se_module"
        if f"{name}.fc1.weight" not in self._state:
            return x
        w = x.mean((2, 3), keepdim=True)
        w = self._norm(self._f.conv2d(w, self._state[f"{name}.fc1.weight"]), f"{name}.bn1").relu()
        w = self._norm(self._f.conv2d(w, self._state[f"{name}.fc2.weight"]), f"{name}.bn2")
        return x * w.sigmoid()

    def _norm(self, x: Any, name: str) -> Any:
        parts = ("running_mean", "running_var", "weight", "bias")
        mean, var, weight, bias = (self._state[f"{name}.{part}"] for part in parts)
        return self._f.batch_norm(x, mean, var, weight, bias, eps=1e-5)


def main(path: Path, cache: Path = Path(".cache")) -> None:
    """Write what the published networks give for the made-up pictures."""
    pictures = made_up_pictures()
    near = published_says(fetch(MINIFASNET_V2, cache), pictures)
    wide = published_says(fetch(MINIFASNET_V1_SE, cache), pictures)
    np.savez(path, near=near, wide=wide)
    print(f"{path}: written")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
