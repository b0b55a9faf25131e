"""Exports a Keras tower to LiteRT, with float16 or 8-bit weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf


def to_litert_float16(model: keras.Model, input_shape: Sequence[int | None]) -> bytes:
    """Convert by way of one traced function, its weights frozen into it.

    A SavedModel traces the model three times more, to the same numbers.

    Args:
        model: one float32 input, one output.
        input_shape: with the batch axis; None leaves an axis open for ``resize_tensor_input``.

    Returns:
        The ``.tflite`` file: float16 weights, float32 arithmetic, input and output.
    """

    def prepare(converter: Any) -> None:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_types = [tf.float16]

    return to_litert(model, input_shape, prepare)


def to_litert_float32(model: keras.Model, input_shape: Sequence[int | None]) -> bytes:
    """Likewise, with the weights as they are: twice the size, and equal to Keras to 1e-5."""
    return to_litert(model, input_shape, lambda _: None)


def to_litert_int8(model: keras.Model, input_shape: Sequence[int | None]) -> bytes:
    """Likewise, with 8-bit weights; activations are quantised anew for every input.

    Args:
        model: one float32 input, one output.
        input_shape: with the batch axis; None leaves an axis open for ``resize_tensor_input``.

    Returns:
        The ``.tflite`` file: half the size of float16's, float32 input and output.
    """

    def prepare(converter: Any) -> None:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]

    return to_litert(model, input_shape, prepare)


def to_litert(
    model: keras.Model, input_shape: Sequence[int | None], prepare: Callable[[Any], None]
) -> bytes:
    """Likewise, with settings of one's own.

    Args:
        model: one float32 input, one output.
        input_shape: with the batch axis; None leaves an axis open for ``resize_tensor_input``.
        prepare: sets the ``tf.lite.TFLiteConverter`` up.
    """
    signature = tf.TensorSpec(tuple(input_shape), tf.float32, name="input")
    infer = tf.function(lambda batch: model(batch, training=False), autograph=False)
    traced = infer.get_concrete_function(signature)
    # A function where the model might stand has it freeze the weights, not save and load them.
    converter = tf.lite.TFLiteConverter.from_concrete_functions([traced], infer)
    prepare(converter)
    converted: bytes = converter.convert()
    return converted
