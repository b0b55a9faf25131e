"""``python -m benchmarks.acceptance``: how many impostors' whole calls are ever verified.

Everybody of a pack is tried in everybody's name, in each way of being wrong, at each operating
point of the shipped decision; genuine calls beside them tell the price. Calls are composed of what
the real front end makes of the pack's media and judged by the very decision that serves.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track

from benchmarks.acceptance.figures import ROUNDS, by_time, shares
from benchmarks.acceptance.markdown import page
from benchmarks.acceptance.plots import draw
from benchmarks.acceptance.trying import Tried, try_all
from benchmarks.swaps.figures import summary
from benchmarks.swaps.people import People
from benchmarks.swaps.results import Result, result
from model.data.packs import Pack
from model.runtime.comparator import load_comparator
from model.runtime.weights import Weights
from stream_verifier.simulation.call_player import CallPlayer
from stream_verifier.simulation.casting import HALVES, Role, cast_people, one_half
from stream_verifier.simulation.composing import compose
from stream_verifier.simulation.impostor_calls import (
    CALL_S,
    attempts,
    pairs,
    scripts,
)
from stream_verifier.simulation.material import CACHE, Material
from stream_verifier.simulation.pack_calls import CONDITIONS
from stream_verifier.simulation.replay import Played, ours
from stream_verifier.simulation.script import Script
from stream_verifier.verify.operating import DecisionModel

GENUINE_EACH = 4
"""Genuine calls of five minutes a person, under each condition."""
_SECONDS = np.arange(0.0, CALL_S + 1, 0.5)


def main(argv: Sequence[str] | None = None) -> None:
    """Run from the command line."""
    options = _parser().parse_args(argv)
    pack, weights = Pack(options.pack), Weights.load()
    read = DecisionModel.read
    model = read(options.decision) if options.decision else DecisionModel.load(weights)
    cast = one_half(cast_people(pack), options.half) if options.half else cast_people(pack)
    material = Material(pack=pack, roles=cast, weights=weights, cache=options.cache)
    found: dict[str, Any] = {
        "about": {
            "command": _command(options),
            "pack": pack.name,
            "whom": f", the {options.half} half of them" if options.half else "",
            "people": len(cast),
            "pairs": len(cast) * (len(cast) - 1),
            "model": weights.model_id,
            "seed": options.seed,
            "rounds": ROUNDS,
        },
        "points": {name: point.model_dump() for name, point in model.points.items()},
        "conditions": {},
    }
    tried, genuine = {}, {}
    for condition in options.conditions.split(","):
        tried[condition] = _tried(cast, condition, material, weights, model, options.seed)
        genuine[condition] = _genuine(cast, condition, material, weights, model, options.seed)
        found["conditions"][condition] = {
            "impostors": shares(tried[condition]),
            "genuine": {name: _price(some) for name, some in genuine[condition].items()},
        }
    text = page(found)
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    if options.markdown:
        options.markdown.write_text(text, encoding="utf-8")
    if options.plots:
        waits = {
            condition: {name: [one.to_verify_s for one in some] for name, some in of.items()}
            for condition, of in genuine.items()
        }
        curves = {condition: by_time(one, _SECONDS) for condition, one in tried.items()}
        draw(options.plots, _SECONDS, curves, waits)
    Console(stderr=True).print(*pack.notes.lines(), sep="\n")
    print(text)


def _tried(
    cast: Sequence[Role],
    condition: str,
    material: Material,
    weights: Weights,
    model: DecisionModel,
    seed: int,
) -> Tried:
    material.prepare(scripts(cast, condition, seed=seed))
    played = attempts(
        cast, condition, material=material, comparator=load_comparator(weights), seed=seed
    )
    shown = track(
        played,
        f"impostors, {condition}",
        total=pairs(cast),
        console=Console(stderr=True),
    )
    return try_all(shown, cast, ours(model.evidence), model.points)


def _genuine(
    cast: Sequence[Role],
    condition: str,
    material: Material,
    weights: Weights,
    model: DecisionModel,
    seed: int,
) -> dict[str, list[Result]]:
    """Genuine calls of five minutes by operating point."""
    composed = compose(
        cast,
        calls=GENUINE_EACH * len(cast),
        conditions=(condition,),
        seed=seed,
        kinds=("genuine",),
    )
    material.prepare(composed)
    sources = {role.name: role.voice_source for role in cast}
    player = CallPlayer(material=material, comparator=load_comparator(weights))
    found: dict[str, list[Result]] = {name: [] for name in model.points}
    for script, call in _played(composed, player, condition):
        for name, point in model.points.items():
            judged = result(call, sources[script.chimera], ours(model.evidence)(point))
            found[name].append(judged)
    return found


def _played(
    composed: Sequence[Script], player: CallPlayer, condition: str
) -> Iterator[tuple[Script, Played]]:
    for script in track(composed, f"genuine, {condition}", console=Console(stderr=True)):
        yield script, Played(script=script, seen=tuple(player.play(script)))


def _price(results: Sequence[Result]) -> dict[str, Any]:
    """What a point costs genuine callers: `summary`, and how many were never verified."""
    people = People([one.script.chimera for one in results])
    never = sum(one.outcome.verified_s is None for one in results)
    return summary(results, people) | {"never": never}


def _command(options: argparse.Namespace) -> str:
    """What the figures follow from, as it is noted."""
    half = f" --half {options.half}" if options.half else ""
    return (
        f"python -m benchmarks.acceptance --pack {options.pack.name}{half} "
        f"--conditions {options.conditions} --seed {options.seed}"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.acceptance", description=__doc__)
    parser.add_argument("--pack", type=Path, required=True, help="folder of people")
    parser.add_argument("--conditions", default=",".join(CONDITIONS), help="joined by commas")
    parser.add_argument("--half", choices=HALVES, help="of the people, who are not the other half")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--decision", type=Path, help="a decision.json in place of the shipped one")
    parser.add_argument("--json", type=Path, help="file for all figures")
    parser.add_argument("--markdown", type=Path, help="file for the tables")
    parser.add_argument("--plots", type=Path, help="folder for plots")
    parser.add_argument("--cache", type=Path, default=CACHE, help="folder of embeddings")
    return parser


if __name__ == "__main__":
    main()
