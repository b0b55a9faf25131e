"""VGG16's convolutions, frozen: the ancestor's first look at a face.

Simonyan and Zisserman, 2015, https://arxiv.org/abs/1409.1556. ImageNet's own weights are on no
package index; these are ImageNet's trained on for edges (Xie and Tu, "Holistically-nested edge
detection", 2015, https://arxiv.org/abs/1504.06375). That recipe trains block 5 a hundred times
faster than the others: what it knew of ImageNet is gone, and known faces were recognised far worse
through it than around it. So block 5 is its pooling alone here, which keeps the shape.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import h5py
import keras
import numpy as np
from keras import layers

from model.convert.sources import VGG16, fetch
from model.data.embed import Memo
from model.data.media import PICTURE_SIDE_PX, Picture
from model.errors import WeightsError
from model.types import Vector

SIDE_PX = 128
FEATURES = 4 * 4 * 512
# Caffe's convention: blue, green, red, minus ImageNet's mean, not scaled.
MEAN_BGR = (103.939, 116.779, 123.68)
BLOCKS = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 0))
_MARGIN = (PICTURE_SIDE_PX - SIDE_PX) // 2


def face_picture(picture: Picture) -> Picture:
    """The ancestor's face input, uint8 (128, 128, 3), out of an aligned 160x160 RGB picture."""
    return np.ascontiguousarray(picture[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN])


def build_vgg16() -> keras.Model:
    """VGG16 without its dense layers and block 5's convolutions, random weights.

    Returns:
        A frozen model from RGB pixels (n, 128, 128, 3), 0 to 255, to float32 (n, 8192): the last
        pooled map, flattened.
    """
    pixels = keras.Input((SIDE_PX, SIDE_PX, 3), name="pixels")
    x = pixels[..., ::-1] - np.array(MEAN_BGR, dtype=np.float32)
    for block, (channels, count) in enumerate(BLOCKS, start=1):
        for conv in range(1, count + 1):
            name = f"block{block}_conv{conv}"
            x = layers.Conv2D(channels, 3, padding="same", activation="relu", name=name)(x)
        x = layers.MaxPooling2D(name=f"block{block}_pool")(x)
    model = keras.Model(pixels, layers.Flatten(name="flatten")(x), name="vgg16")
    model.trainable = False
    return model


def load_vgg16(cache: Path) -> keras.Model:
    """VGG16 with the weights of the pinned release.

    Args:
        cache: folder of downloads.

    Raises:
        WeightsError: the release cannot be had or is another one.
    """
    model = build_vgg16()
    path = fetch(VGG16, cache)
    try:
        with h5py.File(path) as file:
            for block, (_, count) in enumerate(BLOCKS, start=1):
                for conv in range(count):
                    place = f"block{block}/layers/conv2d{f'_{conv}' if conv else ''}/vars"
                    layer = model.get_layer(f"block{block}_conv{conv + 1}")
                    layer.set_weights([file[f"{place}/{part}"][()] for part in "01"])
    except (OSError, KeyError, ValueError) as error:
        raise WeightsError(f"{path} does not hold VGG16: {error}") from error
    return model


class FaceFeatures:
    """VGG16's features of faces, each computed once: the network is frozen.

    Args:
        downloads: folder of downloads.
        memory: folder to remember features in; None to remember nothing.
    """

    def __init__(self, *, downloads: Path, memory: Path | None) -> None:
        self._downloads = downloads
        name = f"vgg16-{VGG16.sha256[:8]}-block4.bin"
        self._memo = Memo(memory / name, FEATURES) if memory else None

    def embed(self, picture: Picture) -> Vector:
        """Features of one face, uint8 (128, 128, 3) RGB to float32 (8192,)."""
        return (
            self._memo.get(picture, lambda: self._run(picture))
            if self._memo
            else (self._run(picture))
        )

    @cached_property
    def _model(self) -> keras.Model:
        return load_vgg16(self._downloads)

    def _run(self, picture: Picture) -> Vector:
        return np.asarray(self._model.predict_on_batch(picture[None])[0], dtype=np.float32)
