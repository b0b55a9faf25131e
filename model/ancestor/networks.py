"""The ancestor's networks: two towers, trained first as identity classifiers, and the head."""

from __future__ import annotations

import keras
from keras import layers

from model.ancestor.spectrogram import SIDE_PX
from model.ancestor.vgg import FEATURES

FACE_SIZE = 128
VOICE_SIZE = 32
FILTERS = (32, 64, 128, 256)
LSTM_UNITS = 20
VOICE_DENSE = (256, 128, VOICE_SIZE)
HEAD_DENSE = (128, 64, 32)
DROPOUT = 0.5
HEAD_LEARNING_RATE = 1e-5


def face_tower() -> keras.Model:
    """From VGG16's features, float32 (n, 8192), to the face vector, float32 (n, 128)."""
    features = keras.Input((FEATURES,), name="features")
    # The weights' scale is not ImageNet's: without this the dense layer dies in the first epoch.
    x = layers.BatchNormalization(
        momentum=0.9, epsilon=1.0, center=False, scale=False, name="standardise"
    )(features)
    vector = layers.Dense(FACE_SIZE, activation="relu", name="face_vector")(x)
    return keras.Model(features, vector, name="face_tower")


def voice_tower() -> keras.Model:
    """From spectrogram pictures, uint8 (n, 128, 128, 3), to the voice vector, float32 (n, 32)."""
    pixels = keras.Input((SIDE_PX, SIDE_PX, 3), name="pixels")
    x = layers.Rescaling(1 / 255)(pixels)
    for filters in FILTERS:
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        x = layers.MaxPooling2D()(x)
    # The recurrent layer reads columns: time first, then frequency and channels together.
    steps = SIDE_PX // 2 ** len(FILTERS)
    x = layers.Reshape((steps, steps * FILTERS[-1]))(layers.Permute((2, 1, 3))(x))
    x = layers.Bidirectional(layers.LSTM(LSTM_UNITS))(x)
    for units in VOICE_DENSE:
        x = layers.Dense(units, activation="relu")(x)
    return keras.Model(pixels, x, name="voice_tower")


def classifier(tower: keras.Model, people: int, *, learning_rate: float = 1e-3) -> keras.Model:
    """A tower with a softmax over known identities, compiled with Adam; faces with dropout."""
    x = tower.output
    if tower.name == "face_tower":
        x = layers.Dropout(DROPOUT, name="dropout")(x)
    identity = layers.Dense(people, activation="softmax", name="identity")(x)
    model = keras.Model(tower.input, identity, name=f"{tower.name}_classifier")
    model.compile(
        keras.optimizers.Adam(learning_rate),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def siamese(size: int) -> keras.Model:
    """The head: both sides through the same dense layers, absolute difference, one sigmoid.

    Args:
        size: length of one side's vector.

    Returns:
        A compiled model from two float32 (n, size) to the probability of a match, (n, 1).
    """
    sides = [keras.Input((size,), name=name) for name in ("reference", "probe")]
    ends = list(sides)
    for number, units in enumerate(HEAD_DENSE, start=1):
        shared = layers.Dense(units, activation="relu", name=f"shared_{number}")
        ends = [shared(end) for end in ends]
    apart = keras.ops.abs(ends[0] - ends[1])
    match = layers.Dense(1, activation="sigmoid", name="match")(apart)
    model = keras.Model(sides, match, name="siamese")
    metrics = ["accuracy", keras.metrics.Precision(name="precision")]
    model.compile(
        keras.optimizers.Adam(HEAD_LEARNING_RATE),
        "binary_crossentropy",
        metrics=[*metrics, keras.metrics.Recall(name="recall")],
    )
    return model
