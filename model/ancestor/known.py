"""Figures on known identities, as the ancestor gave them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.evaluation.metrics import equal_error_rate
from model.types import Vector

Figures = dict[str, float]


def figures(probability: Vector, mated: NDArray[np.bool_]) -> Figures:
    """Accuracy, precision and recall at a probability of a half, EER, and numbers of pairs.

    Args:
        probability: of a match, shape (n,).
        mated: shape (n,); both kinds must occur.

    Returns:
        Fractions; precision is 0 where nothing was accepted.
    """
    accepted = probability > 0.5
    hits = int((accepted & mated).sum())
    return {
        "pairs": len(mated),
        "mated": int(mated.sum()),
        "accuracy": float((accepted == mated).mean()),
        "precision": hits / max(1, int(accepted.sum())),
        "recall": hits / int(mated.sum()),
        "eer": equal_error_rate(probability.astype(np.float64), mated),
    }


def table(known: dict[str, Figures]) -> str:
    """A Markdown table of what each head compares and how well it does."""
    lines = [
        "| compared | pairs, mated | accuracy % | precision % | recall % | EER % |",
        "|---|---|---|---|---|---|",
    ]
    for what, row in known.items():
        rates = (100 * row[name] for name in ("accuracy", "precision", "recall", "eer"))
        cells = " | ".join(f"{rate:.2f}" for rate in rates)
        lines.append(f"| {what} | {row['pairs']}, {row['mated']} | {cells} |")
    return "\n".join(lines)
