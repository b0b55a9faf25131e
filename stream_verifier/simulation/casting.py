"""Finds people for scripted calls in a pack: what enrols them, and what they show and say."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np

from model.data.packs import Pack, Sample
from model.data.people import by_identity
from stream_verifier.simulation.script import on_grid

More: TypeAlias = Literal["kept", "added"]
PAUSE_S = 0.3
"""Between two files of a take."""
HALVES = ("first", "second")
LEAST_PICTURES = 2
LEAST_SPEECH_S = 6.0
_MOST_PICTURES = 5
_MOST_TAKES = 4
_TAKE_S = 6.5
_MOST_TAKE_S = 15.0
_ENROL_PICTURES = 3
_ENROL_S = 9.0


@dataclass(frozen=True, slots=True)
class Take:
    """Files of one voice, heard one after the other with short pauses.

    Attributes:
        files: in order.
        seconds: of all of it; it is cut, or the room is heard for the rest.
    """

    files: tuple[Path, ...]
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A made-up person: the face of one identity with the voice of another.

    Attributes:
        name: unique in the cast.
        face_identity, voice_identity: "source/name", as in the pack's lists.
        enrol_faces, enrol_voices: files that make the reference.
        faces: pictures shown in calls, none of which enrolled.
        takes: speech heard in calls, likewise.
    """

    name: str
    face_identity: str
    voice_identity: str
    enrol_faces: tuple[Path, ...]
    enrol_voices: tuple[Path, ...]
    faces: tuple[Path, ...]
    takes: tuple[Take, ...]

    @property
    def face_source(self) -> str:
        """Data set that the face comes from."""
        return self.face_identity.split("/")[0]

    @property
    def voice_source(self) -> str:
        """Data set that the voice comes from."""
        return self.voice_identity.split("/")[0]


def cast_people(pack: Pack, *, seed: int = 1) -> list[Role]:
    """Cast everybody in a pack who has enough to show and say.

    A pack with ``chimeras.csv`` has its own made-up people. In any other, face identities with
    five pictures or more are joined with voice identities at random; three pictures and 9 s of
    speech enrol. Whoever has fewer than 2 pictures or 6 s of speech beside those is left out, and
    so is who is alone in a source; ``pack.notes`` counts them.

    Args:
        pack: with lists of good files.
        seed: of who is joined with whom, and of the files' order.

    Raises:
        PackError: a list or a listed file is missing.
    """
    listed = (pack.root / "chimeras.csv").is_file()
    roles = []
    for role, probes in _listed(pack, seed) if listed else _joined(pack, seed):
        if role.takes and len(role.faces) >= LEAST_PICTURES:
            roles.append(role)
        else:
            pack.notes.leave_out(role.name, probes)
    return _with_others(roles, pack)


def one_half(cast: Sequence[Role], which: str) -> list[Role]:
    """One of `HALVES` of a cast: every second person of each voice source.

    What is chosen on one half can be measured on the other, who are other people.
    """
    ordered = sorted(cast, key=lambda role: (role.voice_source, role.name))
    return ordered[HALVES.index(which) :: len(HALVES)]


def with_other_files(
    cast: Sequence[Role], pack: Pack, *, draw: int, more: More | None = None
) -> list[Role]:
    """The same people with other recordings of theirs to enrol and to speak, drawn at random.

    What a pack's list happens to enrol hides how much hangs on single recordings. As many files
    enrol as before; pictures stay, and so does who would have nothing left to say.

    Args:
        cast: people of the pack.
        pack: that has their recordings.
        draw: another number, other recordings.
        more: as many files again are "kept" out of calls, or "added" to what enrols: the same
            calls, with and without.
    """
    voices = by_identity(pack.voices)
    return [_other_files(role, voices[role.voice_identity], draw, more) for role in cast]


def _other_files(role: Role, voice: Sequence[Sample], draw: int, more: More | None) -> Role:
    rng = np.random.default_rng([draw, zlib.crc32(role.name.encode())])
    files, enrols = [voice[index] for index in rng.permutation(len(voice))], len(role.enrol_voices)
    again = 0 if more is None else enrols
    takes = tuple(plan_takes(files[enrols + again :]))
    enrolled = files[: enrols + again if more == "added" else enrols]
    return replace(role, enrol_voices=_paths(enrolled), takes=takes) if takes else role


def _listed(pack: Pack, seed: int) -> Iterator[tuple[Role, int]]:
    faces, voices = by_identity(pack.faces), by_identity(pack.voices)
    for chimera in pack.chimeras.values():
        face, voice = faces.get(chimera.face_identity, []), voices.get(chimera.voice_identity, [])
        yield _role(
            (chimera.name, chimera.face_identity, chimera.voice_identity),
            (chimera.faces, chimera.voices),
            [sample for sample in face if sample.path not in chimera.faces],
            [sample for sample in voice if sample.path not in chimera.voices],
            seed,
        )


def _joined(pack: Pack, seed: int) -> Iterator[tuple[Role, int]]:
    rng = np.random.default_rng(seed)
    least = _ENROL_PICTURES + LEAST_PICTURES
    faces = {who: f for who, f in by_identity(pack.faces).items() if len(f) >= least}
    voices = by_identity(pack.voices)
    enough = [who for who in voices if _seconds(voices[who]) >= _ENROL_S + LEAST_SPEECH_S]
    face_names = rng.permutation(list(faces))
    voice_names = rng.permutation(enough)
    for number, (face, voice) in enumerate(zip(face_names, voice_names, strict=False)):
        pictures = _shuffled(faces[face], seed)
        speech = _shuffled(voices[voice], seed)
        enrols = _until(speech, _ENROL_S)
        yield _role(
            (f"{pack.name}{number:03}", str(face), str(voice)),
            (_paths(pictures[:_ENROL_PICTURES]), _paths(speech[:enrols])),
            pictures[_ENROL_PICTURES:],
            speech[enrols:],
            seed,
        )


def _role(
    names: tuple[str, str, str],
    enrol: tuple[tuple[Path, ...], tuple[Path, ...]],
    faces: Sequence[Sample],
    voices: Sequence[Sample],
    seed: int,
) -> tuple[Role, int]:
    """The role and how many files are left for its calls."""
    role = Role(
        name=names[0],
        face_identity=names[1],
        voice_identity=names[2],
        enrol_faces=enrol[0],
        enrol_voices=enrol[1],
        faces=_paths(_shuffled(faces, seed)[:_MOST_PICTURES]),
        takes=tuple(plan_takes(_shuffled(voices, seed))),
    )
    return role, len(faces) + len(voices)


def plan_takes(files: Sequence[Sample]) -> list[Take]:
    """Cut a person's files into takes of 6.5 s or a little more, at most four.

    Where there is enough for one only, the second has the same files in the other order. None
    where there are less than 6 s.
    """
    rest = list(files)
    takes: list[Take] = []
    while len(takes) < _MOST_TAKES and (count := _until(rest, _TAKE_S)):
        if _seconds(rest[:count]) < (LEAST_SPEECH_S if not takes else _TAKE_S):
            break
        takes.append(_take(rest[:count]))
        rest = rest[count:]
    if len(takes) == 1 and len(takes[0].files) > 1:
        takes.append(_take(list(files[: len(takes[0].files)])[::-1]))
    return takes


def _take(files: Sequence[Sample]) -> Take:
    seconds = _seconds(files) + PAUSE_S * (len(files) - 1)
    return Take(_paths(files), on_grid(min(seconds, _MOST_TAKE_S)))


def _until(files: Sequence[Sample], seconds: float) -> int:
    """How many of the files, from the first on, have so much speech; all where too little."""
    total_s = 0.0
    for count, sample in enumerate(files, start=1):
        total_s += sample.seconds
        if total_s >= seconds:
            return count
    return len(files)


def _with_others(roles: list[Role], pack: Pack) -> list[Role]:
    """Those who have somebody of the same sources beside them."""
    kept = []
    for role in roles:
        others = [other for other in roles if other is not role]
        seen = any(other.face_source == role.face_source for other in others)
        heard = any(other.voice_source == role.voice_source for other in others)
        if seen and heard:
            kept.append(role)
        else:
            pack.notes.leave_out(role.name, len(role.faces) + len(role.takes))
    return kept


def _shuffled(files: Sequence[Sample], seed: int) -> list[Sample]:
    """In an order that follows from the seed and the person."""
    if not files:
        return []
    rng = np.random.default_rng([seed, zlib.crc32(files[0].identity.encode())])
    return [files[index] for index in rng.permutation(len(files))]


def _paths(files: Sequence[Sample]) -> tuple[Path, ...]:
    return tuple(sample.path for sample in files)


def _seconds(files: Sequence[Sample]) -> float:
    return sum(sample.seconds for sample in files)
