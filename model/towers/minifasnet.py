"""MiniFASNet: does a picture show a face, or a print or a screen that shows one?

Two small networks of Minivision's Silent-Face-Anti-Spoofing (2020,
https://github.com/minivision-ai/Silent-Face-Anti-Spoofing, Apache-2.0): inverted residual blocks
(Sandler et al. 2018, https://arxiv.org/abs/1801.04381) whose widths were pruned one by one, in one
of the two with squeeze and excitation (Hu et al. 2018, https://arxiv.org/abs/1709.01507) at the
end of each stage. They differ in the widths and in how much they see around the face. Layers carry
the names of the published checkpoints, so that the tensors find their place by name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
from keras import layers

SIDE_PX = 80
CLASSES = 3
EPSILON = 1e-5

_FIRST, _FEATURES, _EMBEDDING = 32, 512, 128
_REDUCTION = 4


@dataclass(frozen=True, slots=True)
class Widths:
    """What distinguishes the networks.

    Attributes:
        stages: of each of three stages the channels it ends with, the width inside the block that
            halves the picture, and the widths inside its residual blocks.
        weighs_channels: whether each stage ends with squeeze and excitation.
    """

    stages: tuple[tuple[int, int, tuple[int, ...]], ...]
    weighs_channels: bool


V2 = Widths(
    stages=(
        (64, 103, (13, 13, 13, 13)),
        (128, 231, (231, 52, 26, 77, 26, 26)),
        (128, 308, (26, 26)),
    ),
    weighs_channels=False,
)
"""Sees the face box 2.7 times as wide."""
V1_SE = Widths(
    stages=(
        (64, 103, (13, 26, 13, 52)),
        (128, 231, (154, 52, 26, 52, 26, 26)),
        (128, 308, (26, 26)),
    ),
    weighs_channels=True,
)
"""Sees the face box 4.0 times as wide."""

_STAGES = (("conv_23", "conv_3"), ("conv_34", "conv_4"), ("conv_45", "conv_5"))


def build_minifasnet(widths: Widths) -> keras.Model:
    """Build one of the networks with random weights.

    Returns:
        A model from float32 (n, 80, 80, 3), BGR, 0 to 255, to float32 (n, 3), logits; the second
        class is a live face, the first and the third are prints and screens.
    """
    pixels = keras.Input((SIDE_PX, SIDE_PX, 3), name="pixels")
    x = _convolve(pixels, _FIRST, "conv1", kernel=3, strides=2)
    x = _filter(x, "conv2_dw")
    for (first, rest), (channels, halving, inside) in zip(_STAGES, widths.stages, strict=True):
        x = _bottleneck(x, halving, channels, first, strides=2)
        for number, width in enumerate(inside):
            name = f"{rest}.model.{number}"
            update = _bottleneck(x, width, channels, name)
            if widths.weighs_channels and number == len(inside) - 1:
                update = _weigh(update, f"{name}.se_module")
            x = layers.Add(name=f"{name}.add")([x, update])
    x = _convolve(x, _FEATURES, "conv_6_sep")
    x = layers.DepthwiseConv2D(x.shape[1], use_bias=False, name="conv_6_dw.conv")(x)
    x = layers.Flatten(name="flatten")(_normalise(x, "conv_6_dw.bn"))
    x = layers.Dense(_EMBEDDING, use_bias=False, name="linear")(x)
    x = _normalise(x, "bn")
    logits = layers.Dense(CLASSES, use_bias=False, name="prob")(x)
    return keras.Model(pixels, logits, name="minifasnet")


def _bottleneck(x: Any, width: int, channels: int, name: str, strides: int = 1) -> Any:
    x = _convolve(x, width, f"{name}.conv")
    x = _filter(x, f"{name}.conv_dw", strides=strides)
    x = layers.Conv2D(channels, 1, use_bias=False, name=f"{name}.project.conv")(x)
    return _normalise(x, f"{name}.project.bn")


def _convolve(x: Any, channels: int, name: str, kernel: int = 1, strides: int = 1) -> Any:
    padded = _pad(x, name) if kernel > 1 else x
    x = layers.Conv2D(channels, kernel, strides, use_bias=False, name=f"{name}.conv")(padded)
    return _activate(x, name)


def _filter(x: Any, name: str, strides: int = 1) -> Any:
    """Filter each channel by itself."""
    x = layers.DepthwiseConv2D(3, strides, use_bias=False, name=f"{name}.conv")(_pad(x, name))
    return _activate(x, name)


def _weigh(x: Any, name: str) -> Any:
    """Squeeze and excitation: weights of the channels that follow from their means."""
    channels = x.shape[-1]
    w = layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}.mean")(x)
    w = layers.Conv2D(channels // _REDUCTION, 1, use_bias=False, name=f"{name}.fc1")(w)
    w = layers.ReLU(name=f"{name}.relu")(_normalise(w, f"{name}.bn1"))
    w = layers.Conv2D(channels, 1, use_bias=False, name=f"{name}.fc2")(w)
    w = layers.Activation("sigmoid", name=f"{name}.sigmoid")(_normalise(w, f"{name}.bn2"))
    return layers.Multiply(name=f"{name}.weigh")([x, w])


def _pad(x: Any, name: str) -> Any:
    """Evenly, as the source does; "same" would pad a halved picture on its far sides only."""
    return layers.ZeroPadding2D(1, name=f"{name}.pad")(x)


def _activate(x: Any, name: str) -> Any:
    x = _normalise(x, f"{name}.bn")
    return layers.PReLU(shared_axes=[1, 2], name=f"{name}.prelu")(x)


def _normalise(x: Any, name: str) -> Any:
    return layers.BatchNormalization(epsilon=EPSILON, name=name)(x)
