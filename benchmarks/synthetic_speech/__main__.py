"""Whether speech made by a machine can be told from genuine speech in a call.

    python -m benchmarks.synthetic_speech --pack DIR --fit DIR [--out FILE.md]

Pieces of 3 s of the people of one pack teach detectors, those of another are judged. Made speech is
copy synthesis: a person's own words through a vocoder, so that people, words and channel are the
same; what installed synthesisers speak is judged, too. Each vocoder and each source of voices is
kept from a detector in turn. WORLD wants `pip install 'stream-verifier[vocoder]'`.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from rich.progress import Progress

from benchmarks.synthetic_speech.detectors import DETECTORS
from benchmarks.synthetic_speech.features import Maps
from benchmarks.synthetic_speech.generators import GENUINE, HONEST, generators
from benchmarks.synthetic_speech.making import Material, split
from benchmarks.synthetic_speech.page import page
from benchmarks.synthetic_speech.pieces import Piece
from benchmarks.synthetic_speech.results import NETWORK, Results
from benchmarks.synthetic_speech.spoken import spoken
from benchmarks.synthetic_speech.trying import Fold, Seen, folds, tried
from model.data.packs import Pack
from model.training.extras import require
from model.training.files import write_whole

OUT = Path(__file__).resolve().parents[2] / "docs" / "measurements" / "synthetic-speech.md"


def main(argv: Sequence[str] | None = None) -> None:
    """Run it."""
    options = _parser().parse_args(argv)
    require("keras", "librosa", "tensorflow")
    learnt = Material.of(Pack(options.fit), most=options.most, drawn=True)
    judged = Material.of(Pack(options.pack), most=options.most_judged, drawn=False)
    split(learnt.pieces, judged.pieces)
    made = list(generators())
    lessons = {name: learnt.seen(name, options.cache, options.workers) for name in (GENUINE, *made)}
    trials: dict[str, Maps] = {
        name: judged.seen(name, options.cache, options.workers) for name in (*HONEST, *made)
    }
    people = dict.fromkeys(trials, judged.pieces)
    for name, material in _spoken(judged, options.cache):
        trials[name] = material.seen(GENUINE, options.cache, options.workers)
        people[name] = material.pieces
    results = Results(learnt.name, judged.name, learnt.pieces, people, tuple(made))
    _try_all(results, (lessons, learnt.pieces), trials, options.cache)
    write_whole(options.out, page(results).encode())


def _try_all(
    results: Results, learnt: tuple[Seen, Sequence[Piece]], trials: Seen, cache: Path
) -> None:
    """The network on every fold, others where a generator is left out.

    What an earlier run has found is taken from the cache.
    """
    wanted = [
        (fold, name)
        for fold in folds(results.made, results.sources)
        for name in DETECTORS
        if fold.generator or name == NETWORK
    ]
    with Progress() as bar:
        task = bar.add_task("detectors", total=len(wanted))
        for fold, name in wanted:
            file = cache / f"scores-{results.key}-{_slug(fold)}-{name.replace(' ', '_')}.npz"
            if not file.is_file():
                np.savez(file, **tried(fold, DETECTORS[name], learnt, trials))  # type: ignore[arg-type]
            results.take(fold, name, dict(np.load(file)))
            bar.advance(task)


def _spoken(judged: Material, cache: Path) -> Iterator[tuple[str, Material]]:
    for name, pieces in spoken(cache / "spoken").items():
        yield name, Material(name, pieces, judged.noises, drawn=False)


def _slug(fold: Fold) -> str:
    return fold.name.replace(" ", "_").replace("/", "+")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--pack", type=Path, required=True, help="folder with voices.csv: who is judged")
    add("--fit", type=Path, required=True, help="folder with voices.csv: others, to learn from")
    add("--most", type=int, default=3, help="pieces of a person to learn from")
    add("--most-judged", type=int, default=2, help="pieces of a person that are judged")
    add("--cache", type=Path, default=Path(".cache/synthetic_speech"))
    add("--workers", type=int, default=2, help="processes that make speech")
    add("--out", type=Path, default=OUT, help="Markdown file for the page")
    return parser


if __name__ == "__main__":
    main()
