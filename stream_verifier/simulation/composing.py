"""Composes calls: so many of each kind, spread over the cast and the conditions; pure."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from stream_verifier.errors import SettingsError
from stream_verifier.simulation.casting import Role
from stream_verifier.simulation.scenes import SCENES, Draft, another
from stream_verifier.simulation.script import Script as Script
from stream_verifier.simulation.script import Shot as Shot
from stream_verifier.simulation.script import Spurt as Spurt

KINDS = tuple(SCENES)
"""Kinds of call; `outcome` says what is right in each."""
GENUINE_SHARE = 0.4


def compose(
    cast: Sequence[Role],
    *,
    calls: int,
    conditions: Sequence[str],
    seed: int,
    genuine_share: float = GENUINE_SHARE,
    kinds: Sequence[str] = KINDS,
) -> list[Script]:
    """Compose calls.

    Impostors are others of the cast: the voice of the claimed person's voice source, the face of
    the face's source, so that a change of channel gives nothing away.

    Args:
        cast: at least two people of each source.
        calls: how many in all.
        conditions: taken in turns within each kind.
        seed: everything random follows from it.
        genuine_share: of the calls, 0 to 1; the other kinds share the rest equally.
        kinds: to compose.

    Returns:
        Scripts by kind; each person of the cast has about the same number of each kind.

    Raises:
        SettingsError: somebody has nobody of the same source beside them.
    """
    _check(cast)
    scripts = []
    numbers = itertools.count()
    for place, (kind, count) in enumerate(_shares(calls, genuine_share, kinds).items()):
        order = np.random.default_rng([seed, place]).permutation(len(cast))
        for index in range(count):
            own = cast[order[index // len(conditions) % len(cast)]]
            condition = conditions[index % len(conditions)]
            name = f"{next(numbers):04}-{kind}-{condition}-{own.name}"
            # Each condition has the same calls.
            rng = np.random.default_rng([seed, KINDS.index(kind), index // len(conditions)])
            scripts.append(_draft(rng, cast, own, kind).finish(name, kind, condition))
    return scripts


def _draft(rng: np.random.Generator, cast: Sequence[Role], own: Role, kind: str) -> Draft:
    face = another(rng, cast, own, lambda role: role.face_source)
    same_channel = face.voice_source == own.voice_source
    voice = face if same_channel else another(rng, cast, own, lambda role: role.voice_source)
    draft = Draft(rng=rng, own=own, face=face, voice=voice)
    SCENES[kind](draft)
    return draft


def _shares(calls: int, genuine_share: float, kinds: Sequence[str]) -> dict[str, int]:
    """How many of each kind; the first kinds have one more where it does not come out even."""
    others = [kind for kind in kinds if kind != "genuine"]
    genuine = calls if not others else round(calls * genuine_share) if "genuine" in kinds else 0
    each, more = divmod(calls - genuine, max(1, len(others)))
    counts = {kind: each + (place < more) for place, kind in enumerate(others)}
    return {"genuine": genuine, **counts}


def _check(cast: Sequence[Role]) -> None:
    for own in cast:
        others = [role for role in cast if role is not own]
        if not any(role.face_source == own.face_source for role in others) or not any(
            role.voice_source == own.voice_source for role in others
        ):
            raise SettingsError(
                f"{own.name} has nobody of the same source beside them: cast more people"
            )
