"""Who calls: the two demo people, and real talkers where a folder of them is there."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from stream_verifier.demo.people import DEMO_PEOPLE, DemoPerson, portrait_frames, speech
from stream_verifier.media.encode import write_webm
from stream_verifier.media.types import SAMPLE_RATE_HZ

FPS, SIZE = 15, (640, 480)
LAP_S = 60.0
"""Length of a clip; calls play it again and again, and it ends where it began."""
_ENROL_S = 20.0
_PAUSE_S = 0.2
_ENROL_CLIPS = 12
_READ, _LEAST_FILES = "libri_tc100", 5

Picture = NDArray[np.uint8]
Sound = NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who calls.

    Attributes:
        name: of the identity.
        faces: files to enrol the face from; none of them is played in the call.
        voices: likewise the voice.
        call: what the call plays, over and over.
    """

    name: str
    faces: tuple[Path, ...]
    voices: tuple[Path, ...]
    call: Path


def cast(folder: Path, pack: Path | None, *, lap_s: float = LAP_S) -> Iterator[Person]:
    """Make one's clips after the other's, as far as they are not there yet.

    Args:
        folder: keeps the clips.
        pack: holds talking.csv and av.csv with their files; None for the demo people alone.
        lap_s: length of each call's clip.
    """
    for person in DEMO_PEOPLE:
        yield _demo_person(folder, person, lap_s)
    for name, faces, voices in _talkers(pack) if pack else ():
        yield _talker(folder, name, faces, voices, lap_s)


def clips_of(pack: Path) -> Iterator[Path]:
    """All clips of people who talk, each one shot."""
    for files in (*_by_identity(pack, "talking.csv").values(), *_filmed(pack).values()):
        yield from files


def _talkers(pack: Path) -> Iterator[tuple[str, list[Path], list[Path]]]:
    """Name, clips that show the face and files that hold the voice of each.

    Television's single words are too short and noisy to enrol a voice from: those faces speak with
    the voices of readers, in pairs that are the same in every run.
    """
    for name, files in _filmed(pack).items():
        yield name, files, files
    faces, voices = _by_identity(pack, "talking.csv"), _by_identity(pack, "voices.csv")
    readers = [
        files
        for _, files in sorted(voices.items())
        if _READ in files[0].parts and len(files) >= _LEAST_FILES
    ]
    for (name, files), voice in zip(sorted(faces.items()), readers, strict=False):
        yield name, files, voice


def _filmed(pack: Path) -> dict[str, list[Path]]:
    return _by_identity(pack, "av.csv")


def _by_identity(pack: Path, table: str) -> dict[str, list[Path]]:
    files: dict[str, list[Path]] = {}
    with (pack / table).open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row.get("kind", "real") == "real":
                files.setdefault(row["identity"].replace("_", "-"), []).append(pack / row["file"])
    return files


def _demo_person(folder: Path, person: DemoPerson, lap_s: float) -> Person:
    def frames(seconds: float, seed: int) -> Iterator[Picture]:
        return portrait_frames(person, seconds=seconds, fps=FPS, size=SIZE, seed=seed)

    def write(path: Path) -> None:
        _write(path, _there_and_back(frames(lap_s / 2, 1)), speech(person, seconds=lap_s, seed=1))

    def write_enrolment(path: Path) -> None:
        _write(path, frames(_ENROL_S, 2), speech(person, seconds=_ENROL_S, seed=2))

    enrol = _made(folder / f"{person.id}-enrol.webm", write_enrolment)
    return Person(
        person.id, (enrol,), (enrol,), _made(folder / f"{person.id}-{lap_s:g}.webm", write)
    )


def _talker(folder: Path, name: str, faces: list[Path], voices: list[Path], lap_s: float) -> Person:
    """The call shows one shot back and forth, so that no cut is in it, and says other words."""
    many = min(_ENROL_CLIPS, len(voices) - 1)

    def write(path: Path) -> None:
        lap = _there_and_back(_pictures(faces[0]))
        frames = itertools.islice(itertools.cycle(lap), round(lap_s * FPS))
        _write(path, frames, _spoken(voices[many:], lap_s))

    played = _made(folder / f"{name}-{lap_s:g}.webm", write)
    return Person(name, tuple(faces[1 : 1 + _ENROL_CLIPS]), tuple(voices[:many]), played)


def _made(path: Path, write: Callable[[Path], None]) -> Path:
    if not path.exists():
        part = path.with_suffix(".part")  # no half of a clip is taken for a whole one
        write(part)
        part.replace(path)
    return path


def _write(path: Path, frames: Iterable[Picture], samples: Sound) -> None:
    write_webm(path, frames, samples, fps=FPS, size=SIZE, sample_rate_hz=SAMPLE_RATE_HZ)


def _there_and_back(frames: Iterable[Picture]) -> list[Picture]:
    there = list(frames)
    return there + there[::-1]


def _pictures(path: Path) -> Iterator[Picture]:
    """A clip's pictures at our rate, as high as ours and with its edges drawn out."""
    due_s = 0.0
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            if frame.time is None or frame.time < due_s - 1e-3:
                continue
            due_s += 1 / FPS
            width = round(frame.width * SIZE[1] / frame.height)
            image = frame.to_ndarray(format="bgr24")
            scaled = cv2.resize(image, (min(width, SIZE[0]), SIZE[1]))
            left = (SIZE[0] - scaled.shape[1]) // 2
            right = SIZE[0] - scaled.shape[1] - left
            wide = cv2.copyMakeBorder(scaled, 0, 0, left, right, cv2.BORDER_REPLICATE)
            yield np.asarray(wide, np.uint8)


def _spoken(files: list[Path], seconds: float) -> Sound:
    pause = np.zeros(round(_PAUSE_S * SAMPLE_RATE_HZ), np.int16)
    needed = round(seconds * SAMPLE_RATE_HZ)
    pieces: list[Sound] = []
    for path in itertools.cycle(files):
        if sum(len(piece) for piece in pieces) >= needed:
            break
        pieces += [_sound(path), pause]
    return np.concatenate(pieces)[:needed]


def _sound(path: Path) -> Sound:
    resampler = av.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE_HZ)
    with av.open(str(path)) as container:
        frames = [one for frame in container.decode(audio=0) for one in resampler.resample(frame)]
        frames += resampler.resample(None)
    return np.concatenate([frame.to_ndarray()[0] for frame in frames]).astype(np.int16)
