"""The kinds of call: when the cast are seen and heard in each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from stream_verifier.simulation.casting import Role
from stream_verifier.simulation.script import Script, Shot, Spurt, on_grid

GENUINE_S = 300.0
START_S = 0.48
"""When the first speech starts, always: it is cut with the room's sound before it."""
LEAD_S = 3.3
"""So much of the room is heard before speech that follows on nothing (`sounds`)."""
LEAST_PAUSE_S = 3.66
"""Longer than speech detection and windows remember, so that each spurt stands for itself."""
_PAUSE_S = 7.5
_LONG_PAUSE_S = 15.0
_LONG_SHARE = 0.12


@dataclass(slots=True)
class Draft:
    """A call in the making.

    Attributes:
        rng: everything random comes from it.
        own: the enrolled person.
        face: whose face an impostor has.
        voice: whose voice.
        lively: without long pauses.
    """

    rng: np.random.Generator
    own: Role
    face: Role
    voice: Role
    lively: bool = True
    length_s: float = GENUINE_S
    change_s: float | None = None
    until_s: float | None = None
    shots: list[Shot] = field(default_factory=list)
    spurts: list[Spurt] = field(default_factory=list)
    muted: list[tuple[float, float]] = field(default_factory=list)

    def between(self, low_s: float, high_s: float) -> float:
        """A random time or length on the grid."""
        return on_grid(self.rng.uniform(low_s, high_s))

    def show(self, role: Role, start_s: float, end_s: float, *, beside: bool = False) -> None:
        """Have a face in the picture."""
        seed = int(self.rng.integers(2**31))
        self.shots.append(Shot(start_s, end_s, role.name, seed, beside))

    def say(self, role: Role, start_s: float, most_s: float = np.inf) -> float:
        """Have one spurt heard; return its end."""
        take = int(self.rng.integers(len(role.takes)))
        end_s = on_grid(start_s + min(most_s, role.takes[take].seconds))
        self.spurts.append(Spurt(start_s, end_s, role.name, take))
        return end_s

    def talk(self, role: Role, start_s: float, until_s: float) -> float:
        """Have as many spurts and pauses heard as fit, at least one; return the last one's end."""
        end_s, at_s = start_s, start_s
        longest_s = max(take.seconds for take in role.takes)
        while at_s == start_s or at_s + longest_s <= until_s:
            end_s = self.say(role, at_s)
            at_s = on_grid(end_s + self._pause_s())
        return end_s

    def interrupted(self, role: Role, near_s: float) -> float:
        """Have somebody talk and be cut off in mid-speech; return when, soon after ``near_s``."""
        end_s = self.talk(role, START_S, near_s)
        at_s = max(on_grid(end_s + self.between(LEAST_PAUSE_S, 6.0)), on_grid(near_s - 4.0))
        return self.say(role, at_s, self.between(2.1, 4.5))

    def finish(self, name: str, kind: str, condition: str) -> Script:
        """Make the script."""
        return Script(
            name=name,
            kind=kind,
            condition=condition,
            chimera=self.own.name,
            length_s=self.length_s,
            change_s=self.change_s,
            until_s=self.until_s,
            shots=tuple(sorted(self.shots, key=lambda shot: shot.start_s)),
            spurts=tuple(sorted(self.spurts, key=lambda spurt: spurt.start_s)),
            muted=tuple(self.muted),
        )

    def _pause_s(self) -> float:
        long = not self.lively and self.rng.random() < _LONG_SHARE
        return self.between(*(_PAUSE_S, _LONG_PAUSE_S) if long else (LEAST_PAUSE_S, _PAUSE_S))


def _genuine(draft: Draft) -> None:
    draft.lively = False
    draft.show(draft.own, 0.0, draft.length_s)
    draft.talk(draft.own, START_S, draft.length_s)


def _swap_both(draft: Draft) -> None:
    heard_s = draft.interrupted(draft.own, draft.between(22, 30))
    seen_s = on_grid(heard_s + draft.between(-0.6, 0.6))
    _impostor_stays(draft, min(heard_s, seen_s))
    draft.talk(draft.voice, heard_s, draft.length_s)
    _replace_face(draft, seen_s, seen_s)


def _swap_face(draft: Draft) -> None:
    _impostor_stays(draft, draft.between(20, 40))
    draft.talk(draft.own, START_S, draft.length_s)
    _replace_face(draft, _change_s(draft), _change_s(draft))


def _swap_voice(draft: Draft) -> None:
    _impostor_stays(draft, draft.interrupted(draft.own, draft.between(22, 30)))
    draft.talk(draft.voice, _change_s(draft), draft.length_s)
    draft.show(draft.own, 0.0, draft.length_s)


def _swap_behind_camera_off(draft: Draft) -> None:
    off_s = draft.between(16, 26)
    quiet_s = draft.talk(draft.own, START_S, off_s)
    on_s = on_grid(max(off_s + draft.between(6, 14), quiet_s + 2.0))
    heard_s = on_grid(on_s + draft.between(-1.0, 2.0))
    _impostor_stays(draft, min(on_s, heard_s))
    draft.talk(draft.voice, heard_s, draft.length_s)
    _replace_face(draft, off_s, on_s)


def _swap_behind_silence(draft: Draft) -> None:
    quiet_s = draft.talk(draft.own, START_S, draft.between(14, 24))
    _impostor_stays(draft, on_grid(max(20.0, quiet_s + draft.between(6, 16))))
    draft.talk(draft.voice, _change_s(draft), draft.length_s)
    draft.show(draft.own, 0.0, draft.length_s)


def _talk_off_camera(draft: Draft) -> None:
    quiet_s = draft.talk(draft.own, START_S, draft.between(22, 32))
    _impostor_stays(draft, on_grid(max(20.0, quiet_s + draft.between(0.6, 2.4))))
    draft.talk(draft.voice, _change_s(draft), draft.length_s)
    draft.show(draft.own, 0.0, draft.length_s)


def _second_face(draft: Draft) -> None:
    _passes(draft, draft.between(20, 40), draft.between(8, 15))
    draft.talk(draft.own, START_S, draft.length_s)
    draft.show(draft.own, 0.0, draft.length_s)
    draft.show(draft.face, _change_s(draft), draft.until_s or draft.length_s, beside=True)


def _camera_off(draft: Draft) -> None:
    _passes(draft, draft.between(20, 40), draft.between(12, 20))
    draft.talk(draft.own, START_S, draft.length_s)
    draft.show(draft.own, 0.0, _change_s(draft))
    draft.show(draft.own, draft.until_s or draft.length_s, draft.length_s)


def _silence(draft: Draft) -> None:
    quiet_s = draft.talk(draft.own, START_S, draft.between(24, 40))
    _passes(draft, quiet_s, draft.between(24, 36))
    draft.talk(draft.own, draft.until_s or quiet_s, draft.length_s)
    draft.show(draft.own, 0.0, draft.length_s)


def _absent(draft: Draft) -> None:
    quiet_s = draft.talk(draft.own, START_S, draft.between(22, 34))
    left_s = on_grid(max(20.0, quiet_s + draft.between(0.6, 3)))
    _passes(draft, left_s, draft.between(10, 24))
    _comes_back(draft, _change_s(draft), draft.until_s or draft.length_s, draft.own, draft.own)


def _absent_swap(draft: Draft) -> None:
    left_s = draft.talk(draft.own, START_S, draft.between(18, 26)) + draft.between(0.6, 3)
    back_s = on_grid(max(20.0, left_s + draft.between(8, 13)))
    _impostor_stays(draft, back_s)
    _comes_back(draft, on_grid(left_s), back_s, draft.face, draft.voice)


def _change_s(draft: Draft) -> float:
    return draft.change_s or 0.0


def _impostor_stays(draft: Draft, change_s: float) -> None:
    draft.change_s = on_grid(change_s)
    draft.length_s = on_grid(change_s + draft.rng.uniform(38, 48))


def _passes(draft: Draft, change_s: float, lasts_s: float) -> None:
    draft.change_s = change_s
    draft.until_s = on_grid(change_s + lasts_s)
    draft.length_s = on_grid(draft.until_s + draft.rng.uniform(14, 22))


def _replace_face(draft: Draft, off_s: float, on_s: float) -> None:
    draft.show(draft.own, 0.0, off_s)
    draft.show(draft.face, on_s, draft.length_s)


def _comes_back(draft: Draft, left_s: float, back_s: float, face: Role, voice: Role) -> None:
    draft.muted.append((left_s, back_s))
    draft.show(draft.own, 0.0, left_s)
    draft.show(face, back_s, draft.length_s)
    draft.talk(voice, on_grid(back_s + LEAD_S), draft.length_s)


SCENES: dict[str, Callable[[Draft], None]] = {
    "genuine": _genuine,
    "swap_both": _swap_both,
    "swap_face": _swap_face,
    "swap_voice": _swap_voice,
    "swap_behind_camera_off": _swap_behind_camera_off,
    "swap_behind_silence": _swap_behind_silence,
    "second_face": _second_face,
    "talk_off_camera": _talk_off_camera,
    "absent": _absent,
    "absent_swap": _absent_swap,
    "camera_off": _camera_off,
    "silence": _silence,
}


def another(
    rng: np.random.Generator, cast: Sequence[Role], own: Role, source: Callable[[Role], str]
) -> Role:
    """Somebody else of the same source."""
    others = [role for role in cast if role is not own and source(role) == source(own)]
    return others[int(rng.integers(len(others)))]
