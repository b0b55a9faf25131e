"""What the towers learn from: a pack's pictures and speech, damaged anew each time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import keras
import numpy as np
import tensorflow as tf
from rich.progress import track

from model.data.augment import augment_picture, augment_speech
from model.data.degrade import low_resolution
from model.data.media import Picture, crop_face, read_picture
from model.data.packs import Pack
from model.errors import PackError
from model.runtime.speech import cut_speech
from model.siamese.material import Amount, picture_units, shortened, speech_sounds, talkers
from model.siamese.towers import Lessons
from model.types import Vector

LOW_RESOLUTION_SHARE = 0.4
"""Pictures that are only scaled down and coded, which every call does."""


def face_lessons(pack: Pack, teacher: keras.Model, amount: Amount) -> Lessons:
    """Pictures as the published tower sees them, each drawn damaged and half of them mirrored."""
    units = picture_units(pack, amount)
    read = pack.notes.reading([sample.path for sample in units.values()], read_picture)
    pictures = dict(read)
    kept = [(who, sample.path) for (who, _), sample in units.items() if sample.path in pictures]

    def draw(row: int, rng: np.random.Generator) -> Vector:
        return crop_face(_damaged(pictures[kept[row][1]], rng)).astype(np.float32)

    crops = [crop_face(pictures[path]).astype(np.float32) for _, path in kept]
    return _lessons([who for who, _ in kept], crops, teacher, draw)


def voice_lessons(pack: Pack, teacher: keras.Model, amount: Amount, *, seed: int) -> Lessons:
    """Stretches of speech as the published tower hears them, each drawn shortened and damaged."""
    sounds = speech_sounds(pack, amount, np.random.default_rng(seed))
    whole = {key: cut for key, sound in sounds.items() if (cut := cut_speech(sound))}
    keys = list(whole)

    def draw(row: int, rng: np.random.Generator) -> Vector | None:
        who, number = keys[row]
        sound = shortened(sounds[who, number], int(rng.integers(2)), rng)
        damaged, _ = augment_speech(sound, rng, babble=talkers(sounds, who, rng))
        cut = cut_speech(damaged)
        return None if cut is None else cut.fbank

    features = [whole[key].fbank for key in keys]
    return _lessons([who for who, _ in keys], features, teacher, draw)


def _lessons(
    who: Sequence[str],
    inputs: Sequence[Vector],
    teacher: keras.Model,
    draw: Callable[[int, np.random.Generator], Vector | None],
) -> Lessons:
    if not inputs:
        raise PackError("the pack holds no speech or pictures to train on that can be used")
    shape = (None, *teacher.inputs[0].shape[1:])

    @tf.function(input_signature=[tf.TensorSpec(shape, tf.float32)])  # type: ignore[untyped-decorator]
    def embed(batch: tf.Tensor) -> tf.Tensor:
        return teacher(batch, training=False)

    rows = track(inputs, f"asking {teacher.name}")
    targets = np.stack([embed(item[None]).numpy()[0] for item in rows])
    return Lessons(targets, np.unique(np.array(who), return_inverse=True)[1], draw)


def _damaged(picture: Picture, rng: np.random.Generator) -> Picture:
    if rng.random() < 0.5:
        picture = np.ascontiguousarray(picture[:, ::-1])
    if rng.random() < LOW_RESOLUTION_SHARE:
        scale, quality = float(rng.uniform(0.2, 0.7)), int(rng.integers(15, 70))
        return low_resolution(picture, scale=scale, jpeg_quality=quality)
    return augment_picture(picture, rng)[0]
