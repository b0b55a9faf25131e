"""``python -m benchmarks.swaps``: how fast swaps are noticed, and how often nobody was swapped.

Composes calls out of a pack's people, plays them through the real front end, judges them at each
operating point of the shipped decision, and sets rivals against it at the same rate of false
alarms.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks.swaps.contest import Believed, contest, table
from benchmarks.swaps.figures import measure
from benchmarks.swaps.markdown import page
from benchmarks.swaps.people import People
from benchmarks.swaps.plots import draw
from benchmarks.swaps.results import Result, result, write_calls
from benchmarks.swaps.sparing import sparing
from model.data.packs import Pack
from model.runtime.weights import Weights
from stream_verifier.settings import Settings
from stream_verifier.simulation.composing import KINDS
from stream_verifier.simulation.material import CACHE
from stream_verifier.simulation.pack_calls import CONDITIONS, play_pack
from stream_verifier.simulation.replay import Played, ours
from stream_verifier.verify.operating import DecisionModel

EVERYTHING = "all"
_console = Console(stderr=True)


def main(argv: Sequence[str] | None = None) -> None:
    """Run from the command line."""
    options = _parser().parse_args(argv)
    if options.more and options.other_files is None:
        _parser().error("--more says what becomes of --other-files N: give that, too")
    pack, weights = Pack(options.pack), Weights.load()
    model = (
        DecisionModel.read(options.decision) if options.decision else DecisionModel.load(weights)
    )
    model.point(options.point)
    cast, calls = play_pack(
        pack,
        weights,
        calls=options.calls,
        conditions=tuple(options.conditions.split(",")),
        seed=options.seed,
        cache=options.cache,
        noise_in_pauses=options.noise_in_pauses,
        kinds=tuple(options.kinds.split(",")),
        draw=options.other_files,
        more=options.more,
    )
    sources = {role.name: role.voice_source for role in cast}
    about = {"pack": pack.name, "seed": options.seed, "model": weights.model_id}
    found, results, rules = examine(calls, sources, model, about)
    _console.print(*pack.notes.lines(), sep="\n")
    text = page(found)
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    if options.markdown:
        options.markdown.write_text(text, encoding="utf-8")
    if options.calls_csv:
        write_calls(options.calls_csv, results[options.point])
    if options.plots:
        draw(options.plots, rules, results)
    print(text)


def examine(
    calls: Sequence[Played],
    sources: Mapping[str, str],
    model: DecisionModel,
    about: Mapping[str, Any],
) -> tuple[dict[str, Any], dict[str, list[Result]], dict[str, list[Believed]]]:
    """Judge calls at all points, and by all rivals.

    Args:
        calls: played.
        sources: the voice's data set by person.
        model: the decision's.
        about: more to say of the calls.

    Returns:
        The JSON object: ``about``, ``points`` (`figures.measure` and `sparing.sparing`),
        ``contests`` (`contest.table`).
        The results of each call by operating point. The rules by set of calls.
    """
    people = People([call.script.chimera for call in calls])
    results, behind = (
        {
            name: [
                result(call, sources[call.script.chimera], ours(model.evidence, spare=spare)(point))
                for call in calls
            ]
            for name, point in model.points.items()
        }
        for spare in (False, True)
    )
    rules = _contests(calls, model)
    hours = sum(one.outcome.genuine_s for one in next(iter(results.values()))) / 3600
    found = {
        "about": {
            **about,
            "calls": len(calls),
            "people": len({call.script.chimera for call in calls}),
            "genuine_hours": hours,
            "evidence": model.evidence.model_dump(),
        },
        "points": {
            name: {
                **model.points[name].model_dump(),
                **measure(chosen, people),
                "sparing": sparing(behind[name], chosen, people),
            }
            for name, chosen in results.items()
        },
        "contests": [
            {
                "conditions": name,
                "genuine_hours": sum(one.genuine_s for one in entered[0].traces) / 3600,
                "rows": table(entered, people),
            }
            for name, entered in rules.items()
        ],
    }
    return found, results, rules


def _contests(calls: Sequence[Played], model: DecisionModel) -> dict[str, list[Believed]]:
    """A contest under each condition, and one over all."""
    conditions = list(dict.fromkeys(call.script.condition for call in calls))
    sets = {name: [c for c in calls if c.script.condition == name] for name in conditions}
    sets = sets if len(sets) == 1 else {**sets, EVERYTHING: list(calls)}
    found = {}
    for name, chosen in sets.items():
        with _console.status(f"contest, {name}") as status:
            found[name] = contest(
                chosen,
                ours(model.evidence),
                on_rule=lambda rule, name=name: status.update(f"contest, {name}: {rule}"),  # type: ignore[misc]
            )
    return found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.swaps", description=__doc__)
    parser.add_argument("--pack", type=Path, required=True, help="folder of people")
    parser.add_argument("--calls", type=int, default=1200, help="how many to compose")
    parser.add_argument("--conditions", default=",".join(CONDITIONS), help="joined by commas")
    parser.add_argument("--kinds", default=",".join(KINDS), help="of calls, joined by commas")
    parser.add_argument(
        "--other-files", type=int, metavar="N", help="draw N of other recordings of the same people"
    )
    parser.add_argument(
        "--more",
        choices=("kept", "added"),
        help="of such draws: as many files again are kept out of calls, or added to references",
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--noise-in-pauses", action="store_true", help="noise goes on when nobody talks"
    )
    parser.add_argument("--decision", type=Path, help="a decision.json in place of the shipped one")
    parser.add_argument(
        "--point", default=Settings().operating_point, help="operating point of --calls-csv"
    )
    parser.add_argument("--json", type=Path, help="file for all figures")
    parser.add_argument("--markdown", type=Path, help="file for the tables")
    parser.add_argument("--calls-csv", type=Path, help="file with one line a call")
    parser.add_argument("--plots", type=Path, help="folder for plots")
    parser.add_argument("--cache", type=Path, default=CACHE, help="folder of embeddings")
    return parser


if __name__ == "__main__":
    main()
