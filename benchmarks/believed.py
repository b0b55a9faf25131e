"""``python -m benchmarks.believed``: whether what is believed in a call means what it says.

    python -m benchmarks.believed --pack PACK [--half second] [--calls 600]
        [--markdown docs/measurements/believed.md] [--json FILE]

After every window of scripted calls the calibrated log-odds are set beside who was there, and so
are the log-odds that the state hangs on, which a ceiling holds down. Genuine windows and those of
impostors weigh alike, as even odds have it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.data.packs import Pack
from model.evaluation import metrics
from model.evaluation.metrics import cllr, min_cllr
from model.runtime.weights import Weights
from stream_verifier.events.schema import State
from stream_verifier.settings import Settings
from stream_verifier.simulation.casting import HALVES
from stream_verifier.simulation.ground_truth import truths
from stream_verifier.simulation.material import CACHE
from stream_verifier.simulation.pack_calls import CONDITIONS, play_pack
from stream_verifier.simulation.replay import Played, ours, replay
from stream_verifier.verify.operating import DecisionModel, OperatingPoint

EDGES = (0.0, 0.01, 0.1, 0.5, 0.9, 0.99, 1.0)
SIDES = ("face", "voice", "both")
WHICH = {"state": "what the state hangs on", "posterior": "what is believed"}
ROUNDS = 200
Floats = NDArray[np.float64]
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Told:
    """One side after each window where it is clear who was there; arrays of shape (n,).

    Attributes:
        odds: by `WHICH`, log-odds.
        genuine: whether it was the person's.
        person: number of the claimed person.
        state: of the call.
    """

    odds: Mapping[str, Floats]
    genuine: NDArray[np.bool_]
    person: NDArray[np.intp]
    state: NDArray[np.str_]


def follow(calls: Sequence[Played], model: DecisionModel, point: OperatingPoint) -> dict[str, Told]:
    """What was told of each of `SIDES`."""
    names = sorted({call.script.chimera for call in calls})
    make = ours(model.evidence)
    rows: dict[str, list[tuple[float, float, bool, int, str]]] = {side: [] for side in SIDES}
    for call in calls:
        person = names.index(call.script.chimera)
        for (_, verdict), truth in zip(replay(call.seen, make(point)), truths(call), strict=True):
            if verdict.odds is None or verdict.posterior is None:
                continue
            for side in SIDES:
                genuine = getattr(truth, side)
                if genuine is not None:
                    told = getattr(verdict.odds, side), getattr(verdict.posterior, side)
                    rows[side].append((*told, genuine, person, verdict.state.value))
    return {side: _told(found) for side, found in rows.items()}


def figures(told: Told, *, seed: int = 0) -> Row:
    """By `WHICH`: ``cllr`` and ``error`` with intervals over people, ``least``, and ``bins``.

    ``error`` is the expected calibration error (Naeini et al. 2015) over `EDGES`, at even odds;
    ``least`` the Cllr of the best monotone calibration; ``bins`` what `_bins` gives.
    """
    count = int(told.person.max()) + 1
    draws = metrics.draws(count, ROUNDS, seed=seed)[1:]
    found: Row = {"windows": len(told.genuine), "people": len(np.unique(told.person))}
    for which, odds in told.odds.items():
        errors, costs = [], []
        for draw in draws:
            weights = draw[told.person]
            costs.append(_cost(odds, told.genuine, weights))
            errors.append(_error(_bins(odds, told.genuine, weights)))
        bins = _bins(odds, told.genuine, np.ones(len(odds)))
        found[which] = {
            "cllr": cllr(odds, told.genuine),
            "cllr_interval": _ends(costs),
            "least": min_cllr(odds, told.genuine),
            "error": _error(bins),
            "error_interval": _ends(errors),
            "bins": bins,
        }
    return found


def contradictions(told: Told) -> Row:
    """How often what is believed goes against the state: shares of windows in that state."""
    believed = told.odds["posterior"]
    verified, rejected = (told.state == state.value for state in (State.VERIFIED, State.REJECTED))
    return {
        "verified": int(verified.sum()),
        "verified, rather not believed": int((believed[verified] < 0).sum()),
        "rejected": int(rejected.sum()),
        "rejected, rather believed": int((believed[rejected] > 0).sum()),
    }


def page(found: Row) -> str:
    """Markdown of all that was found."""
    about = found["about"]
    lines = [
        "# Whether what is believed means what it says",
        "",
        f"Written by `{about['command']}`. {about['calls']} scripted calls of {about['people']} "
        f"people of `{about['pack']}` with swaps, absences and pauses, the model "
        f"`{about['model']}`, states at `{about['point']}`. After every window where it is clear "
        "who was there, genuine and other windows weighing alike. *Error*: expected calibration "
        "error; *least*: Cllr of the best monotone calibration on these very windows. Intervals, "
        f"95 %, by drawing people ({ROUNDS} rounds).",
        "",
        "| condition | side | windows | log-odds | error, % | Cllr | least |",
        "|---" * 7 + "|",
    ]
    for condition, sides in found["conditions"].items():
        for side, row in sides.items():
            for which, name in WHICH.items():
                one = row[which]
                lines.append(
                    f"| {condition} | {side} | {row['windows']} | {name} "
                    f"| {100 * one['error']:.1f} ({_range(one['error_interval'], 100, 1)}) "
                    f"| {one['cllr']:.3f} ({_range(one['cllr_interval'], 1, 3)}) "
                    f"| {one['least']:.3f} |"
                )
    lines += ["", "## Said and true, face and voice, all conditions", ""]
    lines += ["| said | log-odds | windows | said on average | true |", "|---" * 5 + "|"]
    for which, name in WHICH.items():
        for one in found["conditions"]["all"]["both"][which]["bins"]:
            lines.append(
                f"| {_span(one)} | {name} | {one['windows']:.0f} "
                f"| {100 * one['said']:.1f} % | {100 * one['true']:.1f} % |"
            )
    odd = found["contradictions"]
    lines += [
        "",
        "What is believed changes more slowly than the state, which is made to notice a swap soon: "
        f"of {odd['rejected']} rejected windows {odd['rejected, rather believed']} were at more "
        f"than 50 %, of {odd['verified']} verified ones {odd['verified, rather not believed']} at "
        "less.",
    ]
    return "\n".join(lines) + "\n"


def main(argv: Sequence[str] | None = None) -> None:
    """Run from the command line."""
    options = _parser().parse_args(argv)
    pack, weights = Pack(options.pack), Weights.load()
    model = DecisionModel.load(weights)
    _, calls = play_pack(
        pack,
        weights,
        calls=options.calls,
        seed=options.seed,
        cache=options.cache,
        half=options.half,
    )
    told = {"all": follow(calls, model, model.point(options.point))}
    for condition in CONDITIONS:
        chosen = [call for call in calls if call.script.condition == condition]
        told[condition] = follow(chosen, model, model.point(options.point))
    found = {
        "about": {
            "command": _command(options),
            "pack": pack.name,
            "people": len({call.script.chimera for call in calls}),
            "calls": len(calls),
            "model": weights.model_id,
            "point": options.point,
        },
        "conditions": {
            name: {side: figures(one) for side, one in sides.items()}
            for name, sides in told.items()
        },
        "contradictions": contradictions(told["all"]["both"]),
    }
    text = page(found)
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    if options.markdown:
        options.markdown.write_text(text, encoding="utf-8")
    print(text)


def _told(rows: Sequence[tuple[float, float, bool, int, str]]) -> Told:
    state, posterior, genuine, person, states = zip(*rows, strict=True)
    return Told(
        odds={"state": np.array(state), "posterior": np.array(posterior)},
        genuine=np.array(genuine, np.bool_),
        person=np.array(person, np.intp),
        state=np.array(states),
    )


def _cost(odds: Floats, genuine: NDArray[np.bool_], weights: Floats) -> float:
    cost = np.logaddexp(0.0, np.where(genuine, -odds, odds)) / np.log(2)
    sides = [(cost[of] @ weights[of]) / max(weights[of].sum(), 1.0) for of in (genuine, ~genuine)]
    return float(sum(sides) / 2)


def _bins(odds: Floats, genuine: NDArray[np.bool_], weights: Floats) -> list[Row]:
    """What was said and what was true between two `EDGES`, both at even odds; no empty ones."""
    said = 1 / (1 + np.exp(-odds))
    place = np.clip(np.searchsorted(EDGES, said, side="right") - 1, 0, len(EDGES) - 2)
    totals = (weights[genuine].sum() or 1.0, weights[~genuine].sum() or 1.0)
    even = weights / np.where(genuine, *totals)
    rows = []
    for number in range(len(EDGES) - 1):
        of = place == number
        mass = even[of].sum()
        if mass:
            rows.append(
                {
                    "from": EDGES[number],
                    "to": EDGES[number + 1],
                    "windows": float(weights[of].sum()),
                    "mass": float(mass / 2),
                    "said": float(said[of] @ even[of] / mass),
                    "true": float(even[of & genuine].sum() / mass),
                }
            )
    return rows


def _error(bins: Sequence[Row]) -> float:
    return float(sum(one["mass"] * abs(one["said"] - one["true"]) for one in bins))


def _ends(values: Sequence[float]) -> list[float]:
    return [float(np.quantile(values, end)) for end in (0.025, 0.975)]


def _range(ends: Sequence[float], times: float, digits: int) -> str:
    return f"{times * ends[0]:.{digits}f} to {times * ends[1]:.{digits}f}"


def _span(one: Row) -> str:
    return f"{100 * one['from']:g} to {100 * one['to']:g} %"


def _command(options: argparse.Namespace) -> str:
    """What the figures follow from, as it is noted."""
    half = f" --half {options.half}" if options.half else ""
    return (
        f"python -m benchmarks.believed --pack {options.pack.name}{half} "
        f"--calls {options.calls} --seed {options.seed}"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.believed", description=__doc__)
    parser.add_argument("--pack", type=Path, required=True, help="folder of people")
    parser.add_argument("--half", choices=HALVES, help="of the people")
    parser.add_argument("--calls", type=int, default=600, help="how many to compose")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--point", default=Settings().operating_point, help="operating point")
    parser.add_argument("--json", type=Path, help="file for all figures")
    parser.add_argument("--markdown", type=Path, help="file for the tables")
    parser.add_argument("--cache", type=Path, default=CACHE, help="folder of embeddings")
    return parser


if __name__ == "__main__":
    main()
