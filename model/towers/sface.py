"""SFace, the face tower: one aligned face in, a vector of 128 numbers out.

The backbone is MobileNet (Howard et al., 2017, https://arxiv.org/abs/1704.04861) for 112x112
pictures, with PReLU in place of ReLU and one dense layer over the whole 7x7 map in place of
global pooling, trained with the sigmoid-constrained hypersphere loss (Zhong et al., "SFace",
IEEE TIP 2021, https://arxiv.org/abs/2205.12010). Layers carry the names of the published graph,
so that its tensors find their place by name.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

INPUT_SIZE_PX = 112
EMBEDDING_SIZE = 128
BATCHNORM_EPSILON = 1e-3
HEAD_EPSILON = 2e-5

# (channels out, stride) of the depthwise separable blocks conv_2 to conv_14.
BLOCKS = (
    (64, 1),
    (128, 2),
    (128, 1),
    (256, 2),
    (256, 1),
    (512, 2),
    (512, 1),
    (512, 1),
    (512, 1),
    (512, 1),
    (512, 1),
    (1024, 2),
    (1024, 1),
)


def build_sface(*, blocks: Sequence[tuple[int, int]] = BLOCKS) -> keras.Model:
    """Build the tower with random weights.

    Args:
        blocks: channels out and stride of each separable block; fewer make a slimmer tower.

    Returns:
        A model from float32 (n, 112, 112, 3), RGB, 0 to 255, to float32 (n, 128), not
        normalised; cosine similarity compares two of them.
    """
    pixels = keras.Input((INPUT_SIZE_PX, INPUT_SIZE_PX, 3), name="pixels")
    x = layers.Rescaling(1 / 128, offset=-127.5 / 128, name="scale")(pixels)
    x = layers.Conv2D(32, 3, padding="same", use_bias=False, name="conv_1_conv2d")(x)
    x = _activate(x, "conv_1")
    for number, (channels, stride) in enumerate(blocks, start=2):
        x = _separable_block(x, channels, stride, f"conv_{number}")
    x = layers.BatchNormalization(epsilon=HEAD_EPSILON, name="bn1")(x)
    x = layers.Dropout(0.4, name="dropout5")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(EMBEDDING_SIZE, name="pre_fc1")(x)
    embedding = layers.BatchNormalization(epsilon=HEAD_EPSILON, name="fc1")(x)
    return keras.Model(pixels, embedding, name="sface")


def _separable_block(x: Any, channels: int, stride: int, name: str) -> Any:
    """Filter each channel by itself, then mix the channels."""
    if stride > 1:  # the source pads evenly; "same" would pad only the far sides
        x = layers.ZeroPadding2D(1, name=f"{name}_dw_pad")(x)
    x = layers.DepthwiseConv2D(
        3,
        strides=stride,
        padding="valid" if stride > 1 else "same",
        use_bias=False,
        name=f"{name}_dw_conv2d",
    )(x)
    x = _activate(x, f"{name}_dw")
    x = layers.Conv2D(channels, 1, use_bias=False, name=f"{name}_conv2d")(x)
    return _activate(x, name)


def _activate(x: Any, name: str) -> Any:
    x = layers.BatchNormalization(epsilon=BATCHNORM_EPSILON, name=f"{name}_batchnorm")(x)
    return layers.PReLU(shared_axes=[1, 2], name=f"{name}_relu")(x)
