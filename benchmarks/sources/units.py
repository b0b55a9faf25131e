"""What is compared: stretches of about 3 s of speech, and pictures, of each source's people."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from model.data.align import align
from model.data.media import Picture, read_picture
from model.data.packs import Pack
from model.data.people import by_identity
from model.lips.clips import Listed, listed, read_pictures
from model.runtime.detect import FaceDetector

SECONDS = 3.0
MOST_SPEECH, MOST_TALKING = 8, 20
"""Stretches of one person, out of recordings and out of talking clips."""
MOST_FRAMES, MOST_PICTURES, MOST_FACES = 14, 4, 220
_MOODS = {"emodb": re.compile(r"^.{5}([A-Z])"), "urdu": re.compile(r"_([AHNS])\d")}
"""How the file names of acted speech and of talk shows say in what mood somebody speaks."""


@dataclass(frozen=True)
class Speech:
    """A stretch of one person's speech; ``mood`` is empty where nobody says."""

    source: str
    person: str
    mood: str
    files: tuple[Path, ...]


@dataclass(frozen=True)
class Portrait:
    """An aligned picture of one person, uint8, (160, 160, 3), RGB."""

    source: str
    person: str
    name: str
    picture: Picture = field(repr=False)


def speech(pack: Pack) -> list[Speech]:
    """A pack's speech and that of its talking clips, in a random order that is always the same."""
    found, rng = [], np.random.default_rng(0)
    people: dict[str, list[tuple[Path, float]]] = {}
    for who, samples in by_identity(pack.voices).items():
        source = samples[0].source
        if source in _MOODS:
            found += [Speech(source, who, _mood(source, s.path), (s.path,)) for s in samples]
        else:
            people[who] = [(sample.path, sample.seconds) for sample in samples]
    for who, files in (people | _talking(pack)).items():
        source = who.split("/")[0]
        most = MOST_TALKING if who not in people else MOST_SPEECH
        mixed = [files[k] for k in rng.permutation(len(files))]
        found += [Speech(source, who, "", unit) for unit in _joined(mixed)[:most]]
    return found


def portraits(packs: Sequence[Pack], detector: FaceDetector) -> list[Portrait]:
    """Pictures of talking people out of all packs, and portraits out of the last."""
    rng = np.random.default_rng(0)
    found = []
    for pack in packs:
        for who, clips in _clips(pack).items():
            for k in rng.permutation(len(clips))[:MOST_FRAMES]:
                picture = _middle(clips[k].path, detector)
                if picture is not None:
                    found.append(Portrait(clips[k].source, who, clips[k].path.name, picture))
    people = {k: v for k, v in by_identity(packs[-1].faces).items() if len(v) > 2}
    for who, samples in list(people.items())[:MOST_FACES]:
        for sample in samples[:MOST_PICTURES]:
            picture = read_picture(sample.path)
            found.append(Portrait(sample.source, who, sample.path.name, picture))
    return found


def _clips(pack: Pack) -> dict[str, list[Listed]]:
    clips: dict[str, list[Listed]] = defaultdict(list)
    if (pack.root / "talking.csv").is_file():
        for clip in listed(pack.root):
            clips[clip.identity].append(clip)
    return {who: some for who, some in clips.items() if len(some) > MOST_FRAMES}


def _talking(pack: Pack) -> dict[str, list[tuple[Path, float]]]:
    # Words of 1.2 s, of which three make a stretch.
    return {who: [(clip.path, 1.15) for clip in some] for who, some in _clips(pack).items()}


def _middle(path: Path, detector: FaceDetector) -> Picture | None:
    """The face in the middle of a clip, aligned."""
    _, pictures = read_pictures(path)
    image = np.ascontiguousarray(pictures[len(pictures) // 2])
    faces = detector.detect(image)
    if not faces:
        return None
    largest = max(faces, key=lambda face: face.box[2] * face.box[3])
    return np.ascontiguousarray(align(image, largest.landmarks)[:, :, ::-1])


def _joined(files: Sequence[tuple[Path, float]]) -> list[tuple[Path, ...]]:
    units, unit, length = [], [], 0.0
    for path, seconds in files:
        unit.append(path)
        length += seconds
        if length >= SECONDS * 0.95:
            units.append(tuple(unit))
            unit, length = [], 0.0
    return units


def _mood(source: str, path: Path) -> str:
    found = _MOODS[source].search(path.stem)
    return found[1] if found else ""
