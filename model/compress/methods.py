"""The ways to make a tower smaller or faster."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from model.compress.prune import zero_smallest
from model.compress.recover import recover
from model.compress.workshop import Workshop
from model.convert.litert_export import to_litert, to_litert_int8
from model.siamese.towers import tune
from model.training.files import write_whole


def dynamic_int8(shop: Workshop) -> bytes:
    """Weights in 8 bits, activations in float or quantised anew for every input."""
    return to_litert_int8(shop.teacher, shop.kind.shape)


def full_int8(shop: Workshop) -> bytes:
    """Weights and activations in 8 bits, ranges from the pack; input and output stay float."""

    def examples() -> Iterator[list[Any]]:
        yield from ([item[None].astype(np.float32)] for item in shop.inputs)

    def prepare(converter: Any) -> None:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = examples

    return to_litert(shop.teacher, shop.kind.shape, prepare)


def sparse(shop: Workshop, *, name: str, share: float) -> bytes:
    """Set this share of the weights to zero; a short training with the others."""
    tower = shop.source.tower(shop.kind)
    zero_smallest(tower, share)
    seed = int(shop.run.config["seed"])
    stage, tuning = f"{shop.name}-{name}", shop.plan.tunings[name]
    return shop.export(tune(shop.run, stage, tower, shop.lessons, tuning, seed=seed))


def slim(shop: Workshop, *, name: str, share: float) -> bytes:
    """Take channels out, keep this share of them, and learn from the whole tower."""
    tower = shop.kind.slim(shop.teacher, share)
    stage, tuning = f"{shop.name}-{name}", shop.plan.tunings[name]
    recover(shop.run, stage, tower, shop.teacher, shop.lessons, shop.inputs, tuning)
    return shop.export(tower)


@dataclass(frozen=True, slots=True)
class Method:
    """A way to make a tower smaller, and what is done, for reports."""

    make: Callable[[Workshop], bytes]
    about: str


METHODS = {
    "float16": Method(lambda shop: shop.export(shop.teacher), "16-bit weights, nothing taken out"),
    "dynamic-int8": Method(dynamic_int8, "8-bit weights, ranges of activations found at run time"),
    "full-int8": Method(full_int8, "8-bit weights and activations, float input and output"),
    "sparse-50": Method(
        lambda shop: sparse(shop, name="sparse-50", share=0.5),
        "half of all weights zero, short recovery",
    ),
    "pruned-30": Method(
        lambda shop: slim(shop, name="pruned-30", share=0.7),
        "30 % of channels gone, short recovery",
    ),
    "distilled-50": Method(
        lambda shop: slim(shop, name="distilled-50", share=0.5),
        "half the channels, taught by the whole tower",
    ),
}


def file_of(shop: Workshop, method: str) -> Path:
    """The tower made by a method; kept, so that a killed command goes on."""
    path = shop.run.folder / f"{shop.name}-{method}.tflite"
    if not path.is_file():
        write_whole(path, METHODS[method].make(shop))
    return path
