"""References to which as much again was added, beside what they were."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.sources.comparing import Trials, eer, interval
from benchmarks.widening.voices import Rows, Voices
from model.evaluation.metrics import Flags, Floats
from model.runtime.reference import widened

REFERENCES, MOST_STRANGERS = 4, 150


@dataclass(frozen=True)
class Judged:
    """LLRs of the same trials, by the reference as it was and as it became.

    Attributes:
        before, after: shape (n,).
        mated: whether the probe is the person's.
        person: number of the claimed person.
    """

    before: Floats
    after: Floats
    mated: Flags
    person: Rows

    def shares(self, llrs: Floats) -> dict[str, float]:
        """In percent: equal error, own speech below 0 and -3, strangers' above 0 and 2."""
        own, others = llrs[self.mated], llrs[~self.mated]
        return {
            "eer": 100 * eer(llrs, self.mated),
            "own_below_0": 100 * float((own < 0).mean()),
            "own_below_3": 100 * float((own < -3).mean()),
            "others_above_0": 100 * float((others > 0).mean()),
            "others_above_2": 100 * float((others > 2).mean()),
        }

    def change(self) -> tuple[float, float]:
        """95 % of the difference of equal error rates, in points, by bootstrap over people."""
        nothing = np.zeros(len(self.mated), np.intp)
        trials = Trials(nothing[:, None], nothing, self.mated, self.person)
        low, high = interval(lambda old, new: new - old, trials, self.before, self.after)
        return 100 * low, 100 * high


def added(voices: Voices, *, pieces: int, moods: bool, seed: int = 0) -> Judged | None:
    """Enrol everybody several times, add as many stretches again, and judge all others by both.

    Args:
        voices: of one source.
        pieces: stretches that a reference is of, and that are added.
        moods: whether to enrol calm stretches and to add others.
        seed: of the draws.

    Returns:
        None where nobody has enough speech.
    """
    rng, trials = np.random.default_rng(seed), []
    for number, own in enumerate(voices.people):
        others = np.concatenate([rows for k, rows in enumerate(voices.people) if k != number])
        for _ in range(REFERENCES):
            mixed = rng.permutation(own)
            first = mixed[voices.calm[mixed]] if moods else mixed
            second = mixed[~voices.calm[mixed]] if moods else mixed[pieces:]
            if min(len(first[:pieces]), len(second[:pieces])) < pieces:
                continue
            enrolled, more = first[:pieces], second[:pieces]
            both = np.concatenate([enrolled, more])
            strangers = rng.permutation(others)[:MOST_STRANGERS]
            probes = np.concatenate([np.setdiff1d(own, both), strangers])
            reference = voices.reference(enrolled)
            old = voices.llrs(reference, probes)
            new = voices.llrs(widened(reference, voices.reference(more)), probes)
            is_own = [True] * (len(probes) - len(strangers)) + [False] * len(strangers)
            trials += [(*row, number) for row in zip(old, new, is_own, strict=True)]
    if not trials:
        return None
    before, after, mated, person = zip(*trials, strict=True)
    return Judged(np.array(before), np.array(after), np.array(mated), np.array(person))
