"""Puts published tensors into the Keras towers, each where its name says.

Both sources store convolutions as (out, in, *kernel) and channels before positions; Keras wants
(*kernel, in, out) and channels last. Nothing may be left over or missing on either side.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from model.errors import WeightsError

Tensors = Mapping[str, NDArray[Any]]
Get = Callable[[str], NDArray[Any]]
"""Gives the tensor of one part of a layer."""

_SFACE_MAP = (1024, 7, 7)  # channels, height, width before the dense layer
_CAMPPLUS_MAP = (32, 10)  # channels, frequencies before the first time-delay layer


def assign_sface(model: keras.Model, tensors: Tensors) -> None:
    """Load the tensors of the ONNX graph, block-quantised weights already folded.

    Raises:
        WeightsError: a tensor is missing or has another shape.
    """
    for layer in model.layers:
        _assign(layer, _sface_weights(layer, tensors) if layer.weights else [])


def assign_campplus(model: keras.Model, tensors: Tensors) -> None:
    """Load the tensors of the PyTorch checkpoint.

    Raises:
        WeightsError: a tensor is missing, has another shape or finds no place.
    """
    _assign_all(model, tensors, _campplus_weights, "the voice tower")


def assign_minifasnet(model: keras.Model, tensors: Tensors) -> None:
    """Load the tensors of a PyTorch checkpoint that was trained on several devices at once.

    Raises:
        WeightsError: a tensor is missing, has another shape or finds no place.
    """
    ours = {name.removeprefix("module."): tensor for name, tensor in tensors.items()}
    _assign_all(model, ours, _minifasnet_weights, "MiniFASNet")


def _assign_all(
    model: keras.Model,
    tensors: Tensors,
    weights_of: Callable[[keras.layers.Layer, Get], list[NDArray[Any]]],
    what: str,
) -> None:
    """Load a PyTorch checkpoint, all of it."""
    used: set[str] = set()

    def get(layer: str, part: str) -> NDArray[Any]:
        used.add(f"{layer}.{part}")
        return _get(tensors, f"{layer}.{part}")

    for layer in model.layers:
        if layer.weights:
            _assign(layer, weights_of(layer, partial(get, layer.name)))
    left = [n for n in tensors if n not in used and not n.endswith("num_batches_tracked")]
    if left:
        raise WeightsError(f"tensors without a place in {what}: {', '.join(left[:5])}")


def _sface_weights(layer: keras.layers.Layer, tensors: Tensors) -> list[NDArray[Any]]:
    name = layer.name
    if isinstance(layer, keras.layers.BatchNormalization):
        parts = ("gamma", "beta", "moving_mean", "moving_var")
        return [_get(tensors, f"{name}_{part}") for part in parts]
    if isinstance(layer, keras.layers.PReLU):
        return [_get(tensors, f"{name}_gamma").reshape(1, 1, -1)]
    if isinstance(layer, keras.layers.Dense):
        kernel = _get(tensors, f"{name}_weight_dequantized").reshape(-1, *_SFACE_MAP)
        flat = kernel.transpose(2, 3, 1, 0).reshape(-1, len(kernel))
        return [flat, _get(tensors, f"{name}_bias_dequantized")]
    kernel = _get(tensors, f"{name}_weight_reshaped")
    depthwise = isinstance(layer, keras.layers.DepthwiseConv2D)
    return [kernel.transpose(2, 3, 0, 1) if depthwise else kernel.transpose(2, 3, 1, 0)]


def _campplus_weights(layer: keras.layers.Layer, get: Get) -> list[NDArray[Any]]:
    if isinstance(layer, keras.layers.BatchNormalization):
        affine = ["weight", "bias"] if layer.scale else []
        return [get(part) for part in [*affine, "running_mean", "running_var"]]
    kernel = get("weight")
    if layer.name == "xvector.tdnn.linear":  # its input was flattened channels first
        kernel = kernel.reshape(len(kernel), *_CAMPPLUS_MAP, -1).transpose(0, 2, 1, 3)
        kernel = kernel.reshape(len(kernel), -1, kernel.shape[-1])
    if isinstance(layer, keras.layers.Dense):  # stored as a convolution of one frame
        kernel = kernel[:, :, 0]
    bias = [get("bias")] if layer.use_bias else []
    return [np.transpose(kernel), *bias]  # (out, in, freq, time) -> (time, freq, in, out)


def _minifasnet_weights(layer: keras.layers.Layer, get: Get) -> list[NDArray[Any]]:
    if isinstance(layer, keras.layers.BatchNormalization):
        return [get(part) for part in ("weight", "bias", "running_mean", "running_var")]
    if isinstance(layer, keras.layers.PReLU):
        return [get("weight").reshape(1, 1, -1)]
    kernel = get("weight")
    if isinstance(layer, keras.layers.DepthwiseConv2D):  # (channel, 1, *kernel), as (out, in)
        return [kernel.transpose(2, 3, 0, 1)]
    return [kernel.transpose(2, 3, 1, 0) if kernel.ndim == 4 else kernel.T]


def _get(tensors: Tensors, name: str) -> NDArray[Any]:
    if name not in tensors:
        raise WeightsError(f"the source has no tensor {name}: is it the pinned file?")
    return tensors[name]


def _assign(layer: keras.layers.Layer, values: list[NDArray[Any]]) -> None:
    shapes = [tuple(w.shape) for w in layer.weights]
    if shapes != [v.shape for v in values]:
        found = [v.shape for v in values]
        raise WeightsError(f"layer {layer.name} wants {shapes}, the source has {found}")
    if values:
        layer.set_weights(values)
