"""Fits the filter whose log-odds mean what they say."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from stream_verifier.simulation.fit import fit_evidence
from stream_verifier.simulation.replay import Played
from stream_verifier.verify.operating import DecisionModel, EvidenceModel, FilterModel, Worth

_UNBRAKED = EvidenceModel(
    face=Worth(first=0.5, per_s=0.3, limit=6.0),
    voice=Worth(first=0.7, per_s=0.4, limit=6.0),
    swap_every_s=60.0,
)
SWAP_EVERY_S = 60.0
"""Scripted calls would have it at 10 s, as they are full of replacements: trust would then end
with every pause."""

_PASSES = 200
"""Over all calls, at most."""


def fit_posterior(
    calls: Sequence[Played],
    *,
    seed: int,
    on_pass: Callable[[float], None] = lambda _: None,
) -> FilterModel:
    """Find the filter with the least log loss, without slack and without a ceiling.

    Args:
        calls: of people whom neither towers nor network have seen, or it will be too sure.
        seed: of the choice of calls.
        on_pass: told the loss in bits after each.

    Raises:
        PackError: the calls lack what a fit needs.
    """
    fit = fit_evidence(
        calls,
        _UNBRAKED,
        seed=seed,
        passes=_PASSES,
        least_swap_every_s=SWAP_EVERY_S,
        on_pass=on_pass,
    )
    found = fit.evidence
    return FilterModel(
        face=_plain(found.face),
        voice=_plain(found.voice),
        swap_every_s=round(found.swap_every_s, 3),
        ceiling=found.ceiling,
    )


def _plain(worth: Worth) -> Worth:
    """Without the digits that powers and logarithms leave."""
    return Worth(**{name: round(value, 6) for name, value in worth.model_dump().items()})


def with_posterior(
    model: DecisionModel,
    calls: Sequence[Played],
    *,
    seed: int,
    made_by: Mapping[str, Any],
    on_step: Callable[[str], None] = lambda _: None,
) -> DecisionModel:
    """The model with what is believed fitted anew; points that ask for it are left out.

    Args:
        model: whose states stay as they are.
        calls: to fit to.
        seed: of the choice among them.
        made_by: to note beside it.
        on_step: told in a few words what is going on.
    """
    posterior = fit_posterior(
        calls, seed=seed, on_pass=lambda loss: on_step(f"fitting what is believed: {loss:.4f} bits")
    )
    return DecisionModel(
        evidence=model.evidence.model_copy(update={"posterior": posterior}),
        points={name: point for name, point in model.points.items() if point.sure is None},
        made_by={**model.made_by, "posterior": dict(made_by)},
    )
