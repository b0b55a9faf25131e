"""Turns a trained network into the files that serving loads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from keras import layers

from model.convert import litert_export
from model.errors import WeightsError
from model.runtime.litert import LiteRtModel
from model.training.files import write_whole
from model.types import Vector


@dataclass(frozen=True, slots=True)
class Precision:
    """Numbers that a tower's weights are kept in.

    Attributes:
        convert: Keras model and input shape to the ``.tflite`` file.
        least_cosine: between what Keras and LiteRT make of one input; a sound export costs less.
    """

    convert: Callable[[keras.Model, Sequence[int | None]], bytes]
    least_cosine: float


FLOAT16 = Precision(litert_export.to_litert_float16, 0.999)
INT8 = Precision(litert_export.to_litert_int8, 0.99)


def write_tower(
    path: Path,
    tower: keras.Model,
    shape: Sequence[int | None],
    samples: Iterable[Vector],
    precision: Precision = FLOAT16,
) -> None:
    """Export a tower, and make sure that it does what Keras does.

    Args:
        path: of the ``.tflite`` file; nothing is left there where the check fails.
        tower: trained.
        shape: of its input, None for open axes.
        samples: inputs to compare on, without the batch axis.
        precision: of its weights.

    Raises:
        WeightsError: LiteRT gives other vectors than Keras.
        CheckpointError: the file cannot be written.
    """
    draft = path.with_suffix(".draft")
    write_whole(draft, precision.convert(tower, shape))
    exported = LiteRtModel(draft)
    for sample in samples:
        batch = sample[None].astype(np.float32)
        ours, theirs = exported.run(batch)[0], np.asarray(tower(batch, training=False))[0]
        cosine = float(ours @ theirs / np.linalg.norm(ours) / np.linalg.norm(theirs))
        if not cosine >= precision.least_cosine:
            draft.unlink()
            raise WeightsError(f"{tower.name} came out of the export changed: cosine {cosine:.4f}")
    draft.replace(path)


def to_litert(network: keras.Model) -> bytes:
    """Export to one input, all of the network's inputs end to end, shape (1, n); float32."""
    sizes = [int(tensor.shape[-1]) for tensor in network.inputs]
    joined = keras.Input((sum(sizes),), name="joined")
    edges = np.cumsum([0, *sizes])
    parts = [joined[:, a:b] for a, b in zip(edges[:-1], edges[1:], strict=True)]
    model = keras.Model(joined, layers.Identity()(network(parts)))
    return litert_export.to_litert(model, (1, sum(sizes)), lambda _: None)
