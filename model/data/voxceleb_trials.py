"""Who is compared with whom in a pack of real people: by a trial list, or drawn."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import NamedTuple, TypeVar

import numpy as np

from model.data.voxceleb import ListedTrial
from model.errors import PackError

ENROL_S = 9.0
PROBE_S = 3.0
PROBES_PER_VIDEO = 2
PROBES_PER_PERSON = 8
T = TypeVar("T")
Voice = tuple[str, float]
Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Material:
    """What the pack holds of one person.

    Attributes:
        identity: "source/person".
        faces: by video, pictures as the lists name them.
        voices: by video, speech as the lists name it, with its seconds.
    """

    identity: str
    faces: dict[str, list[str]]
    voices: dict[str, list[Voice]]


class Lists(NamedTuple):
    """Rows of chimeras.csv and trials.csv, and how many trials or people had to be left out."""

    chimeras: list[Row]
    trials: list[Row]
    left_out: int


def listed_trials(listed: Sequence[ListedTrial], people: Mapping[str, Material]) -> Lists:
    """Each enrolled utterance is a person of its own, with the face crops of its video.

    The probe's face is a crop of the probe's video. Trials without a usable face or voice on
    either side are left out.

    Args:
        listed: the trial list.
        people: by id.

    Raises:
        PackError: no trial is left.
    """
    chimeras: dict[str, Row] = {}
    trials = []
    for trial in listed:
        enrolled, probe = _side(trial.enrolled, people), _side(trial.probe, people)
        if enrolled and probe:
            name = "/".join(trial.enrolled)
            chimeras.setdefault(
                name, _chimera(name, people[trial.enrolled[0]], enrolled[1], [enrolled[0]])
            )
            faces = probe[1]
            face = faces[zlib.crc32(probe[0].encode()) % len(faces)]
            kind = "genuine" if trial.mated else "impostor_both"
            trials.append(_trial(name, kind, face, probe[0]))
    return _lists(list(chimeras.values()), trials, len(listed) - len(trials))


def made_trials(people: Sequence[Material], rng: np.random.Generator) -> Lists:
    """Enrol each person with the first video, probe with the others, and draw impostors.

    Who has a single video is enrolled with its first half. Each genuine trial stands beside one of
    each kind of impostor. People with too little for both are left out.

    Args:
        people: with what the pack holds of them.
        rng: draws the impostors.

    Raises:
        PackError: fewer than two people are left.
    """
    cast = {p.identity: made for p in people if (made := _enrol_and_probe(p))}
    chimeras = [chimera for chimera, _ in cast.values()]
    trials: list[Row] = []
    names = list(cast)
    for number, name in enumerate(names):
        for face, voice in cast[name][1] if len(names) > 1 else []:
            other = names[(number + int(rng.integers(1, len(names)))) % len(names)]
            probes = cast[other][1]
            other_face, other_voice = probes[int(rng.integers(len(probes)))]
            trials += [
                _trial(name, "genuine", face, voice),
                _trial(name, "impostor_both", other_face, other_voice),
                _trial(name, "impostor_voice", face, other_voice),
                _trial(name, "impostor_face", other_face, voice),
            ]
    return _lists(chimeras, trials, len(people) - len(cast))


def _side(
    place: tuple[str, str, str], people: Mapping[str, Material]
) -> tuple[str, list[str]] | None:
    """Speech and pictures of one side of a listed trial, where there are both."""
    identity, video, utterance = place
    voices = people[identity].voices.get(video, [])
    voice = next((n for n, _ in voices if PurePosixPath(n).stem == utterance), None)
    faces = people[identity].faces.get(video)
    return (voice, faces) if voice and faces else None


def _enrol_and_probe(person: Material) -> tuple[Row, list[tuple[str, str]]] | None:
    if not any(person.faces.values()) or not any(person.voices.values()):
        return None
    faces, face_probes = _split(person.faces)
    voices, voice_probes = _split(person.voices)
    seen = [face for video in face_probes for face in video[:PROBES_PER_VIDEO]]
    heard = [piece for video in voice_probes for piece in _pieces(video)[:PROBES_PER_VIDEO]]
    if not (faces and voices and seen and heard):
        return None
    probes = [(seen[k % len(seen)], voice) for k, voice in enumerate(heard[:PROBES_PER_PERSON])]
    return _chimera(person.identity, person, faces, _enough(voices)), probes


def _split(by_video: Mapping[str, list[T]]) -> tuple[list[T], list[list[T]]]:
    """Samples to enrol with, and those of each video to probe with."""
    first, *others = [files for files in by_video.values() if files]
    half = (len(first) + 1) // 2
    return (first, others) if others else (first[:half], [first[half:]])


def _enough(voices: Sequence[Voice]) -> list[str]:
    """As many as enrolment wants."""
    lengths = np.cumsum([seconds for _, seconds in voices])
    return [name for name, _ in voices[: int(np.searchsorted(lengths, ENROL_S)) + 1]]


def _pieces(voices: Sequence[Voice]) -> list[str]:
    """Files joined by "+" until each piece is long enough for a probe; a short rest is dropped."""
    pieces: list[str] = []
    names: list[str] = []
    length = 0.0
    for name, seconds in voices:
        names.append(name)
        length += seconds
        if length >= PROBE_S:
            pieces.append("+".join(names))
            names, length = [], 0.0
    return pieces


def _chimera(name: str, person: Material, faces: Sequence[str], voices: Sequence[str]) -> Row:
    return {
        "chimera": name,
        "face_identity": person.identity,
        "voice_identity": person.identity,
        "enroll_faces": ";".join(faces),
        "enroll_voices": ";".join(voices),
    }


def _trial(chimera: str, kind: str, face: str, voice: str) -> Row:
    label = str(int(kind == "genuine"))
    return {
        "chimera": chimera,
        "kind": kind,
        "label": label,
        "probe_face": face,
        "probe_voice": voice,
    }


def _lists(chimeras: list[Row], trials: list[Row], left_out: int) -> Lists:
    if not trials:
        raise PackError(
            "no trial is left: it takes two people or more, each with face crops in which a face "
            f"is found and {PROBE_S:.0f} s of speech, both to enrol and to probe with"
        )
    return Lists(chimeras, trials, left_out)
