"""One tower with all that compressing it may need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import keras
import numpy as np

from model.compress.recover import Inputs
from model.compress.towers import Kind, Source
from model.convert.litert_export import to_litert_float16
from model.data.packs import Pack
from model.siamese.material import Amount
from model.siamese.towers import Lessons, Tuning
from model.training.run import Run


def _tuning(steps: int, rate: float) -> Tuning:
    """Learns where the teacher puts things, and nothing of its own about people."""
    return Tuning(steps=steps, rate=rate, own=1.0, people=0.0)


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of everything; the defaults take about 20 minutes on two idle CPUs.

    Attributes:
        inputs: of the pack, that quantisation is calibrated and batch norms are estimated on.
        amount: what a pruned tower is taught by.
        tunings: how, by method.
    """

    inputs: int = 200
    amount: Amount = field(default_factory=lambda: Amount(people=150, pictures=4, units=4))
    tunings: Mapping[str, Tuning] = field(
        default_factory=lambda: {
            "sparse-50": _tuning(60, 1e-4),
            "pruned-30": _tuning(100, 5e-4),
            "distilled-50": _tuning(300, 1e-3),
        }
    )


QUICK = Plan(
    inputs=4,
    amount=Amount(people=2, pictures=2, units=2),
    tunings={name: Tuning(steps=2, size=4, people=0.0) for name in Plan().tunings},
)


@dataclass(frozen=True)
class Workshop:
    """One tower with all that compressing it may need, each made when first asked for.

    Attributes:
        name: "face" or "voice".
        kind: which tower.
        source: where it comes from.
        pack: of people to calibrate on and learn from.
        run: where checkpoints go.
        plan: how much of everything.
    """

    name: str
    kind: Kind
    source: Source
    pack: Pack
    run: Run
    plan: Plan

    @cached_property
    def teacher(self) -> keras.Model:
        """The tower as it is."""
        return self.source.tower(self.kind)

    @cached_property
    def inputs(self) -> Inputs:
        """Inputs as calls bring them."""
        rng = np.random.default_rng(self.run.config["seed"])
        return self.kind.inputs(self.pack, self.plan.inputs, rng)

    @cached_property
    def lessons(self) -> Lessons:
        """What a pruned tower is taught by."""
        seed = int(self.run.config["seed"])
        return self.kind.lessons(self.pack, self.teacher, self.plan.amount, seed)

    def export(self, tower: keras.Model) -> bytes:
        """With float16 weights."""
        return to_litert_float16(tower, self.kind.shape)
