"""Folds: what a detector learns from and what is kept from it, and the scores that come of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.synthetic_speech.detectors import Detector
from benchmarks.synthetic_speech.features import Maps
from benchmarks.synthetic_speech.generators import GENUINE
from benchmarks.synthetic_speech.pieces import Piece
from model.evaluation.metrics import Flags, Floats

Seen = Mapping[str, Maps]
"""By generator: shape (pieces, channels, frames, 64, 3)."""
Scores = dict[str, Floats]
"""By generator: shape (pieces, channels)."""


@dataclass(frozen=True, slots=True)
class Fold:
    """What a detector does not get to learn from.

    Attributes:
        generator: a way of making speech, or "".
        source: a data set of voices, or "".
    """

    generator: str = ""
    source: str = ""

    @property
    def name(self) -> str:
        """As results are kept by."""
        return f"{self.generator}/{self.source}"


def folds(generators: Sequence[str], sources: Sequence[str]) -> list[Fold]:
    """Nothing left out, then each generator, then each source."""
    return [
        Fold(),
        *(Fold(generator=one) for one in generators),
        *(Fold("", one) for one in sources),
    ]


def lessons(fold: Fold, seen: Seen, pieces: Sequence[Piece]) -> tuple[list[Maps], Flags]:
    """What a fold's detector learns from: pieces in each of their channels, and which are made."""
    kept = [row for row, piece in enumerate(pieces) if piece.source != fold.source]
    found: list[Maps] = []
    made: list[bool] = []
    for name, all_maps in seen.items():
        if name != fold.generator:
            given = [lane for row in kept for lane in all_maps[row]]
            found += given
            made += [name != GENUINE] * len(given)
    return found, np.array(made)


def tried(
    fold: Fold, make: Callable[[], Detector], learnt: tuple[Seen, Sequence[Piece]], judged: Seen
) -> Scores:
    """Fit a detector on a fold's lessons and let it judge everything."""
    detector = make()
    detector.fit(*lessons(fold, *learnt))
    return {name: _scores(detector, given) for name, given in judged.items()}


def _scores(detector: Detector, given: Maps) -> Floats:
    return np.stack(list(_by_channel(detector, given)), axis=1)


def _by_channel(detector: Detector, given: Maps) -> Iterator[Floats]:
    for channel in range(given.shape[1]):
        yield detector.score(given[:, channel])
