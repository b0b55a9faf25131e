"""Keeps those parts of a person's speech apart that do not sound alike."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from model.runtime.directions import mean_direction
from model.types import VoicePiece

MOST_PIECES = 4


def joined(pieces: Sequence[VoicePiece]) -> tuple[VoicePiece, ...]:
    """Join the most alike of several pieces until there are four.

    Agglomerative clustering by the cosine between means of clusters, each weighted by its seconds
    of speech (the centroid method of Sokal and Michener 1958).

    Returns:
        Two to four; none where there was one only, which would say what the mean of all says.
    """
    kept: dict[int, VoicePiece] = dict(enumerate(pieces))
    voices = np.stack([piece.voice for piece in pieces])
    alike = voices @ voices.T
    np.fill_diagonal(alike, -np.inf)
    gone = np.zeros(len(pieces), np.bool_)
    while len(kept) > MOST_PIECES:
        first, second = divmod(int(alike.argmax()), len(pieces))
        kept[first] = _as_one([kept[first], kept.pop(second)])
        voices[first] = kept[first].voice
        gone[second] = True
        alike[second] = alike[:, second] = -np.inf
        alike[first] = np.where(gone, -np.inf, voices @ voices[first])
        alike[first, first] = -np.inf
        alike[:, first] = alike[first]
    return tuple(kept.values()) if len(kept) > 1 else ()


def _as_one(pieces: Sequence[VoicePiece]) -> VoicePiece:
    seconds = [piece.speech_s for piece in pieces]
    telephones = [piece.telephone for piece in pieces if piece.telephone is not None]
    size = pieces[0].voice.size
    return VoicePiece(
        voice=mean_direction([piece.voice for piece in pieces], seconds, size),
        speech_s=sum(seconds),
        telephone=mean_direction(telephones, seconds, size)
        if len(telephones) == len(pieces)
        else None,
    )
