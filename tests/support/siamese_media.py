"""Made-up embeddings, a tiny pack with an embedder that suits it, and a network with weights."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import cv2
import keras
import numpy as np
import scipy.io.wavfile
from numpy.typing import ArrayLike, NDArray

from model.data.media import SAMPLE_RATE_HZ, Picture
from model.runtime.comparator import (
    FACE_QUALITIES,
    VOICE_QUALITIES,
    Calibration,
    CalibrationSet,
)
from model.runtime.reference import FACE_SIZE, VOICE_SIZE
from model.siamese.export import to_litert
from model.siamese.network import Scaling, Shape, build_network
from model.siamese.samples import Samples
from model.types import FaceQuality, FaceSample, Vector, VoiceQuality, VoiceSample

PLAIN = Calibration(scale=1.0, offset=0.0, limit=20.0)
SETTINGS = CalibrationSet(
    name="made-up",
    face=PLAIN,
    voice=PLAIN,
    fused=PLAIN,
    points={"fmr_1e-2": 4.0, "fmr_1e-3": 6.0, "balanced": 0.0},
    made_by={"command": "none"},
    telephone=-1.5,
)


def clusters(
    size: int,
    qualities: int,
    *,
    people: Sequence[tuple[str, int]] = (("here", 6), ("there", 4)),
    units: int = 4,
    copies: int = 1,
    nuisance: float = 0.0,
    seed: int = 0,
) -> Samples:
    """People as points with samples around them.

    Args:
        size: of the vectors.
        qualities: how many of them.
        people: sources, and how many people each has.
        units: of each person.
        copies: unclean samples of each unit, beside the clean one.
        nuisance: how far samples wander along three directions that say nothing about people.
        seed: everything random follows from it.
    """
    rng = np.random.default_rng(seed)
    names = [f"{source}/{number:02}" for source, count in people for number in range(count)]
    each = units * (1 + copies)
    person = np.repeat(np.arange(len(names)), each)
    centres = rng.standard_normal((len(names), size))
    wandering = rng.standard_normal((len(person), 3)) @ rng.standard_normal((3, size))
    noise = rng.standard_normal((len(person), size))
    return Samples(
        vectors=(centres[person] + noise + nuisance * wandering).astype(np.float32),
        qualities=rng.standard_normal((len(person), qualities)).astype(np.float32),
        person=person,
        unit=np.tile(np.repeat(np.arange(units), 1 + copies), len(names)),
        clean=np.arange(len(person)) % (1 + copies) == 0,
        people=tuple(names),
    )


def face_clusters(*, nuisance: float = 0.0, seed: int = 0) -> Samples:
    return clusters(FACE_SIZE, len(FACE_QUALITIES), nuisance=nuisance, seed=seed)


def voice_clusters(*, nuisance: float = 0.0, seed: int = 1) -> Samples:
    return clusters(VOICE_SIZE, len(VOICE_QUALITIES), nuisance=nuisance, seed=seed)


def scalings() -> tuple[Scaling, Scaling]:
    """Of the face's and the voice's qualities: each has another mean and spread."""
    rng = np.random.default_rng(5)
    sizes = (len(FACE_QUALITIES), len(VOICE_QUALITIES))
    drawn = [rng.standard_normal((400, q)) * np.arange(1, q + 1) + np.arange(q) for q in sizes]
    face, voice = (Scaling.of(array.astype(np.float32)) for array in drawn)
    return face, voice


@cache
def trained_network() -> keras.Model:
    """A network of rank 2 whose weights are as if it had learned something, however odd."""
    network = build_network(Shape(rank=2), *scalings())
    rng = np.random.default_rng(6)
    for variable in network.trainable_variables:
        variable.assign_add(0.2 * rng.standard_normal(variable.shape).astype(np.float32))
    return network


@cache
def exported_network() -> bytes:
    """``trained_network`` as serving loads it."""
    return to_litert(trained_network())


def random_inputs(count: int, *, seed: int = 0) -> list[Vector]:
    """Inputs of the network, nothing missing, cosines all over the place."""
    rng = np.random.default_rng(seed)
    inputs: list[NDArray[np.float64]] = []
    for size, qualities in ((FACE_SIZE, FACE_QUALITIES), (VOICE_SIZE, VOICE_QUALITIES)):
        reference = rng.standard_normal((count, size))
        mix = rng.uniform(-0.3, 1, (count, 1))
        probe = 3 * (mix * reference + (1 - mix) * rng.standard_normal((count, size)))
        reference /= np.linalg.norm(reference, axis=1, keepdims=True)
        inputs += [probe, reference, 3 * rng.standard_normal((count, len(qualities)))]
    return [array.astype(np.float32) for array in [*inputs, np.ones((count, 2))]]


def vector(values: ArrayLike) -> Vector:
    return np.asarray(values, dtype=np.float32)


def portrait(person: int, rng: np.random.Generator) -> Picture:
    """A colour pattern that is the person's own, in a little noise; (160, 160, 3), RGB."""
    pattern = np.random.default_rng(person).uniform(40, 215, (8, 8, 3)).astype(np.float32)
    picture = cv2.resize(pattern, (160, 160), interpolation=cv2.INTER_CUBIC)
    noisy = picture + rng.normal(0, 8, picture.shape)
    return np.asarray(np.clip(noisy, 0, 255), dtype=np.uint8)


def sound(person: int, rng: np.random.Generator, *, seconds: float = 3.0) -> Vector:
    """Noise with a spectrum that is the person's own."""
    count = int(seconds * SAMPLE_RATE_HZ)
    bands = np.random.default_rng(person).uniform(0, 1, 32)
    spectrum = np.fft.rfft(rng.standard_normal(count))
    envelope = np.interp(np.linspace(0, 31, len(spectrum)), np.arange(32), bands)
    return vector(0.1 * np.fft.irfft(spectrum * envelope, count))


def write_pack(root: Path, *, people: int = 4, files: int = 3) -> Path:
    """Write faces.csv and voices.csv with ``files`` pictures and stretches of speech a person."""
    rng = np.random.default_rng(0)
    root.mkdir(parents=True, exist_ok=True)
    faces, voices = [], []
    for person in range(people):
        for number in range(files):
            picture, voice = root / f"{person}_{number}.png", root / f"{person}_{number}.wav"
            cv2.imwrite(str(picture), np.ascontiguousarray(portrait(person, rng)[..., ::-1]))
            scipy.io.wavfile.write(voice, SAMPLE_RATE_HZ, sound(person, rng))
            faces.append(("patterns", f"{person:02}", picture.name, ""))
            voices.append(("noises", f"{person:02}", voice.name, "3.0", ""))
    write_list(root / "faces.csv", ("source", "identity", "file", "flag"), faces)
    write_list(root / "voices.csv", ("source", "identity", "file", "seconds", "flag"), voices)
    return root


def write_list(path: Path, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([columns, *rows])


class PatternEmbedder:
    """Stands for both towers on the packs of ``write_pack``; silence holds no speech."""

    def __init__(self, *_: object, **__: object) -> None:
        rng = np.random.default_rng(9)
        self._see = rng.standard_normal((192, FACE_SIZE))
        self._hear = rng.standard_normal((64, VOICE_SIZE))

    def face(self, picture: Picture) -> FaceSample:
        small = cv2.resize(picture, (8, 8), interpolation=cv2.INTER_AREA).astype(float).ravel()
        seen = vector((small - small.mean()) @ self._see)
        brightness = float(picture.mean() / 255)
        return FaceSample(seen, FaceQuality(np.nan, 80.0, 0.1, -0.1, brightness, 0.2, 0.9))

    def voice(self, samples: Vector, *, whole: bool = False) -> VoiceSample | None:
        if np.abs(samples).max() < 1e-3:
            return None
        loudness = np.abs(np.fft.rfft(samples))[: len(samples) // 2]
        bands = np.log([part.mean() + 1e-3 for part in np.array_split(loudness, 64)])
        heard = vector((bands - np.mean(bands)) @ self._hear)
        return VoiceSample(heard, VoiceQuality(len(samples) / SAMPLE_RATE_HZ, 20.0, -20.0))
