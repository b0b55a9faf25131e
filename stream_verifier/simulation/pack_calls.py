"""Composes calls out of a pack's people and plays them all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.progress import track

from model.data.conditions import Condition
from model.data.packs import Pack
from model.errors import PackError
from model.runtime.comparator import load_comparator
from model.runtime.weights import Weights
from stream_verifier.errors import SettingsError
from stream_verifier.simulation.call_player import CallPlayer
from stream_verifier.simulation.casting import (
    More,
    Role,
    cast_people,
    one_half,
    with_other_files,
)
from stream_verifier.simulation.composing import KINDS, compose
from stream_verifier.simulation.material import CACHE, Material
from stream_verifier.simulation.replay import Played

CONDITIONS = ("clean", "noise10", "call")
"""Undisturbed, with background noise at 10 dB, and as a call's codecs leave it."""
FEWEST_PEOPLE = 10
T = TypeVar("T")


def play_pack(  # noqa: PLR0913
    pack: Pack,
    weights: Weights,
    *,
    calls: int,
    conditions: Sequence[str] = CONDITIONS,
    seed: int = 1,
    cache: Path | None = CACHE,
    noise_in_pauses: bool = False,
    half: str | None = None,
    kinds: Sequence[str] = KINDS,
    draw: int | None = None,
    more: More | None = None,
) -> tuple[list[Role], list[Played]]:
    """Cast, compose, embed and play; progress is shown on standard error.

    Args:
        pack: with pictures and speech of people beyond what enrols them.
        weights: towers and comparator.
        calls: how many.
        conditions: as in `model.data.conditions`.
        seed: everything random follows from it.
        cache: folder of embeddings; None to keep none.
        noise_in_pauses: noise goes on when nobody talks.
        half: of the people, one of `casting.HALVES`; None for all.
        kinds: of calls, those of `composing.KINDS` to compose.
        draw: of other recordings (`casting.with_other_files`); None for those that are listed.
        more: of such draws, what becomes of as many files again.

    Returns:
        The cast, and the calls with what their windows said.

    Raises:
        PackError: there are too few people or calls, or a file of the pack is broken.
        SettingsError: a person has nobody of the same source beside them, or there is no such kind.
    """
    for name in conditions:
        Condition.parse(name)
    if unknown := set(kinds) - set(KINDS):
        raise SettingsError(f"no kind of call {', '.join(sorted(unknown))}: use {', '.join(KINDS)}")
    if calls < len(kinds) * len(conditions):
        raise PackError(
            f"{calls} calls are too few for {len(kinds)} kinds under {len(conditions)} conditions: "
            f"ask for {len(kinds) * len(conditions)} or more"
        )
    cast = cast_people(pack) if half is None else one_half(cast_people(pack), half)
    if len(cast) < FEWEST_PEOPLE:
        raise PackError(
            f"{pack.root} has {len(cast)} people with 2 pictures and 6 s of speech beyond what "
            f"enrols them, and calls need {FEWEST_PEOPLE} at least: add pictures and speech"
        )
    cast = cast if draw is None else with_other_files(cast, pack, draw=draw, more=more)
    scripts = compose(cast, calls=calls, conditions=conditions, seed=seed, kinds=kinds)
    material = Material(
        pack=pack, roles=cast, weights=weights, cache=cache, noise_in_pauses=noise_in_pauses
    )
    material.prepare(scripts)
    player = CallPlayer(material=material, comparator=load_comparator(weights))
    played = [
        Played(script=script, seen=tuple(player.play(script)))
        for script in shown(scripts, "playing calls")
    ]
    return cast, played


def shown(items: Sequence[T], what: str) -> list[T]:
    """Items with a progress bar on standard error."""
    return track(items, what, console=Console(stderr=True), transient=True)  # type: ignore[return-value]
