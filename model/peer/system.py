"""The peer as a system that can be evaluated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from model.data.embed import Memo
from model.data.media import Picture, Samples
from model.errors import ModelError
from model.evaluation.systems import Llrs, SystemOptions
from model.peer.embedders import DlibFace, ResemblyzerVoice
from model.peer.fusion import (
    Floats,
    PeerFusion,
    face_distance,
    face_reference,
    voice_cosine,
    voice_reference,
)
from model.types import Vector


class PeerReference(NamedTuple):
    """One person's averages, shapes (128,) and (256,); None where nothing was given."""

    face: Floats | None
    voice: Floats | None


class Heard(NamedTuple):
    """Speech and its embedding.

    The samples are kept because enrolled speech is embedded in one piece, as one enrols with
    Resemblyzer: it fills what is shorter than 1.6 s with silence, so that the mean over many
    short files would be a poor reference.
    """

    samples: Samples
    vector: Vector


class Embed(Protocol):
    """An embedder: what it is called by, how long its vectors are, and the vectors."""

    name: str
    size: int

    def __call__(self, media: NDArray[Any], /) -> Vector:
        """Embed a picture or speech."""
        ...


class Peer:
    """dlib's face network and Resemblyzer, joined by logistic regression.

    Args:
        face: uint8 (160, 160, 3) RGB to float32 (128,).
        voice: float32, mono, 16 kHz, to float32 (256,).
        fusion: turns distance and cosine into LLRs.
    """

    name = "peer"
    model_id = "dlib-resnet-v1 with resemblyzer-0.1.4"
    comparator = "logistic regression with interaction"

    def __init__(
        self,
        *,
        face: Callable[[Picture], Vector],
        voice: Callable[[Samples], Vector],
        fusion: PeerFusion,
    ) -> None:
        self._face, self._voice, self._fusion = face, voice, fusion

    def face(self, picture: Picture) -> Vector:
        """Embed an aligned picture."""
        return self._face(picture)

    def voice(self, samples: Samples) -> Heard | None:
        """Embed speech; None for digital silence, in which there is nothing to compare."""
        return Heard(samples, self._voice(samples)) if samples.any() else None

    def reference(self, faces: Sequence[Vector], voices: Sequence[Heard]) -> PeerReference:
        """Average one person's pictures, and embed all of one person's speech at once."""
        speech = [voice.samples for voice in voices]
        return PeerReference(
            face_reference(np.stack(faces)) if faces else None,
            voice_reference(self._voice(np.concatenate(speech))[None]) if speech else None,
        )

    def compare(self, reference: PeerReference, face: Vector | None, voice: Heard | None) -> Llrs:
        """Three LLRs; the fused one is the other modality's own where one is missing."""
        distance, cosine = _distance(reference, face), _cosine(reference, voice)
        face_llr = None if distance is None else float(self._fusion.face_llr(distance))
        voice_llr = None if cosine is None else float(self._fusion.voice_llr(cosine))
        if distance is None or cosine is None:
            return Llrs(face_llr, voice_llr, voice_llr if distance is None else face_llr)
        return Llrs(face_llr, voice_llr, float(self._fusion.joint_llr(distance, cosine)))


def load(options: SystemOptions) -> Peer:
    """Load the peer with its fitted fusion.

    Raises:
        MissingExtraError: dlib, face-recognition-models, resemblyzer or torch is not installed.
        ModelError: a variant is asked for; there is none.
        WeightsError: the fitted fusion is missing.
    """
    if options.variant:
        raise ModelError(f"the peer has no variant {options.variant!r}: use --system peer")
    face, voice = embedders(options.cache)
    return Peer(face=face, voice=voice, fusion=PeerFusion.read())


def embedders(
    cache: Path | None,
) -> tuple[Callable[[Picture], Vector], Callable[[Samples], Vector]]:
    """Both embedders, each input embedded once where there is a folder to remember it in.

    Raises:
        MissingExtraError: a package is not installed.
    """
    return remembered(DlibFace(), cache), remembered(ResemblyzerVoice(), cache)


def remembered(embed: Embed, cache: Path | None) -> Callable[[NDArray[Any]], Vector]:
    """The embedder itself, or with a folder one that keeps its vectors there."""
    if cache is None:
        return embed
    memo = Memo(cache / f"{embed.name}.bin", embed.size)
    return lambda media: memo.get(media, lambda: embed(media))


def _distance(reference: PeerReference, face: Vector | None) -> Floats | None:
    if reference.face is None or face is None:
        return None
    return face_distance(reference.face, face)


def _cosine(reference: PeerReference, voice: Heard | None) -> Floats | None:
    if reference.voice is None or voice is None:
        return None
    return voice_cosine(reference.voice, voice.vector)
