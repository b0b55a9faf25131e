"""Tables of error rates out of scores."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.evaluation import metrics
from model.evaluation.scoring import Scores

VOICE_MATED = ("genuine", "impostor_face")
FACE_MATED = ("genuine", "impostor_voice")
Row = dict[str, Any]


def summary(scores: Scores, *, rounds: int = 500) -> dict[str, Any]:
    """All figures of one condition.

    Args:
        scores: of its trials.
        rounds: of the bootstrap over people.

    Returns:
        Rows "all", "by_kind", "by_source", and "face" and "voice" alone (mated where that
        modality is the claimed person's).
    """
    everything = np.ones(len(scores.mated), dtype=bool)
    kinds = sorted(set(scores.kind[~scores.mated]))
    by_kind = {k: _fused(scores, scores.mated | (scores.kind == k), rounds) for k in kinds}
    sources = sorted(set(scores.source))
    by_source = {s: _fused(scores, scores.source == s, rounds) for s in sources}
    return {
        "all": _fused(scores, everything, rounds),
        "by_kind": by_kind,
        "by_source": by_source,
        "face": _alone(scores, scores.face, FACE_MATED, everything, rounds),
        "voice": _alone(scores, scores.voice, VOICE_MATED, everything, rounds),
        "voice_by_source": {
            s: _alone(scores, scores.voice, VOICE_MATED, scores.source == s, rounds)
            for s in sources
        },
    }


def table(summaries: dict[str, dict[str, Any]]) -> str:
    """A Markdown table of several conditions' summaries."""
    lines = [
        "| condition | trials | mated / not | EER % (95 %) | FNMR % at FMR 1e-2 | at 1e-3 "
        "| Cllr | min Cllr |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for condition, found in summaries.items():
        for name, row in _rows(found):
            lines.append(_line(condition, name, row))
    return "\n".join(lines)


def _rows(found: dict[str, Any]) -> list[tuple[str, Row]]:
    rows = [("all", found["all"])]
    rows += [(f"kind {kind}", row) for kind, row in found["by_kind"].items()]
    rows += [(f"voices of {source}", row) for source, row in found["by_source"].items()]
    rows += [("face alone", found["face"]), ("voice alone", found["voice"])]
    alone = found["voice_by_source"].items()
    return rows + [(f"voice alone, {source}", row) for source, row in alone]


def _line(condition: str, name: str, row: Row) -> str:
    low, high = row["eer_interval"]
    return (
        f"| {condition} | {name} | {row['mated']} / {row['non_mated']} "
        f"| {100 * row['eer']:.2f} ({100 * low:.2f} to {100 * high:.2f}) "
        f"| {100 * row['fnmr_at_fmr_1e-2']:.2f} | {100 * row['fnmr_at_fmr_1e-3']:.2f} "
        f"| {row['cllr']:.3f} | {row['min_cllr']:.3f} |"
    )


def _fused(scores: Scores, chosen: NDArray[np.bool_], rounds: int) -> Row:
    return measure(scores.fused[chosen], scores.mated[chosen], scores.person[chosen], rounds)


def _alone(
    scores: Scores,
    llr: NDArray[np.float64],
    kinds: tuple[str, ...],
    chosen: NDArray[np.bool_],
    rounds: int,
) -> Row:
    mated = np.isin(scores.kind, kinds)
    return measure(llr[chosen], mated[chosen], scores.person[chosen], rounds)


def measure(
    llr: NDArray[np.float64], mated: NDArray[np.bool_], person: NDArray[np.intp], rounds: int
) -> Row:
    """Figures of one set of trials; rates are fractions."""
    people = np.unique(person, return_inverse=True)[1]
    accepted = llr > 0
    return {
        "mated": int(mated.sum()),
        "non_mated": int((~mated).sum()),
        "eer": metrics.equal_error_rate(llr, mated),
        "eer_interval": metrics.bootstrap_interval(llr, mated, people, rounds=rounds),
        "fnmr_at_fmr_1e-2": metrics.fnmr_at_fmr(llr, mated, 1e-2),
        "fnmr_at_fmr_1e-3": metrics.fnmr_at_fmr(llr, mated, 1e-3),
        "fmr_at_llr_0": float(accepted[~mated].mean()),
        "fnmr_at_llr_0": float((~accepted[mated]).mean()),
        "cllr": metrics.cllr(llr, mated),
        "min_cllr": metrics.min_cllr(llr, mated),
    }
