"""Whether it can be told at the end of an enrolment or of a call how well a person is known.

    python -m benchmarks.known --pack PACK [--markdown docs/measurements/known.md]

Everybody of a source is enrolled, then speaks in a call, then in other recordings, in another mood
each where moods are known. What is known at the end of the enrolment or of the call is asked
whether those other recordings will be taken for somebody else's.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmarks.known.cases import Case, cases
from benchmarks.known.page import page
from benchmarks.known.ranking import Table
from benchmarks.sources.embedded import Embedded, Towers, at_unit_length, embedded_speech
from benchmarks.sources.options import parser
from benchmarks.sources.units import Speech, speech
from benchmarks.widening.voices import voices_of
from model.data.conditions import Treatment
from model.data.packs import Pack
from model.evaluation.metrics import Floats
from model.runtime.comparator import FusedNetwork, load_comparator
from model.runtime.weights import Weights

CONDITIONS = ("clean", "call")
FEWEST = 5
"""People with enough speech that a source is of, or it is left out."""


def main(argv: Sequence[str] | None = None) -> None:
    """Run from the command line."""
    options = _parser().parse_args(argv)
    weights, pack = Weights.load(options.weights), Pack(options.pack)
    units, treatment = speech(pack), Treatment(pack)
    towers = [Towers("served", weights.directory, options.cache)]
    comparator = load_comparator(weights)
    made = {name: embedded_speech(units, treatment, name, towers)[0] for name in CONDITIONS}
    tables = {
        name: Table(by_source(units, made["clean"], made[name], comparator)) for name in CONDITIONS
    }
    text = page(tables, pack=pack.name, model=weights.model_id)
    print(text)
    if options.markdown:
        options.markdown.write_text(text, encoding="utf-8")


def by_source(
    units: Sequence[Speech], clean: Embedded, probed: Embedded, by: FusedNetwork
) -> Mapping[str, Sequence[Case]]:
    """The cases of each source that has people enough, enrolled clean and probed otherwise."""
    found = {
        source: cases(voices_of(units, source, clean, probed, by), _strangers(units, clean, source))
        for source in dict.fromkeys(unit.source for unit in units)
    }
    return {
        source: some
        for source, some in found.items()
        if len({case.person for case in some}) >= FEWEST
    }


def _strangers(units: Sequence[Speech], clean: Embedded, source: str) -> Floats:
    """Mean directions of everybody of other sources, shape (people, d)."""
    directions = at_unit_length(clean.vectors)
    people: dict[str, list[Floats]] = {}
    for unit, direction, heard in zip(units, directions, clean.quality, strict=True):
        if unit.source != source and heard:
            people.setdefault(unit.person, []).append(direction)
    return at_unit_length(np.stack([np.mean(own, axis=0) for own in people.values()]))


def _parser() -> argparse.ArgumentParser:
    made = parser("known", __doc__)
    add = made.add_argument
    add("--weights", type=Path, help="folder of the model; by default the shipped one")
    return made


if __name__ == "__main__":
    main()
