"""Shares of calls or answers, as tables tell them."""

from __future__ import annotations

from collections.abc import Sequence

from scipy.stats import binomtest


def share(hits: Sequence[bool]) -> str:
    """How many hit, %, and Wilson's interval of 95 %, such as "4.2 (0.7 to 20.2)"."""
    low, high = binomtest(sum(hits), len(hits)).proportion_ci(method="wilson")
    return f"{100 * sum(hits) / len(hits):.1f} ({100 * low:.1f} to {100 * high:.1f})"
