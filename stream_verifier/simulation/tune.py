"""Sets the decision's brakes: how soon it lets go of trust at the false alarms that are wanted.

The log loss of a fit knows nothing of delays: it would rather be sure. What matters to those who
watch a call is how long a swap goes unnoticed, and how long a caller is not verified, at a stated
price in false alarms and in impostors who are let in. So the worths that the fit found keep their
proportions, and five numbers are searched one after the other for the least sum of both mean
times: a factor on either modality's worths, how much an LLR against the person is discounted, and
the ceiling of trust. A ceiling below what it takes to keep impostors out would verify nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from stream_verifier.simulation.delays import cost, wait
from stream_verifier.simulation.operating_points import Target, highest_reject_of, lowest_accept
from stream_verifier.simulation.replay import Played, impostor_starts, ours, trace
from stream_verifier.verify.operating import EvidenceModel, Worth

_FACTORS = (0.5, 0.7, 1.0, 1.4, 2.0, 2.8)
_SLACKS = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0)
_CEILINGS = (2.0, 2.5, 3.0, 4.0, 6.0, 20.0)
_MOST = 1.0  # no window counts for more than it says
_ROUNDS = 2
_GAIN = 0.995  # a change that gains less is left out: noise
Change = Callable[[EvidenceModel], EvidenceModel]


def tune(
    calls: Sequence[Played],
    evidence: EvidenceModel,
    target: Target,
    *,
    on_try: Callable[[float], None] = lambda _: None,
) -> tuple[EvidenceModel, float]:
    """Find the brakes with the least waiting at the target's price.

    Args:
        calls: of all kinds and conditions.
        evidence: where the search begins.
        target: false alarms that are allowed.
        on_try: told the sum of both mean times in seconds after each trial.

    Returns:
        The best found, and that sum: mean delay of all swaps, a missed one at 30, and mean time
        until a call is verified.

    Raises:
        PackError: the calls hold no genuine time under a condition that the target names.
    """
    begun = impostor_starts(calls)

    def both_s(model: EvidenceModel) -> float:
        traces, starts = ([trace(call, ours(model)) for call in some] for some in (calls, begun))
        accept = lowest_accept(traces, starts, target.trusted)
        found = cost(traces, highest_reject_of(traces, target)) + wait(traces, accept)
        on_try(found)
        return found

    best, least_s = evidence, both_s(evidence)
    tried = {best}
    for _ in range(_ROUNDS):
        before = best
        for changes in _changes().values():
            for changed in [change(best) for change in changes]:
                if changed in tried:
                    continue
                tried.add(changed)
                found_s = both_s(changed)
                if found_s < _GAIN * least_s:
                    best, least_s = changed, found_s
        if best == before:
            break
    return best, least_s


def _changes() -> Mapping[str, list[Change]]:
    sides = ("face", "voice")
    found = {f"{side} factor": list(_scalings(side)) for side in sides}
    found |= {f"{side} slack": list(_slackings(side)) for side in sides}
    found["ceiling"] = [_ceiling(value) for value in _CEILINGS]
    return found


def _scalings(side: str) -> Iterator[Change]:
    for factor in _FACTORS:

        def scale(worth: Worth, factor: float = factor) -> Worth:
            first, per_s = (
                min(_MOST, float(f"{factor * value:.3g}")) for value in (worth.first, worth.per_s)
            )
            return worth.model_copy(update={"first": first, "per_s": per_s})

        yield _of(side, scale)


def _slackings(side: str) -> Iterator[Change]:
    for slack in _SLACKS:
        yield _of(side, lambda worth, slack=slack: worth.model_copy(update={"slack": slack}))  # type: ignore[misc]


def _of(side: str, change: Callable[[Worth], Worth]) -> Change:
    return lambda model: model.model_copy(update={side: change(getattr(model, side))})


def _ceiling(value: float) -> Change:
    return lambda model: model.model_copy(update={"ceiling": value})
