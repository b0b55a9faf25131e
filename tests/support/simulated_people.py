"""Casts for scripted calls: one without any files, one as a pack of the two demo people."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import scipy.io.wavfile

from model.data.align import align
from model.runtime.detect import FaceDetector
from model.runtime.weights import Weights
from stream_verifier.demo.people import DEMO_PEOPLE, DemoPerson, portrait_frames, speech
from stream_verifier.media.types import SAMPLE_RATE_HZ
from stream_verifier.simulation.casting import Role, Take

FILE_S = 3.3


def made_up_cast(people: int = 6, *, sources: int = 2) -> list[Role]:
    """People of whom nothing but the names and the takes' lengths is known."""
    return [
        Role(
            name=f"p{number}",
            face_identity=f"pictures/{number}",
            voice_identity=f"source{number % sources}/{number}",
            enrol_faces=(),
            enrol_voices=(),
            faces=(Path("a.jpg"), Path("b.jpg")),
            takes=tuple(
                Take((Path(f"{number}-{take}.wav"),), s) for take, s in enumerate((6.3, 8.1, 9.9))
            ),
        )
        for number in range(people)
    ]


def write_demo_pack(root: Path) -> Path:
    """A pack of Grace and Eileen: 5 pictures and 5 recordings of each, and one noise clip."""
    root.mkdir(parents=True, exist_ok=True)
    detector = FaceDetector(Weights.load().path("face_detector"))
    faces, voices, chimeras = [], [], []
    for person in DEMO_PEOPLE:
        pictures = _pictures(root, person, detector)
        recordings = _recordings(root, person)
        faces += [("portraits", person.id, name, "") for name in pictures]
        voices += [("espeak", person.id, name, f"{FILE_S}", "") for name in recordings]
        enrol = (";".join(pictures[:3]), ";".join(recordings[:3]))
        chimeras.append((person.id, f"portraits/{person.id}", f"espeak/{person.id}", *enrol))
    voices.append(("made_noise", "hiss", _noise(root), "5.0", ""))
    _write(root / "faces.csv", ("source", "identity", "file", "flag"), faces)
    _write(root / "voices.csv", ("source", "identity", "file", "seconds", "flag"), voices)
    columns = ("chimera", "face_identity", "voice_identity", "enroll_faces", "enroll_voices")
    _write(root / "chimeras.csv", columns, chimeras)
    return root


def _pictures(root: Path, person: DemoPerson, detector: FaceDetector) -> list[str]:
    names = []
    for number, frame in enumerate(portrait_frames(person, seconds=5, fps=1)):
        names.append(f"{person.id}{number}.png")
        cv2.imwrite(str(root / names[-1]), align(frame, detector.detect(frame)[0].landmarks))
    return names


def _recordings(root: Path, person: DemoPerson) -> list[str]:
    samples = speech(person, seconds=5 * FILE_S, seed=3)
    names = []
    for number, part in enumerate(np.split(samples, 5)):
        names.append(f"{person.id}{number}.wav")
        scipy.io.wavfile.write(root / names[-1], SAMPLE_RATE_HZ, part)
    return names


def _noise(root: Path) -> str:
    hiss = np.random.default_rng(1).standard_normal(5 * SAMPLE_RATE_HZ)
    scipy.io.wavfile.write(root / "hiss.wav", SAMPLE_RATE_HZ, (1000 * hiss).astype(np.int16))
    return "hiss.wav"


def _write(path: Path, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([columns, *rows])
