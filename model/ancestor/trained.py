"""Loading a trained ancestor out of its run's folder."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from model.ancestor import networks
from model.errors import CheckpointError
from model.training.run import Run

HEADS = {"siamese": "both", "siamese-face": "face", "siamese-voice": "voice"}
"""Stage to what its head compares."""
SIZES = {
    "both": networks.FACE_SIZE + networks.VOICE_SIZE,
    "face": networks.FACE_SIZE,
    "voice": networks.VOICE_SIZE,
}

Weights = list[NDArray[np.float32]]


def load_trained(folder: Path) -> tuple[keras.Model, keras.Model, dict[str, Weights]]:
    """Both towers, and the weights of the heads "both", "face" and "voice".

    Raises:
        CheckpointError: the folder holds no finished run of the ancestor.
    """
    run = Run.open(folder)
    if run.config.get("system") != "ancestor":
        raise CheckpointError(f"{folder} holds no run of the ancestor: name another folder")
    face, voice = networks.face_tower(), networks.voice_tower()
    for stage, tower in (("face", face), ("voice", voice)):
        run.restore(stage, networks.classifier(tower, int(run.config["people"])))
    return face, voice, {what: _head(run, stage, SIZES[what]) for stage, what in HEADS.items()}


def _head(run: Run, stage: str, size: int) -> Weights:
    model = networks.siamese(size)
    run.restore(stage, model)
    weights: Weights = model.get_weights()
    return weights
