"""The Keras towers with their published weights."""

from __future__ import annotations

from pathlib import Path

import keras

from model.convert.assign import assign_campplus, assign_sface
from model.convert.onnx_file import folded_tensors, read_onnx
from model.convert.sources import CAMPPLUS, SFACE, fetch
from model.convert.torch_file import read_state_dict
from model.towers.campplus import build_campplus
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
