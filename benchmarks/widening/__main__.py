"""What more speech in a reference brings, added by somebody or grown by itself.

    python -m benchmarks.widening --pack PACK [--markdown docs/measurements/widening.md]

Each source's people are enrolled with about 9 s of speech. Then as much again is added, as
`stream-verifier enroll --add` does, and the rest of their speech and strangers' is judged before
and after. Beside it references that grow by themselves, which nothing here serves, and an impostor
with the right face who tries to make one grow his way.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import track

from benchmarks.sources.embedded import Towers, embedded_speech
from benchmarks.sources.options import parser
from benchmarks.sources.units import speech
from benchmarks.widening.adding import added
from benchmarks.widening.growing import grown
from benchmarks.widening.page import Added, Grown, page
from benchmarks.widening.voices import Voices, voices_of
from model.data.conditions import Treatment
from model.data.packs import Pack
from model.runtime.comparator import load_comparator
from model.runtime.weights import Weights

CONDITIONS = ("clean", "call")
SOURCES = {
    "acted German, calm enrolled, other moods added": ("emodb", 3, True),
    "acted German, any moods": ("emodb", 3, False),
    "talk shows in Urdu": ("urdu", 3, False),
    "spoken digits": ("audiomnist_az", 3, False),
    "read English": ("libri_tc100", 1, False),
}
"""What a row is called; its source, stretches of a reference, and whether moods are told apart."""
GROWN = ("acted German, calm enrolled, other moods added", "talk shows in Urdu", "spoken digits")
ACCEPTED, WEIGHTS = (-2.0, 0.0, 2.0), (0.25, 0.5)


def main(argv: Sequence[str] | None = None) -> None:
    """Run from the command line."""
    options = _parser().parse_args(argv)
    weights, pack = Weights.load(options.weights), Pack(options.pack)
    sources = list(_voices(pack, weights, options.cache))
    additions = [
        Added(name, condition, judged)
        for name, condition, voices in track(sources, "adding", console=Console(stderr=True))
        if (judged := added(voices, pieces=SOURCES[name][1], moods=SOURCES[name][2])) is not None
    ]
    ways = [(accepted, weight) for accepted in ACCEPTED for weight in WEIGHTS]
    growths = [
        Grown(name, condition, accepted, weight, growth)
        for name, condition, voices in track(sources, "growing", console=Console(stderr=True))
        if name in GROWN
        for accepted, weight in ways
        for growth in [grown(voices, accepted=accepted, weight=weight, moods=SOURCES[name][2])]
    ]
    text = page(additions, growths, pack=pack.name, model=weights.model_id)
    print(text)
    if options.markdown:
        options.markdown.write_text(text, encoding="utf-8")


def _voices(pack: Pack, weights: Weights, cache: Path) -> Iterator[tuple[str, str, Voices]]:
    units, treatment = speech(pack), Treatment(pack)
    towers = [Towers("served", weights.directory, cache)]
    comparator = load_comparator(weights)
    (clean,) = embedded_speech(units, treatment, "clean", towers)
    for condition in CONDITIONS:
        (probed,) = embedded_speech(units, treatment, condition, towers)
        for name, (source, _, _) in SOURCES.items():
            voices = voices_of(units, source, clean, probed, comparator)
            if len(voices.people) > 1:
                yield name, condition, voices


def _parser() -> argparse.ArgumentParser:
    made = parser("widening", __doc__)
    add = made.add_argument
    add("--weights", type=Path, help="folder of the model; by default the shipped one")
    return made


if __name__ == "__main__":
    main()
