"""Takes channels or single weights out of a tower.

Channels: those that one convolution makes and few layers read go as a whole (structured pruning,
Li et al. 2017, https://arxiv.org/abs/1608.08710), which any runtime gains from. Single weights:
the smallest of each kernel become zero (magnitude pruning, Han et al. 2015,
https://arxiv.org/abs/1506.02626), which only a runtime with sparse kernels gains from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from model.siamese.samples import Indices
from model.towers import campplus, sface
from model.towers.campplus import build_campplus
from model.towers.sface import build_sface

MULTIPLE = 8
"""Channels are kept in eights: what a processor works on at once."""
LEAST_WEIGHTS = 1024
"""Kernels of fewer weights are left whole."""

Arrays = dict[str, list[NDArray[np.float32]]]


@dataclass(frozen=True, slots=True)
class Channels:
    """Channels that can go without touching the rest of the network; names are layers'.

    Attributes:
        maker: the convolution that makes them, on the last axis of its kernel.
        along: layers that treat each by itself: batch norms, PReLUs, depthwise convolutions.
        readers: layers that mix them, on the last axis but one of their kernels.
    """

    maker: str
    along: tuple[str, ...]
    readers: tuple[str, ...]


def slim_sface(tower: keras.Model, share: float) -> keras.Model:
    """SFace with this share of the channels of every block, the strongest ones."""
    blocks = [(_kept(channels, share), stride) for channels, stride in _sface_blocks(tower)]
    return _slim(tower, list(_sface_channels(len(blocks))), lambda: build_sface(blocks=blocks))


def slim_campplus(tower: keras.Model, share: float) -> keras.Model:
    """CAM++ with this share of the channels inside each dense layer and residual block.

    What these layers hand on to each other keeps its width, so that nothing else is touched.
    """
    groups = [*_residual_channels(), *_dense_channels(tower)]
    inner, bottleneck = (
        _kept(int(tower.get_layer(groups[i].maker).kernel.shape[-1]), share) for i in (0, -1)
    )
    blocks = _campplus_blocks(tower)
    return _slim(
        tower, groups, lambda: build_campplus(blocks=blocks, bottleneck=bottleneck, inner=inner)
    )


def zero_smallest(tower: keras.Model, share: float) -> None:
    """Set this share of each large kernel to zero, in place; training leaves them there."""
    for layer in tower.layers:
        kernel = getattr(layer, "kernel", None)
        if kernel is None or int(np.prod(kernel.shape)) < LEAST_WEIGHTS:
            continue
        values = np.asarray(kernel)
        mask = np.abs(values) > np.quantile(np.abs(values), share)
        kernel.assign(values * mask)
        kernel.constraint = _Masked(mask)


def sparsity(tower: keras.Model) -> float:
    """Share of all weights that are zero."""
    values = np.concatenate([np.asarray(weight).ravel() for weight in tower.weights])
    return float(np.mean(values == 0))


class _Masked(keras.constraints.Constraint):  # type: ignore[misc]
    def __init__(self, mask: NDArray[np.bool_]) -> None:
        self._mask = tf.constant(mask, tf.float32)

    def __call__(self, kernel: tf.Tensor) -> tf.Tensor:
        return kernel * self._mask


def _kept(channels: int, share: float) -> int:
    return max(MULTIPLE, round(channels * share / MULTIPLE) * MULTIPLE)


def _sface_blocks(tower: keras.Model) -> list[tuple[int, int]]:
    count = sum(layer.name.endswith("_dw_conv2d") for layer in tower.layers)
    strides = [stride for _, stride in sface.BLOCKS]
    widths = [
        int(tower.get_layer(f"conv_{n}_conv2d").kernel.shape[-1]) for n in range(2, count + 2)
    ]
    return list(zip(widths, strides, strict=False))


def _sface_channels(blocks: int) -> Iterator[Channels]:
    for n in range(2, blocks + 2):
        own = (f"conv_{n}_batchnorm", f"conv_{n}_relu")
        if n == blocks + 1:
            yield Channels(f"conv_{n}_conv2d", (*own, "bn1"), ("pre_fc1",))
            return
        after = tuple(f"conv_{n + 1}_dw_{part}" for part in ("conv2d", "batchnorm", "relu"))
        yield Channels(f"conv_{n}_conv2d", (*own, *after), (f"conv_{n + 1}_conv2d",))


def _residual_channels() -> Iterator[Channels]:
    for block in (f"head.layer{stage}.{number}" for stage in (1, 2) for number in (0, 1)):
        yield Channels(f"{block}.conv1", (f"{block}.bn1",), (f"{block}.conv2",))


def _dense_channels(tower: keras.Model) -> Iterator[Channels]:
    for number, (depth, _) in enumerate(_campplus_blocks(tower), start=1):
        for layer in (f"xvector.block{number}.tdnnd{n}" for n in range(1, depth + 1)):
            readers = (f"{layer}.cam_layer.linear_local", f"{layer}.cam_layer.linear1")
            norm = f"{layer}.nonlinear2.batchnorm"
            yield Channels(f"{layer}.linear1", (norm,), readers)


def _campplus_blocks(tower: keras.Model) -> list[tuple[int, int]]:
    names = [layer.name for layer in tower.layers if layer.name.endswith(".linear_local")]
    depths = [
        sum(name.startswith(f"xvector.block{number}.") for name in names)
        for number in range(1, len(campplus.BLOCKS) + 1)
    ]
    return list(zip(depths, (dilation for _, dilation in campplus.BLOCKS), strict=True))


def _slim(
    tower: keras.Model, groups: Sequence[Channels], build: Callable[[], keras.Model]
) -> keras.Model:
    small = build()
    arrays: Arrays = {layer.name: layer.get_weights() for layer in tower.layers}
    for group in groups:
        count = int(small.get_layer(group.maker).kernel.shape[-1])
        _cut(arrays, group, _strongest(arrays, group, count))
    for layer in small.layers:
        if layer.weights:
            layer.set_weights(arrays[layer.name])
    return small


def _strongest(arrays: Arrays, group: Channels, count: int) -> Indices:
    """Channels by how much they can move what reads them: spread times the readers' weights."""
    gamma = next(
        arrays[name][0] for name in reversed(group.along) if name.endswith(("batchnorm", "bn1"))
    )
    reading = np.zeros(len(gamma))
    for name in group.readers:
        kernel = arrays[name][0]
        by_channel = kernel.reshape(-1, len(gamma), kernel.shape[-1])
        reading += np.square(by_channel).sum(axis=(0, 2))
    strength = np.abs(gamma) * np.sqrt(reading)
    return np.sort(np.argsort(strength)[-count:])


def _cut(arrays: Arrays, group: Channels, kept: Indices) -> None:
    channels = arrays[group.maker][0].shape[-1]
    arrays[group.maker] = [weight[..., kept] for weight in arrays[group.maker]]
    for name in group.along:  # a depthwise kernel has one more axis, of length 1
        arrays[name] = [
            weight[:, :, kept] if weight.ndim == 4 else weight[..., kept] for weight in arrays[name]
        ]
    for name in group.readers:  # one behind a flattened map reads each channel at every place
        kernel, *bias = arrays[name]
        places = kernel.reshape(*kernel.shape[:-2], -1, channels, kernel.shape[-1])
        whole = places[..., kept, :]
        arrays[name] = [whole.reshape(*kernel.shape[:-2], -1, kernel.shape[-1]), *bias]
