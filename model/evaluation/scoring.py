"""Scores of a pack's trials under a condition, by the very comparator that serving runs."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.data.degrade import add_noise, low_resolution
from model.data.embed import Embedder
from model.data.media import Picture, Samples, join_voices, read_picture, read_voice
from model.data.packs import Chimera, Pack
from model.errors import PackError
from model.runtime.reference import make_reference
from model.types import Comparator, Comparison, FaceSample, Reference, VoiceSample

NOISE_DB = 10.0


@dataclass(frozen=True)
class Scores:
    """One condition's comparisons, in the order of the trial list.

    Attributes:
        face, voice, fused: LLRs, shape (n,).
        mated: shape (n,), whether face and voice are both the claimed person's.
        kind: shape (n,), of the trial.
        source: shape (n,), data set of the claimed person's voice.
        person: shape (n,), number of the claimed person.
    """

    face: NDArray[np.float64]
    voice: NDArray[np.float64]
    fused: NDArray[np.float64]
    mated: NDArray[np.bool_]
    kind: NDArray[np.str_]
    source: NDArray[np.str_]
    person: NDArray[np.intp]


class Conditions:
    """What is done to the probes; references always come from untouched files.

    "clean" does nothing; "noisy" puts the pack's recorded noise on the voice at 10 dB SNR and
    shrinks the picture to 35 %, codes it as JPEG of quality 30 and enlarges it again.
    """

    NAMES = ("clean", "noisy")

    def __init__(self, pack: Pack) -> None:
        self._pack = pack

    def voice(self, name: str, files: tuple[Path, ...]) -> Samples:
        """Probe speech; the noise clip follows from the first file's name."""
        samples = join_voices(files)
        if name == "clean":
            return samples
        clips = self._pack.noises
        if not clips:
            raise PackError(f"pack {self._pack.root} has no noise for the condition {name}")
        clip = clips[zlib.crc32(files[0].name.encode()) % len(clips)]
        return add_noise(samples, _noise(clip.path), NOISE_DB)

    def face(self, name: str, file: Path) -> Picture:
        """Probe picture."""
        picture = read_picture(file)
        return picture if name == "clean" else low_resolution(picture)


def score(
    pack: Pack,
    condition: str,
    embedder: Embedder,
    comparator: Comparator,
    *,
    model_id: str = "evaluation",
) -> Scores:
    """Compare all trials of a pack.

    Args:
        pack: with chimeras and trials.
        condition: one of ``Conditions.NAMES``.
        embedder: makes the samples.
        comparator: gives the LLRs.
        model_id: of the references.

    Raises:
        PackError: the condition is unknown, or the pack lacks what it needs.
    """
    if condition not in Conditions.NAMES:
        raise PackError(f"unknown condition {condition!r}: use {', '.join(Conditions.NAMES)}")
    rows = list(_compare_all(pack, condition, embedder, comparator, model_id))
    numbers = {name: index for index, name in enumerate(pack.chimeras)}
    trials = pack.trials
    return Scores(
        face=np.array([row.llr_face for row in rows], dtype=np.float64),
        voice=np.array([row.llr_voice for row in rows], dtype=np.float64),
        fused=np.array([row.llr_fused for row in rows], dtype=np.float64),
        mated=np.array([trial.mated for trial in trials]),
        kind=np.array([trial.kind for trial in trials]),
        source=np.array([pack.chimeras[trial.chimera].voice_source for trial in trials]),
        person=np.array([numbers[trial.chimera] for trial in trials]),
    )


def _compare_all(
    pack: Pack, condition: str, embedder: Embedder, comparator: Comparator, model_id: str
) -> Iterator[Comparison]:
    made = Conditions(pack)

    @cache
    def face(file: Path) -> FaceSample:
        return embedder.face(made.face(condition, file))

    @cache
    def voice(files: tuple[Path, ...]) -> VoiceSample:
        return embedder.voice(made.voice(condition, files))

    @cache
    def reference(name: str) -> Reference:
        return _enrol(pack.chimeras[name], embedder, model_id)

    for t in pack.trials:
        yield comparator.compare(reference(t.chimera), face(t.face), voice(t.voices))


def _enrol(chimera: Chimera, embedder: Embedder, model_id: str) -> Reference:
    faces = [embedder.face(read_picture(file)) for file in chimera.faces]
    voices = [embedder.voice(read_voice(file)) for file in chimera.voices]
    return make_reference(model_id, faces, voices)


@lru_cache(maxsize=64)
def _noise(path: Path) -> Samples:
    return read_voice(path)
