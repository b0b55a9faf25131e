"""Pieces of speech as long as a call's window, of each person of a pack a few."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.signal import butter, sosfiltfilt

from model.data.media import SAMPLE_RATE_HZ, Samples, join_voices
from model.data.packs import Sample

PIECE_S = 3.0
PIECE = int(PIECE_S * SAMPLE_RATE_HZ)
_LEVEL = 0.05
_HIGH_PASS = butter(2, 60, "highpass", fs=SAMPLE_RATE_HZ, output="sos")


@dataclass(frozen=True, slots=True)
class Piece:
    """Files of one person that come to a window of speech when heard one after the other.

    Attributes:
        source: the data set.
        person: "source/name".
        files: in the order in which they are heard.
    """

    source: str
    person: str
    files: tuple[Path, ...]


def pieces(voices: Sequence[Sample], most: int) -> list[Piece]:
    """Cut a pack's voices into pieces; no file is in two.

    Args:
        voices: of any people.
        most: pieces of a person.

    Returns:
        By person; who has less than 3 s in all has none.
    """
    people: dict[str, list[Sample]] = defaultdict(list)
    for voice in voices:
        people[voice.identity].append(voice)
    return [piece for who in sorted(people) for piece in _of_one(people[who])[:most]]


def sound(piece: Piece) -> Samples:
    """A piece's speech: float32, shape (48000,), -1 to 1, at one level and without direct current.

    Some corpora have a constant offset, which no synthesiser keeps: it would give them away.

    Raises:
        PackError: a file cannot be decoded, or they hold less speech than listed.
    """
    joined = np.resize(join_voices(piece.files), PIECE)
    return levelled(np.asarray(sosfiltfilt(_HIGH_PASS, joined), np.float32))


def levelled(samples: Samples) -> Samples:
    """Bring speech to the level that all pieces have, clipped to -1 to 1."""
    power = float(np.mean(np.square(samples, dtype=np.float64)))
    return np.asarray(np.clip(samples * (_LEVEL / np.sqrt(max(power, 1e-12))), -1, 1), np.float32)


def _of_one(samples: Sequence[Sample]) -> list[Piece]:
    found: list[Piece] = []
    gathered: list[Sample] = []
    for sample in samples:
        gathered.append(sample)
        if sum(one.seconds for one in gathered) >= PIECE_S:
            files = tuple(one.path for one in gathered)
            found.append(Piece(sample.source, sample.identity, files))
            gathered = []
    return found
