"""The same pictures and speech of a pack embedded by an old model's towers and a new one's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from model.adapt.fit import Floats, People, unit
from model.data.embed import Embedder, heard
from model.data.media import read_picture
from model.data.packs import Pack
from model.errors import PackError
from model.runtime.weights import Weights
from model.siamese.material import Amount, picture_units, speech_sounds
from model.types import Vector

Row = tuple[str, Vector, Vector]


@dataclass(frozen=True)
class Seen:
    """Samples of one kind of vector.

    Attributes:
        old, new: unit vectors of the same media by both towers, shape (n, d).
        person: number of the person, shape (n,).
    """

    old: Floats
    new: Floats
    person: People


class Material:
    """Embeds a pack by two models.

    Args:
        pack: with people's pictures and speech.
        old, new: the models.
        cache: folder to remember embeddings in; None to remember nothing.
        amount: how much of the pack.
    """

    def __init__(
        self, pack: Pack, old: Weights, new: Weights, *, cache: Path | None, amount: Amount
    ) -> None:
        self._pack = pack
        self._embedders = Embedder(old, cache=cache), Embedder(new, cache=cache)
        self._amount = amount

    def faces(self) -> Seen:
        """People's pictures.

        Raises:
            PackError: the pack has none that can be used.
        """
        return _seen(self._faces(), "pictures")

    def voices(self) -> tuple[Seen, Seen]:
        """People's speech in stretches of 3 s, in the whole band and in the telephone's.

        Raises:
            PackError: the pack has none that can be used.
        """
        rows = list(self._voices())
        return (
            _seen(iter([whole for whole, _ in rows]), "speech"),
            _seen(iter([narrow for _, narrow in rows]), "speech"),
        )

    def _faces(self) -> Iterator[Row]:
        units = picture_units(self._pack, self._amount)
        for (who, _), file in track(units.items(), "embedding pictures"):
            for _, picture in self._pack.notes.reading([file.path], read_picture):
                old, new = (one.face(picture).vector for one in self._embedders)
                yield who, old, new

    def _voices(self) -> Iterator[tuple[Row, Row]]:
        sounds = speech_sounds(self._pack, self._amount, np.random.default_rng(0))
        for (who, _), sound in track(sounds.items(), "embedding speech"):
            speech = heard(sound)
            if speech is None:
                continue
            old, new = (one.speech(speech, telephone=True) for one in self._embedders)
            if old.telephone is None or new.telephone is None:
                continue
            yield (who, old.vector, new.vector), (who, old.telephone, new.telephone)


def seen_by(material: Material, old: Weights, new: Weights) -> dict[str, Seen]:
    """Samples by the vector of a reference that they are of: face, voice, telephone.

    What the same tower makes in both models is left out: nothing is to be fitted there.
    """
    seen: dict[str, Seen] = {}
    if old.towers["face_tower"] != new.towers["face_tower"]:
        seen["face"] = material.faces()
    if old.towers["voice_tower"] != new.towers["voice_tower"]:
        seen["voice"], seen["telephone"] = material.voices()
    return seen


def _seen(rows: Iterator[Row], what: str) -> Seen:
    kept = list(rows)
    if not kept:
        raise PackError(f"the pack holds no {what} to fit an adapter on")
    who, old, new = zip(*kept, strict=True)
    person: NDArray[np.intp] = np.unique(np.array(who), return_inverse=True)[1]
    return Seen(_units(old), _units(new), person)


def _units(vectors: tuple[Vector, ...]) -> Floats:
    return unit(np.stack(vectors).astype(np.float64))
