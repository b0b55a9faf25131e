"""``python -m benchmarks.presence --pack DIR``: who is noticed that is not there, and who pays.

Calls are composed of a pack's talking people, on whom no network was trained, and played through
the pipeline without codec and network. In the terms of ISO/IEC 30107-3: APCER is the share
of calls of one kind of attack that are verified at their end, BPCER that of honest calls which
presence held back at any time. Screens and prints are simulated, which is no certificate.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the server has it

import numpy as np
from rich.console import Console
from rich.progress import track

from benchmarks.presence.attacks import ATTACKS, STILLS, Attack, Show, drawn, honest, to_enrol
from benchmarks.presence.material import Person, people
from benchmarks.presence.playing import Outcome, play, reference_of
from benchmarks.presence.report import page
from model.runtime.detect import FaceDetector
from model.runtime.weights import Weights
from model.types import Reference
from stream_verifier.errors import EnrolmentError
from stream_verifier.settings import load_settings
from stream_verifier.verify.recogniser import Recogniser


def main(argv: Sequence[str] | None = None) -> None:
    """Run from the command line."""
    options = _parser().parse_args(argv)
    recogniser = Recogniser.load(load_settings(presence=options.presence))
    cast = people(
        options.pack,
        FaceDetector(Weights.load().path("face_detector")),
        most_clips=options.most_clips,
    )
    enrolled = _enrolled(recogniser, cast)
    kinds: dict[str, tuple[Attack, float]] = {"honest": (honest, options.honest_seconds)}
    kinds |= {kind: (ATTACKS[kind], options.seconds) for kind in options.kinds or ATTACKS}
    found: dict[str, list[tuple[str, Outcome]]] = {}
    unasked: list[tuple[str, Outcome]] = []
    text = ""
    for kind, (attack, seconds) in kinds.items():
        times = (options.still_calls if attack in STILLS else None) or options.calls
        calls = [(*one, number) for one in enrolled for number in range(times)]
        found[kind] = []
        for person, reference, number in track(calls, kind, console=Console(stderr=True)):
            rng = np.random.default_rng([number, *kind.encode()])
            show: Show = attack(drawn(person.call, seconds, rng), rng)
            found[kind].append((person.name, play(recogniser, reference, show, seed=number)))
            if attack is honest:
                alone = play(recogniser, reference, show, seed=number, asked=False)
                unasked.append((person.name, alone))
        text = page(
            found,
            unasked,
            pack=options.pack.name,
            people=len(enrolled),
            of=len(cast),
            presence=options.presence,
        )
        if options.markdown:  # All of it takes an hour: what is known by now is not to be lost.
            options.markdown.write_text(text, encoding="utf-8")
    print(text)


def _enrolled(recogniser: Recogniser, cast: Sequence[Person]) -> list[tuple[Person, Reference]]:
    """Whoever can be enrolled from a third of the clips."""
    enrolled = []
    for person in cast:
        show = to_enrol(person.enrol)
        try:
            enrolled.append((person, reference_of(recogniser, show)))
        except EnrolmentError as error:
            print(f"{person.name} cannot be enrolled: {error}")
    return enrolled


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pack", type=Path, required=True, help="folder with talking people")
    parser.add_argument("--calls", type=int, default=5, help="calls a person of each kind")
    parser.add_argument(
        "--still-calls", type=int, help="of still pictures: to say that none passes takes many"
    )
    parser.add_argument("--seconds", type=float, default=30.0, help="length of an attack")
    parser.add_argument("--honest-seconds", type=float, default=60.0, help="of an honest call")
    parser.add_argument("--presence", choices=("hold", "require"), default="hold")
    parser.add_argument("--kinds", nargs="*", choices=sorted(ATTACKS), help="all by default")
    parser.add_argument("--most-clips", type=int, default=65, help="clips read of a person")
    parser.add_argument("--markdown", type=Path, help="file for the page")
    return parser


if __name__ == "__main__":
    main()
