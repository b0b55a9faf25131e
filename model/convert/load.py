"""The Keras towers with their published weights."""

from __future__ import annotations

from pathlib import Path

import keras

from model.convert.assign import assign_campplus, assign_minifasnet, assign_sface
from model.convert.onnx_file import folded_tensors, read_onnx
from model.convert.sources import CAMPPLUS, MINIFASNET_V1_SE, MINIFASNET_V2, SFACE, fetch
from model.convert.torch_file import read_state_dict
from model.towers.campplus import build_campplus
from model.towers.minifasnet import V1_SE, V2, build_minifasnet
from model.towers.sface import build_sface

CACHE_DIR = Path(".cache")
"""Where downloads are kept, relative to where the command is started."""


def load_sface(cache: Path = CACHE_DIR) -> keras.Model:
    """SFace in Keras, float32, weights of the pinned release.

    Raises:
        WeightsError: the release cannot be had or is another one.
    """
    model = build_sface()
    assign_sface(model, folded_tensors(read_onnx(fetch(SFACE, cache))))
    return model


def load_campplus(cache: Path = CACHE_DIR) -> keras.Model:
    """CAM++ in Keras, float32, weights of the pinned release.

    Raises:
        WeightsError: the release cannot be had or is another one.
    """
    model = build_campplus()
    assign_campplus(model, read_state_dict(fetch(CAMPPLUS, cache)))
    return model


def load_minifasnet_v2(cache: Path = CACHE_DIR) -> keras.Model:
    """MiniFASNet V2 in Keras, float32, weights of the pinned file.

    Raises:
        WeightsError: the file is not in the cache or is another one.
    """
    model = build_minifasnet(V2)
    assign_minifasnet(model, read_state_dict(fetch(MINIFASNET_V2, cache)))
    return model


def load_minifasnet_v1_se(cache: Path = CACHE_DIR) -> keras.Model:
    """MiniFASNet V1 SE in Keras, float32, weights of the pinned file.

    Raises:
        WeightsError: the file is not in the cache or is another one.
    """
    model = build_minifasnet(V1_SE)
    assign_minifasnet(model, read_state_dict(fetch(MINIFASNET_V1_SE, cache)))
    return model
