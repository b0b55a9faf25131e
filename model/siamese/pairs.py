"""Trials of made-up people: a face identity joined with a voice identity, in all four kinds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.data.packs import KINDS
from model.siamese.samples import Flags, Samples, TrialMaker, Trials
from model.types import Vector

SHARES = (1 / 2, 1 / 6, 1 / 6, 1 / 6)
FACE_MATED = np.array([True, False, True, False])
VOICE_MATED = np.array([True, False, False, True])


@dataclass(frozen=True)
class Batch:
    """Trials as the network takes them.

    Attributes:
        inputs: in the order of ``model.siamese.network.INPUTS``.
        kind: shape (n,), number in ``KINDS``.
        face, voice: the trials of each modality.
    """

    inputs: list[Vector]
    kind: NDArray[np.intp]
    face: Trials
    voice: Trials

    @property
    def present(self) -> Flags:
        """Shape (n, 2): which modalities are there."""
        return np.asarray(self.inputs[-1] > 0)

    @property
    def labels(self) -> Flags:
        """Shape (n, 3): mated by face, by voice, and by all that is there."""
        each = np.column_stack([FACE_MATED[self.kind], VOICE_MATED[self.kind]])
        return np.column_stack([each, (each | ~self.present).all(axis=1)])

    @property
    def weights(self) -> Vector:
        """Shape (n, 3): 1 where the LLR can be trained, 0 where its modality is missing."""
        return np.column_stack([self.present, np.ones(len(self.kind))]).astype(np.float32)


class PairMaker:
    """Draws trials of made-up people.

    Args:
        faces: embedded pictures.
        voices: embedded speech.
        seed: everything random follows from it and from the epoch.
        dropout: how often each modality is taken away; never both.
    """

    def __init__(
        self, faces: Samples, voices: Samples, *, seed: int, dropout: float = 0.15
    ) -> None:
        self._faces, self._voices = faces, voices
        self._face_maker, self._voice_maker = TrialMaker(faces), TrialMaker(voices)
        self._seed, self._dropout = seed, dropout

    def draw(self, count: int, number: int) -> Batch:
        """Draw trials; the same again for the same ``number``."""
        rng = np.random.default_rng((self._seed, number))
        kind = rng.choice(len(KINDS), count, p=SHARES)
        face = self._face_maker.draw(FACE_MATED[kind], rng)
        voice = self._voice_maker.draw(VOICE_MATED[kind], rng)
        gone = rng.random(count)
        present = np.column_stack([gone >= self._dropout, gone < 1 - self._dropout])
        return join(self._faces, face, self._voices, voice, kind, present)

    def epoch(
        self, number: int, *, batches: int, size: int
    ) -> Iterator[tuple[list[Vector], Vector]]:
        """An epoch's batches: inputs, and labels beside weights, shape (n, 6)."""
        drawn = self.draw(batches * size, number)
        targets = np.column_stack([drawn.labels, drawn.weights]).astype(np.float32)
        for start in range(0, len(targets), size):
            part = slice(start, start + size)
            yield [array[part] for array in drawn.inputs], targets[part]


def join(
    faces: Samples,
    face: Trials,
    voices: Samples,
    voice: Trials,
    kind: NDArray[np.intp],
    present: Flags,
) -> Batch:
    """Put trials of both modalities side by side; all of one length n, ``present`` (n, 2)."""
    inputs = [
        faces.vectors[face.probe],
        face.reference,
        faces.qualities[face.probe],
        voices.vectors[voice.probe],
        voice.reference,
        voices.qualities[voice.probe],
        present,
    ]
    return Batch([np.asarray(a, dtype=np.float32) for a in inputs], kind, face, voice)
