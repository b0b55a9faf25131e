"""What ``stream-verifier calibrate-decision`` does: fit the decision to one's own people."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from model.convert.manifest import update_part
from model.data.packs import Pack
from model.runtime.weights import Weights
from stream_verifier.simulation.fit import SIDES, Fit, fit_evidence
from stream_verifier.simulation.material import CACHE
from stream_verifier.simulation.operating_points import TARGETS, choose, measured
from stream_verifier.simulation.pack_calls import CONDITIONS, play_pack
from stream_verifier.simulation.posterior import with_posterior
from stream_verifier.simulation.replay import Played, impostor_starts, ours, trace
from stream_verifier.simulation.strict import attempted, with_strict
from stream_verifier.simulation.tune import tune
from stream_verifier.verify.operating import (
    FILE,
    PART,
    DecisionModel,
    EvidenceModel,
    OperatingPoint,
    Worth,
)

COMMAND = "stream-verifier calibrate-decision"
FIRST_GUESS = EvidenceModel(
    face=Worth(first=0.5, per_s=0.5, limit=6.0, slack=1.0),
    voice=Worth(first=0.7, per_s=0.6, limit=6.0, slack=2.0),
    swap_every_s=60.0,
    ceiling=3.0,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrated:
    """A decision fitted to calls.

    Attributes:
        before: what the weights folder held; None where it held none.
        after: the new one.
        fit: of the evidence model; None where it was kept.
        measured_before: what the old points reach on the same calls, by name.
    """

    before: DecisionModel | None
    after: DecisionModel
    fit: Fit | None
    measured_before: dict[str, dict[str, float]]


def calibrate(
    calls: Sequence[Played],
    before: DecisionModel | None,
    *,
    seed: int,
    made_by: Mapping[str, Any],
    on_step: Callable[[str], None] = lambda _: None,
) -> Calibrated:
    """Fit how much evidence counts, then choose the operating points.

    Args:
        calls: of all kinds and conditions together.
        before: what to compare with; the search always starts from the same first guess, so that
            the outcome depends on the calls and the seed alone.
        seed: of the calls that are fitted to.
        made_by: to note in the file.
        on_step: told in a few words what is going on.

    Raises:
        PackError: the calls lack what a fit needs.
    """
    fit = fit_evidence(
        calls,
        FIRST_GUESS,
        seed=seed,
        on_pass=lambda loss: on_step(f"fitting worths: {loss:.4f} bits"),
    )
    strictest = max(TARGETS.values(), key=lambda target: max(target.hours.values()))
    evidence, waited_s = tune(
        calls, fit.evidence, strictest, on_try=lambda s: on_step(f"setting brakes: {s:.2f} s")
    )
    on_step("choosing operating points")
    rule = ours(evidence)
    traces = [trace(call, rule) for call in calls]
    starts = [trace(call, rule) for call in impostor_starts(calls)]
    points = {}
    for name, target in TARGETS.items():
        point = choose(traces, starts, target)
        reached = measured(calls, ours(evidence), point)
        points[name] = point.model_copy(update={"measured": reached})
    noted = {**made_by, "noticed_and_verified_s": round(waited_s, 2)}
    after = DecisionModel(evidence=evidence, points=points, made_by=noted)
    return Calibrated(
        before=before,
        after=after,
        fit=fit,
        measured_before=_measured_before(calls, before),
    )


def _measured_before(
    calls: Sequence[Played], before: DecisionModel | None
) -> dict[str, dict[str, float]]:
    if before is None:
        return {}
    rule = ours(before.evidence)
    return {name: measured(calls, rule, point) for name, point in before.points.items()}


def run(
    pack_dir: Path,
    *,
    calls: int,
    seed: int,
    dry_run: bool,
    as_json: bool,
    console: Console,
    half: str | None = None,
    keep_states: bool = False,
    cache: Path | None = CACHE,
) -> None:
    """Compose calls of a pack's people, calibrate, show the difference, write it.

    Args:
        pack_dir: the people.
        calls: to compose.
        seed: of all that is random.
        dry_run: write nothing.
        as_json: print one JSON object instead of tables.
        console: to show them on.
        half: of the people, one of `casting.HALVES`; None for all.
        keep_states: leave what states hang on as it is, and fit only what is believed and the
            point ``strict``.
        cache: folder of embeddings.

    Raises:
        PackError: the pack has too few people, or lacks a file.
        WeightsError: a weights file is missing or changed.
    """
    pack, weights = Pack(pack_dir), Weights.load()
    before = DecisionModel.load(weights) if PART in weights.manifest["parts"] else None
    cast, played = play_pack(pack, weights, calls=calls, seed=seed, cache=cache, half=half)
    made_by = _made_by(pack, played, seed=seed, half=half, keep_states=keep_states)
    with Console(stderr=True).status("fitting") as status:
        if keep_states:
            kept = before or DecisionModel.load(weights)  # which says that there is none
            done = Calibrated(before=before, after=kept, fit=None, measured_before={})
        else:
            done = calibrate(played, before, seed=seed, made_by=made_by, on_step=status.update)
        believed = with_posterior(
            done.after, played, seed=seed, made_by=made_by, on_step=status.update
        )
    tried = attempted(pack, weights, cast, seed=seed, cache=cache)
    done = replace(done, after=with_strict(believed, tried, played))
    for line in pack.notes.lines():
        Console(stderr=True).print(line)
    if not dry_run:
        write(weights.directory, done.after)
    if as_json:
        print(json.dumps(told(done) | {"written": not dry_run}))
    else:
        _show(done, console, None if dry_run else weights.directory / FILE)


def _made_by(
    pack: Pack, played: Sequence[Played], *, seed: int, half: str | None, keep_states: bool
) -> dict[str, object]:
    """What a decision was made of, to note in its file."""
    return {
        "command": COMMAND,
        "pack": pack.name,
        "people": len({call.script.chimera for call in played}),
        "calls": len(played),
        "conditions": list(CONDITIONS),
        "seed": seed,
        **({"half": half} if half else {}),
        **({"states_kept": True} if keep_states else {}),
    }


def _show(done: Calibrated, console: Console, written: Path | None) -> None:
    if done.fit is not None:
        console.print(evidence_table(done, done.fit))
    console.print(points_table(done))
    said = "Nothing was written." if written is None else f"Written to {written}."
    console.print(said, soft_wrap=True)


def write(folder: Path, model: DecisionModel) -> None:
    """Write a decision with its entry in the folder's manifest."""
    update_part(
        PART,
        FILE,
        data=model.text().encode(),
        directory=folder,
        licence="Apache-2.0",
        input="LLRs of windows over time",
        output="states at named operating points",
    )


def told(done: Calibrated) -> dict[str, object]:
    """Everything as JSON values."""
    return {
        "before": None if done.before is None else done.before.model_dump(),
        "after": done.after.model_dump(),
        "fit": done.fit and asdict(done.fit) | {"evidence": done.fit.evidence.model_dump()},
        "measured_before": done.measured_before,
    }


def evidence_table(done: Calibrated, fit: Fit) -> Table:
    """How much windows count, and the log loss, before and after."""
    evidence = done.after.evidence
    title = f"Evidence, fitted to {fit.calls} calls of {fit.people} people"
    table = Table("", "before", "after", title=title)
    old, new = (done.before.evidence if done.before else FIRST_GUESS), evidence
    for side in ("face", "voice"):
        worths = (
            f"{w.first:g} / {w.per_s:g} / {w.limit:g} / {w.slack:g}"
            for w in _worths(side, old, new)
        )
        table.add_row(f"{side}: first / each second / limit / slack", *worths)
    table.add_row("swaps are expected every, s", f"{old.swap_every_s:g}", f"{new.swap_every_s:g}")
    table.add_row("ceiling of trust", f"{old.ceiling:g}", f"{new.ceiling:g}")
    for side in SIDES:
        losses = (f"{loss[side]:.4f}" for loss in (fit.before, fit.after))
        table.add_row(f"log loss, {side}, bits", *losses)
    return table


def points_table(done: Calibrated) -> Table:
    """Thresholds and what they reach, before and after."""
    table = Table("operating point", "before", "after", title="Operating points, on these calls")
    old = {} if done.before is None else done.before.points
    for name, point in done.after.points.items():
        before = old.get(name)
        table.add_row(f"[bold]{name}[/]: accept, reject", _thresholds(before), _thresholds(point))
        reached = done.measured_before.get(name, {})
        for what, value in point.measured.items():
            was = f"{reached[what]:g}" if what in reached else ""
            table.add_row(f"  {what}", was, f"{value:g}")
    return table


def _worths(side: str, *models: EvidenceModel) -> list[Worth]:
    return [getattr(model, side) for model in models]


def _thresholds(point: OperatingPoint | None) -> str:
    return "" if point is None else f"{point.accept:g}, {point.reject:g}"
