"""The speech network's tensors, as ``model.runtime.silero`` reads them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np

from model.convert.onnx_file import read_onnx
from model.convert.sources import SILERO, fetch
from model.errors import WeightsError

_NAMES = {
    "model.stft.forward_basis_buffer": "stft.weight",
    **{
        f"model.encoder.{number}.reparam_conv.{part}": f"conv{number}.{part}"
        for number in range(4)
        for part in ("weight", "bias")
    },
    **{
        f"model.decoder.rnn.{part}": f"lstm.{part}"
        for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    },
    "model.decoder.decoder.2.weight": "readout.weight",
    "model.decoder.decoder.2.bias": "readout.bias",
}


def convert_silero(cache: Path) -> bytes:
    """The published tensors under plain names, as a NumPy archive.

    Raises:
        WeightsError: the package cannot be had, or its graph has other tensors.
    """
    tensors = read_onnx(fetch(SILERO, cache)).tensors
    if missing := _NAMES.keys() - tensors.keys():
        raise WeightsError(f"{SILERO.file} has no tensor {', '.join(sorted(missing))}")
    archive = io.BytesIO()
    named: dict[str, Any] = {name: tensors[published] for published, name in _NAMES.items()}
    np.savez(archive, **named)
    return archive.getvalue()
