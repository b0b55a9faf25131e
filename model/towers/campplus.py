"""CAM++, the voice tower: log-mel frames of one utterance in, a vector of 192 numbers out.

Wang et al., "CAM++: A Fast and Efficient Network for Speaker Verification Using Context-Aware
Masking", Interspeech 2023, https://arxiv.org/abs/2303.00332, as published by 3D-Speaker: a small
2-D residual front end over frequency and time (FCM), three blocks of densely connected
time-delay layers whose output a context-aware mask gates (D-TDNN with CAM), mean and standard
deviation over time, one dense layer with an affine-free batch norm and nothing after it. Layers
carry the names of the published checkpoint, so that its tensors find their place by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras
import tensorflow as tf
from keras import layers, ops

MEL_BANDS = 80
EMBEDDING_SIZE = 192
BATCHNORM_EPSILON = 1e-5
FRONT_END_CHANNELS = 32
INIT_CHANNELS = 128
GROWTH = 32
BOTTLENECK = 4 * GROWTH
SEGMENT_FRAMES = 100
# Below the smallest spread that matters; the gradient of a root at 0 is infinite.
_TINY = 1e-10

# (layers, dilation) of the dense blocks; every kernel is 3 frames wide.
BLOCKS = ((12, 1), (24, 2), (16, 2))


def build_campplus(
    *,
    blocks: Sequence[tuple[int, int]] = BLOCKS,
    bottleneck: int = BOTTLENECK,
    inner: int = FRONT_END_CHANNELS,
) -> keras.Model:
    """Build the tower with random weights.

    Args:
        blocks: layers and dilation of each dense block.
        bottleneck: channels between the two convolutions of a dense layer.
        inner: channels between the two convolutions of a residual block.

    Returns:
        A model from float32 (n, frames, 80), Kaldi log-mel with the mean over time subtracted,
        any number of frames from 3 on, to float32 (n, 192), not normalised; cosine similarity
        compares two of them.
    """
    fbank = keras.Input((None, MEL_BANDS), name="fbank")
    x = _front_end(fbank, inner)
    x = layers.ZeroPadding1D(2, name="xvector.tdnn.pad")(x)
    x = layers.Conv1D(INIT_CHANNELS, 5, strides=2, use_bias=False, name="xvector.tdnn.linear")(x)
    x = _batchnorm_relu(x, "xvector.tdnn.nonlinear.batchnorm")
    context = Segments(name="xvector.segments")(x)
    for number, (depth, dilation) in enumerate(blocks, start=1):
        x = _dense_block(x, context, (depth, dilation, bottleneck), f"xvector.block{number}")
        x = _transit(x, f"xvector.transit{number}")
    x = _batchnorm_relu(x, "xvector.out_nonlinear.batchnorm")
    x = StatisticsPooling(name="xvector.stats")(x)
    x = layers.Dense(EMBEDDING_SIZE, use_bias=False, name="xvector.dense.linear")(x)
    embedding = layers.BatchNormalization(
        center=False,
        scale=False,
        epsilon=BATCHNORM_EPSILON,
        name="xvector.dense.nonlinear.batchnorm",
    )(x)
    return keras.Model(fbank, embedding, name="campplus")


def _front_end(fbank: Any, inner: int) -> Any:
    """FCM: (n, frames, 80) to (n, frames, 10 * 32), one eighth of the frequency resolution."""
    x = layers.Reshape((-1, MEL_BANDS, 1), name="head.picture")(fbank)
    x = layers.Conv2D(FRONT_END_CHANNELS, 3, padding="same", use_bias=False, name="head.conv1")(x)
    x = _batchnorm_relu(x, "head.bn1")
    for stage in ("head.layer1", "head.layer2"):
        x = _residual(x, f"{stage}.0", inner, halve=True)
        x = _residual(x, f"{stage}.1", inner, halve=False)
    x = _conv3x3(x, "head.conv2", FRONT_END_CHANNELS, halve=True)
    x = _batchnorm_relu(x, "head.bn2")
    return layers.Reshape((-1, x.shape[2] * x.shape[3]), name="head.flatten")(x)


def _residual(x: Any, name: str, inner: int, *, halve: bool) -> Any:
    """A basic residual block; ``halve`` halves the frequency axis."""
    y = _conv3x3(x, f"{name}.conv1", inner, halve=halve)
    y = _batchnorm_relu(y, f"{name}.bn1")
    y = _conv3x3(y, f"{name}.conv2", FRONT_END_CHANNELS, halve=False)
    y = _batchnorm(y, f"{name}.bn2")
    if halve:
        x = layers.Conv2D(
            FRONT_END_CHANNELS, 1, strides=(1, 2), use_bias=False, name=f"{name}.shortcut.0"
        )(x)
        x = _batchnorm(x, f"{name}.shortcut.1")
    return layers.ReLU(name=f"{name}.relu")(layers.Add(name=f"{name}.add")([x, y]))


def _conv3x3(x: Any, name: str, channels: int, *, halve: bool) -> Any:
    if halve:  # the source pads evenly; "same" would pad only the far side
        x = layers.ZeroPadding2D(1, name=f"{name}.pad")(x)
    return layers.Conv2D(
        channels,
        3,
        strides=(1, 2) if halve else 1,
        padding="valid" if halve else "same",
        use_bias=False,
        name=name,
    )(x)


def _dense_block(x: Any, context: Any, sizes: tuple[int, int, int], name: str) -> Any:
    """Each layer sees everything before it and adds ``GROWTH`` channels."""
    depth, dilation, bottleneck = sizes
    for number in range(1, depth + 1):
        new = _masked_tdnn(x, context, dilation, bottleneck, f"{name}.tdnnd{number}")
        x = layers.Concatenate(name=f"{name}.tdnnd{number}.concat")([x, new])
    return x


def _masked_tdnn(x: Any, context: Any, dilation: int, bottleneck: int, name: str) -> Any:
    x = _batchnorm_relu(x, f"{name}.nonlinear1.batchnorm")
    x = layers.Conv1D(bottleneck, 1, use_bias=False, name=f"{name}.linear1")(x)
    x = _batchnorm_relu(x, f"{name}.nonlinear2.batchnorm")
    return _context_mask(x, context, dilation, f"{name}.cam_layer")


def _context_mask(x: Any, context: Any, dilation: int, name: str) -> Any:
    """A local convolution gated by what its surroundings sound like.

    The published layer computes the mask at every frame from the mean of the utterance plus the
    mean of the frame's segment. Both are the same for all frames of a segment, so the mask is
    computed once per segment and then spread: the same numbers for less work.
    """
    pool, spread = context
    local = DilatedConv1D(
        GROWTH,
        3,
        padding="same",
        dilation_rate=dilation,
        use_bias=False,
        name=f"{name}.linear_local",
    )(x)
    mask = layers.Dot(axes=(2, 1), name=f"{name}.pool")([pool, x])
    mask = layers.Conv1D(BOTTLENECK // 2, 1, activation="relu", name=f"{name}.linear1")(mask)
    mask = layers.Conv1D(GROWTH, 1, activation="sigmoid", name=f"{name}.linear2")(mask)
    mask = layers.Dot(axes=(2, 1), name=f"{name}.spread")([spread, mask])
    return layers.Multiply(name=f"{name}.mask")([local, mask])


def _transit(x: Any, name: str) -> Any:
    """Halve the channels between two dense blocks."""
    x = _batchnorm_relu(x, f"{name}.nonlinear.batchnorm")
    return layers.Conv1D(x.shape[-1] // 2, 1, use_bias=False, name=f"{name}.linear")(x)


def _batchnorm_relu(x: Any, name: str) -> Any:
    return layers.ReLU(name=f"{name}.relu")(_batchnorm(x, name))


def _batchnorm(x: Any, name: str) -> Any:
    return layers.BatchNormalization(epsilon=BATCHNORM_EPSILON, name=name)(x)


@keras.saving.register_keras_serializable("stream_verifier")
class DilatedConv1D(layers.Conv1D):  # type: ignore[misc]
    """``Conv1D`` that leaves the dilation to TensorFlow's own convolution.

    Keras folds time into the batch axis instead, which the converter cannot undo when the
    number of frames is open: the exported tower was a fifth slower, and three times as slow on
    the first call of a new length. The numbers are the same. Many processors have no gradient of
    it: `to_be_trained` has shifted copies side by side convolved without dilation instead.
    """

    shifted = False

    def call(self, x: Any) -> Any:
        """Convolve over time with "same" padding."""
        if self.shifted:
            x = self._convolve_shifted(x)
        else:
            x = tf.nn.conv1d(x, self.kernel, stride=1, padding="SAME", dilations=self.dilation_rate)
        return self.activation(x + self.bias if self.use_bias else x)

    def _convolve_shifted(self, x: Any) -> Any:
        (width,), (rate,) = self.kernel_size, self.dilation_rate
        reach, frames = (width - 1) * rate, tf.shape(x)[1]
        padded = tf.pad(x, [[0, 0], [reach // 2, reach - reach // 2], [0, 0]])
        copies = [padded[:, at : at + frames] for at in range(0, reach + 1, rate)]
        kernel = tf.reshape(self.kernel, (1, -1, self.filters))
        return tf.nn.conv1d(tf.concat(copies, axis=-1), kernel, stride=1, padding="VALID")


@contextmanager
def to_be_trained(tower: keras.Model) -> Iterator[None]:
    """Have a tower's convolutions in the form that every processor can differentiate.

    Args:
        tower: of any kind; one without dilated convolutions stays as it is. Whatever is traced of
            it inside keeps the form, whatever is traced afterwards has the fast one again.
    """
    dilated = [layer for layer in tower.layers if isinstance(layer, DilatedConv1D)]
    for layer in dilated:
        layer.shifted = True
    try:
        yield
    finally:
        for layer in dilated:
            layer.shifted = False


@keras.saving.register_keras_serializable("stream_verifier")
class Segments(layers.Layer):  # type: ignore[misc]
    """Cuts time into segments of 100 frames, the last one as long as what is left.

    Maps (n, frames, channels) to two matrices: ``pool`` (n, segments, frames) takes each
    segment's mean plus the mean of all frames, ``spread`` (n, frames, segments) gives every
    frame its segment's row.
    """

    def call(self, x: Any) -> tuple[Any, Any]:
        """Only the shape of ``x`` matters."""
        batch, frames = ops.shape(x)[0], ops.shape(x)[1]
        count = (frames + SEGMENT_FRAMES - 1) // SEGMENT_FRAMES
        segment_of_frame = ops.arange(frames) // SEGMENT_FRAMES
        member = ops.cast(ops.arange(count)[:, None] == segment_of_frame[None, :], x.dtype)
        pool = member / ops.sum(member, axis=1, keepdims=True)
        pool = pool + ops.cast(1, x.dtype) / ops.cast(frames, x.dtype)
        many = ops.ones((batch, 1, 1), x.dtype)
        return many * pool, many * ops.transpose(member)

    def compute_output_shape(self, shape: Any) -> tuple[Any, Any]:
        """Both lengths follow the number of frames."""
        return (shape[0], None, shape[1]), (shape[0], shape[1], None)


@keras.saving.register_keras_serializable("stream_verifier")
class StatisticsPooling(layers.Layer):  # type: ignore[misc]
    """Mean and unbiased standard deviation over time: (n, frames, c) to (n, 2 * c)."""

    def call(self, x: Any) -> Any:
        """Frames are expected to be two at least."""
        frames = ops.cast(ops.shape(x)[1], x.dtype)
        mean = ops.mean(x, axis=1, keepdims=True)
        variance = ops.sum(ops.square(x - mean), axis=1) / (frames - 1)
        return ops.concatenate([ops.squeeze(mean, axis=1), ops.sqrt(variance + _TINY)], axis=-1)

    def compute_output_shape(self, shape: Any) -> tuple[Any, Any]:
        """Twice as many channels, no time."""
        return shape[0], 2 * shape[2]
