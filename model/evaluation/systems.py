"""The systems that can be evaluated: each turns media into what it compares, and compares.

To add one, write a module with ``load(options: SystemOptions) -> System`` and give it a line in
``SYSTEMS``. It is imported only when it is asked for, so that one that needs TensorFlow is in
nobody's way.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from model.data.embed import Embedder
from model.data.media import Picture, Samples
from model.errors import ModelError
from model.runtime.comparator import load_comparator
from model.runtime.reference import make_reference
from model.runtime.weights import Weights
from model.types import FaceSample, Reference, VoiceSample

SYSTEMS = {
    "default": "model.evaluation.systems",
    "face": "model.evaluation.systems",
    "voice": "model.evaluation.systems",
    "ancestor": "model.ancestor.system",
    "peer": "model.peer.system",
}
"""Name to the module that loads it. A ``:variant`` after the name is handed to the loader."""


class Llrs(NamedTuple):
    """Natural-logarithm LLRs; from a system without calibration, scores that decide at 0.

    A value is None where its modality was missing.
    """

    face: float | None
    voice: float | None
    fused: float | None


class System(Protocol):
    """What evaluation asks of a system.

    It may also have ``model_id`` and ``comparator`` (both str), which are then reported, and
    ``base``: another system whose face() and voice() are the same, so that each probe is embedded
    once for both.
    """

    name: str

    def face(self, picture: Picture) -> Any | None:
        """Embed an aligned picture, uint8, (160, 160, 3) RGB; None: found nothing to compare."""
        ...

    def voice(self, samples: Samples) -> Any | None:
        """Embed speech, float32, mono, 16 kHz; None: found nothing to compare."""
        ...

    def reference(self, faces: Sequence[Any], voices: Sequence[Any]) -> Any:
        """Make a reference from one person's embedded pictures and speech."""
        ...

    def compare(self, reference: Any, face: Any | None, voice: Any | None) -> Llrs:
        """Compare one probe with a reference; either modality may be missing."""
        ...


@dataclass(frozen=True, slots=True)
class SystemOptions:
    """What a system's loader is told.

    Attributes:
        weights: folder of the weights; None for the package's own.
        cache: folder to remember embeddings in; None to remember nothing, as when timing.
        ancestor: folder of the ancestor's training run.
        variant: which form of the system; "" for its usual one.
    """

    weights: Path | None = None
    cache: Path | None = Path(".cache/embeddings")
    ancestor: Path = Path("runs/ancestor")
    variant: str = ""


class Default:
    """The shipped model: the towers and the comparator that serving runs.

    Args:
        weights: folder of the weights; None for the package's own.
        cache: folder to remember embeddings in; None to remember nothing.
    """

    def __init__(self, weights: Path | None, cache: Path | None) -> None:
        loaded = Weights.load(weights)
        self._comparator = load_comparator(loaded)
        self._embedder = Embedder.of_weights(loaded, cache=cache)
        self.name = "default"
        self.model_id = loaded.model_id
        self.comparator = self._comparator.name

    def face(self, picture: Picture) -> FaceSample:
        """Embed a picture with its quality."""
        return self._embedder.face(picture)

    def voice(self, samples: Samples) -> VoiceSample | None:
        """Embed speech with its quality; None where the recording is too short.

        A pack's recordings are known to be speech: where the detector finds too little, as in
        loud noise, all is taken. A call would wait for more.
        """
        return self._embedder.voice(samples, whole=True, telephone=True)

    def reference(
        self, faces: Sequence[FaceSample], voices: Sequence[VoiceSample | None]
    ) -> Reference:
        """Average the samples, as enrolment does; recordings without speech count for nothing.

        Raises:
            ModelError: there is no face, or no speech.
        """
        return make_reference(self.model_id, faces, [voice for voice in voices if voice])

    def compare(
        self, reference: Reference, face: FaceSample | None, voice: VoiceSample | None
    ) -> Llrs:
        """The shipped comparator's three LLRs."""
        found = self._comparator.compare(reference, face, voice)
        return Llrs(found.llr_face, found.llr_voice, found.llr_fused)


class Alone:
    """One modality of the default: its own LLR is also the fused one.

    Args:
        base: does the work.
        modality: "face" or "voice".
    """

    def __init__(self, base: Default, modality: str) -> None:
        self.base = base
        self.name = modality
        self.model_id, self.comparator = base.model_id, f"{base.comparator}, {modality} only"
        self.face, self.voice, self.reference = base.face, base.voice, base.reference

    def compare(
        self, reference: Reference, face: FaceSample | None, voice: VoiceSample | None
    ) -> Llrs:
        """The default's LLR of this modality, whatever the other says."""
        if self.name == "face":
            llr = self.base.compare(reference, face, None).face
            return Llrs(llr, None, llr)
        llr = self.base.compare(reference, None, voice).voice
        return Llrs(None, llr, llr)


def load(options: SystemOptions) -> System:
    """Load the default, or with variant "face" or "voice" one modality of it."""
    # Without a cache nothing may be shared: timing would find embeddings that another has made.
    load_base = Default if options.cache is None else _shared
    base = load_base(options.weights, options.cache)
    return Alone(base, options.variant) if options.variant else base


def load_system(name: str, options: SystemOptions) -> System:
    """Load a system by its name in ``SYSTEMS``, or ``name:variant``.

    Raises:
        ModelError: there is no system of that name.
        WeightsError: its weights are missing or changed.
        MissingExtraError: it needs packages that are not installed.
    """
    known, _, variant = name.partition(":")
    if known not in SYSTEMS:
        raise ModelError(f"unknown system {known!r}: use {', '.join(SYSTEMS)}")
    if known in ("face", "voice"):
        variant = known
    module = importlib.import_module(SYSTEMS[known])
    system: System = module.load(replace(options, variant=variant))
    return system


@lru_cache(maxsize=1)
def _shared(weights: Path | None, cache: Path | None) -> Default:
    return Default(weights, cache)
