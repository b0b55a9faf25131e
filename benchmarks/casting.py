"""Casts a pack's people for calls: their pictures moved about as video, their speech as sound."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from model.data.media import read_picture, read_voice
from model.data.packs import KINDS, Chimera, Pack, Sample, Trial
from stream_verifier.demo.people import DemoPerson, portrait_frames
from stream_verifier.media.types import SAMPLE_RATE_HZ

# Where the face is in a 160x160 aligned picture: x, y, width, height.
_FACE_BOX = (42, 34, 76, 100)
_MARGIN_PX = 480
_PICTURE_S = 4.0
_PAUSE_S = 0.3


@dataclass(frozen=True, slots=True)
class Part:
    """What one call shows and says.

    Attributes:
        faces: pictures of one person, shown in turn.
        voices: recordings of one person, heard in turn.
    """

    faces: tuple[Path, ...]
    voices: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Role:
    """One enrolled person with the four calls made in that name."""

    chimera: Chimera
    enrolment: Part
    calls: dict[str, Part]


def cast(pack: Pack, count: int) -> list[Role]:
    """Choose roles spread over the pack, with probes that no enrolment uses.

    The faces and voices of a role's genuine trials make the genuine call. In a swap the part that
    is swapped is an impostor's of that kind's trials, with all pictures and recordings that the
    pack has of him or her; the other part is that of the genuine call.
    """
    trials: dict[str, list[Trial]] = {}
    for trial in pack.trials:
        trials.setdefault(trial.chimera, []).append(trial)
    complete = [
        name for name, listed in trials.items() if {trial.kind for trial in listed} >= set(KINDS)
    ]
    chosen = complete[:: max(1, len(complete) // count)][:count]
    return [_role(pack, pack.chimeras[name], trials[name]) for name in chosen]


def _role(pack: Pack, chimera: Chimera, trials: Sequence[Trial]) -> Role:
    by_kind = {kind: [trial for trial in trials if trial.kind == kind] for kind in KINDS}
    own_faces = _distinct(trial.face for trial in by_kind["genuine"])
    own_voices = _distinct(voice for trial in by_kind["genuine"] for voice in trial.voices)

    def faces_of(kind: str) -> tuple[Path, ...]:
        return _of_same_person(by_kind[kind][0].face, pack.faces)

    def voices_of(kind: str) -> tuple[Path, ...]:
        return _of_same_person(by_kind[kind][0].voices[0], pack.voices)

    return Role(
        chimera=chimera,
        enrolment=Part(chimera.faces, chimera.voices),
        calls={
            "genuine": Part(own_faces, own_voices),
            "impostor_both": Part(faces_of("impostor_both"), voices_of("impostor_both")),
            "impostor_face": Part(faces_of("impostor_face"), own_voices),
            "impostor_voice": Part(own_faces, voices_of("impostor_voice")),
        },
    )


def _distinct(paths: Iterable[Path]) -> tuple[Path, ...]:
    return tuple(dict.fromkeys(paths))


def _of_same_person(path: Path, samples: Sequence[Sample]) -> tuple[Path, ...]:
    """All files of the person whose file it is."""
    owner = next(sample.identity for sample in samples if sample.path == path)
    return tuple(sample.path for sample in samples if sample.identity == owner)


def frames(part: Part, *, seconds: float, fps: float) -> Iterator[NDArray[np.uint8]]:
    """The part's pictures moved about, uint8 (480, 640, 3) BGR."""
    per_picture = round(_PICTURE_S * fps)
    left = round(seconds * fps)
    for number, path in enumerate(itertools.cycle(part.faces)):
        if left <= 0:
            return
        sitter = DemoPerson("pack", "", "", 0, _margin_box(), lambda path=path: _on_wall(path))  # type: ignore[misc]
        moved = portrait_frames(sitter, seconds=_PICTURE_S, fps=fps, seed=number)
        yield from itertools.islice(moved, min(per_picture, left))
        left -= per_picture


def _margin_box() -> tuple[int, int, int, int]:
    x, y, width, height = _FACE_BOX
    return (x + _MARGIN_PX, y + _MARGIN_PX, width, height)


def _on_wall(path: Path) -> NDArray[np.uint8]:
    """The picture on a plain wall of its own mean colour, so that nothing else is a face."""
    picture = cv2.cvtColor(read_picture(path), cv2.COLOR_RGB2BGR)
    colour = [float(value) for value in picture.reshape(-1, 3).mean(axis=0)]
    margin = _MARGIN_PX
    padded = cv2.copyMakeBorder(
        picture, margin, margin, margin, margin, borderType=cv2.BORDER_CONSTANT, value=colour
    )
    return np.asarray(padded, np.uint8)


def sound(part: Part, *, seconds: float) -> NDArray[np.int16]:
    """The part's recordings one after the other, again and again; int16 at 16 kHz."""
    pause = np.zeros(int(_PAUSE_S * SAMPLE_RATE_HZ), np.int16)
    needed = round(seconds * SAMPLE_RATE_HZ)
    pieces: list[NDArray[np.int16]] = []
    for path in itertools.cycle(part.voices):
        if sum(map(len, pieces)) >= needed:
            break
        pieces += [_as_int16(read_voice(path)), pause]
    return np.concatenate(pieces)[:needed]


def _as_int16(samples: NDArray[np.generic]) -> NDArray[np.int16]:
    if samples.dtype == np.int16:
        return samples.astype(np.int16, copy=False)
    return np.clip(np.asarray(samples, np.float64) * 32768, -32768, 32767).astype(np.int16)
