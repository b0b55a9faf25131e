"""Scripted calls whose windows were made up, with LLRs of known worth; for tests."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stream_verifier.simulation.casting import Role
from stream_verifier.simulation.replay import Played
from stream_verifier.simulation.script import Script, Shot, Spurt
from stream_verifier.verify.channels.channel import Reading
from stream_verifier.verify.observation import Observation
from stream_verifier.verify.operating import EvidenceModel, Worth

EVIDENCE = EvidenceModel(
    face=Worth(first=0.5, per_s=0.5, limit=4.0),
    voice=Worth(first=1.0, per_s=0.5, limit=4.0),
    swap_every_s=120.0,
)
REPLACED = {"genuine": "", "swap_both": "fv", "swap_face": "f", "swap_voice": "v"}


def make_script(
    kind: str = "genuine",
    *,
    name: str = "0000",
    condition: str = "clean",
    chimera: str = "ada",
    length_s: float = 60.0,
    change_s: float = 30.0,
) -> Script:
    """A call in which everybody is seen and heard all the time."""
    replaced = REPLACED[kind]

    def halves(side: str) -> list[tuple[float, float, str]]:
        if side in replaced:
            return [(0.0, change_s, chimera), (change_s, length_s, "somebody")]
        return [(0.0, length_s, chimera)]

    return Script(
        name=name,
        kind=kind,
        condition=condition,
        chimera=chimera,
        length_s=length_s,
        change_s=change_s if replaced else None,
        until_s=None,
        shots=tuple(Shot(*half) for half in halves("f")),
        spurts=tuple(Spurt(*half) for half in halves("v")),
    )


def make_role(name: str, voice: str = "voices/x") -> Role:
    """Somebody with nothing to show or say."""
    return Role(
        name=name,
        face_identity="faces/x",
        voice_identity=voice,
        enrol_faces=(),
        enrol_voices=(),
        faces=(),
        takes=(),
    )


def make_observation(end_s: float, face: float | None, voice: float | None) -> Observation:
    """One window of a second; its fused LLR is the sum."""
    said = [llr for llr in (face, voice) if llr is not None]
    fused = sum(said) if said else None
    return Observation(
        end_s=end_s,
        readings=(
            Reading(
                "face",
                sensed=face is not None,
                llr=face,
                span_s=None if face is None else (end_s - 0.1, end_s - 0.1),
                track=None if face is None else 0,
            ),
            Reading(
                "voice",
                sensed=voice is not None,
                llr=voice,
                span_s=None if voice is None else (end_s - 1.0, end_s),
            ),
        ),
        llr_fused=fused,
    )


def make_call(script: Script, llrs: Sequence[tuple[float | None, float | None]]) -> Played:
    """A call with one window a second."""
    ends = range(1, len(llrs) + 1)
    seen = [(float(end_s), make_observation(end_s, *llr)) for end_s, llr in zip(ends, llrs)]  # noqa: B905
    return Played(script=script, seen=tuple(seen))


def draw_call(
    script: Script, rng: np.random.Generator, *, strength: float = 3.0, inflated: float = 1.0
) -> Played:
    """A call whose windows are independent.

    LLRs with mean m and variance 2 m are their own LLRs; ``inflated`` ones say so many times more
    than they are worth.
    """
    script_change_s = np.inf if script.change_s is None else script.change_s
    replaced = REPLACED[script.kind]

    def llr(side: str, end_s: float) -> float:
        sign = -1 if side in replaced and end_s > script_change_s else 1
        return float(inflated * (sign * strength + rng.normal(0, np.sqrt(2 * strength))))

    times = range(1, int(script.length_s) + 1)
    return make_call(script, [(llr("f", end_s), llr("v", end_s)) for end_s in times])


def draw_calls(
    count: int,
    *,
    seed: int = 1,
    strength: float = 3.0,
    inflated: float = 1.0,
    length_s: float = 60.0,
) -> list[Played]:
    """Calls of all of ``REPLACED`` in turn, under two conditions, each changing half-way."""
    rng = np.random.default_rng(seed)
    kinds = list(REPLACED)
    return [
        draw_call(
            make_script(
                kinds[number % len(kinds)],
                name=f"{number:04}",
                condition=("clean", "call")[number // len(kinds) % 2],
                chimera=f"person{number // len(kinds) % 8}",
                length_s=length_s,
                change_s=length_s / 2,
            ),
            rng,
            strength=strength,
            inflated=inflated,
        )
        for number in range(count)
    ]
