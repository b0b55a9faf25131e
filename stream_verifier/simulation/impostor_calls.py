"""Calls that an impostor begins: all ordered pairs of a cast, in each way of being wrong.

Whoever begins a call in another's name has that person's face, or voice, or neither. What the
front end makes of the media does not depend on the name, so that each face is joined with each
voice once and compared in both names; the network looks at each sample and reference once.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from model.types import Comparator, Comparison, FaceSample, Reference, VoiceSample
from stream_verifier.simulation.call_player import CallPlayer, Cut
from stream_verifier.simulation.casting import Role
from stream_verifier.simulation.material import Material
from stream_verifier.simulation.replay import Played
from stream_verifier.simulation.scenes import START_S, Draft
from stream_verifier.simulation.script import Script, Shot

BOTH, FACE, VOICE = "both wrong", "wrong face, right voice", "wrong voice, right face"
WAYS = (BOTH, FACE, VOICE)
"""In which a call can be an impostor's from its beginning."""
CALL_S = 60.0


@dataclass(frozen=True, slots=True)
class Attempt:
    """A call that an impostor begins.

    Attributes:
        way: one of `WAYS`.
        claimed: in whose name.
        impostor: who has the other face, the other voice, or both.
        call: what its windows said.
    """

    way: str
    claimed: Role
    impostor: Role
    call: Played


def media(face: Role, voice: Role, condition: str, *, seed: int = 1) -> Script:
    """A call of `CALL_S` in which that face is seen and that voice is heard, with pauses.

    Each person looks and talks alike in all of them.
    """
    draft = Draft(rng=_rng(seed, voice), own=voice, face=face, voice=voice, length_s=CALL_S)
    draft.talk(voice, START_S, CALL_S)
    shot = Shot(0.0, CALL_S, face.name, int(_rng(seed, face).integers(2**31)))
    script = draft.finish(f"{face.name}-{voice.name}-{condition}", "impostor", condition)
    return replace(script, shots=(shot,))


def scripts(cast: Sequence[Role], condition: str, *, seed: int = 1) -> list[Script]:
    """All that must be embedded for the `attempts` of a cast: each face and each voice."""
    return [media(role, role, condition, seed=seed) for role in cast]


def attempts(
    cast: Sequence[Role],
    condition: str,
    *,
    material: Material,
    comparator: Comparator,
    seed: int = 1,
) -> Iterator[list[Attempt]]:
    """Play all ordered pairs of a cast in all `WAYS`, media by media.

    Yields:
        What the media of one face with one voice come to: an impostor with both in everybody's
        name, or two people, each in the name of the other.
    """
    sides = Sides(comparator)
    for face in cast:
        for voice in cast:
            script = media(face, voice, condition, seed=seed)
            player = CallPlayer(material=material, comparator=sides)  # remembers no more than this
            cuts = player.cut(script)
            yield [
                Attempt(way, claimed, impostor, _in_name(player, script, cuts, claimed))
                for way, claimed, impostor in _names(face, voice, cast)
            ]


def pairs(cast: Sequence[Role]) -> int:
    """How many lists `attempts` yields."""
    return len(cast) ** 2


class Sides:
    """Compares each face and each voice with each reference once; a `Comparator`.

    What is said of one side does not depend on the other one; what both say together is left out.

    Args:
        comparator: of one side at a time.
    """

    def __init__(self, comparator: Comparator) -> None:
        self._comparator = comparator
        self.name = comparator.name
        self.operating_points = comparator.operating_points
        self._known: dict[tuple[int, int], float | None] = {}
        self._kept: dict[int, _Compared] = {}

    def compare(
        self, reference: Reference, face: FaceSample | None, voice: VoiceSample | None
    ) -> Comparison:
        """Compare both sides, each by itself; no cosines, and nothing fused."""
        return Comparison(
            None, None, self._face(reference, face), self._voice(reference, voice), None
        )

    def _face(self, reference: Reference, face: FaceSample | None) -> float | None:
        if face is None:
            return None
        key = self._key(reference, face)
        if key not in self._known:
            self._known[key] = self._comparator.compare(reference, face, None).llr_face
        return self._known[key]

    def _voice(self, reference: Reference, voice: VoiceSample | None) -> float | None:
        if voice is None:
            return None
        key = self._key(reference, voice)
        if key not in self._known:
            self._known[key] = self._comparator.compare(reference, None, voice).llr_voice
        return self._known[key]

    def _key(self, reference: Reference, sample: FaceSample | VoiceSample) -> tuple[int, int]:
        # What is kept alive keeps its id.
        self._kept.update({id(reference): reference, id(sample): sample})
        return id(reference), id(sample)


_Compared: TypeAlias = "Reference | FaceSample | VoiceSample"


def _names(face: Role, voice: Role, cast: Sequence[Role]) -> Iterator[tuple[str, Role, Role]]:
    if face is voice:
        yield from ((BOTH, claimed, face) for claimed in cast if claimed is not face)
    else:
        yield VOICE, face, voice
        yield FACE, voice, face


def _in_name(player: CallPlayer, script: Script, cuts: Sequence[Cut], claimed: Role) -> Played:
    named = replace(script, chimera=claimed.name)
    return Played(script=named, seen=tuple(player.compare(cuts, claimed.name)))


def _rng(seed: int, role: Role) -> np.random.Generator:
    return np.random.default_rng([seed, zlib.crc32(role.name.encode())])
