"""``python -m model compress``: make smaller and faster towers to choose from.

Each method is tried on each tower alone, which gives one folder of weights each, beside a folder
``float16`` with both towers whole. ``python -m model speed`` then measures what each of
them costs and gains. Started again after a kill, it goes on after the last tower.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from model.data.packs import Pack
from model.errors import ModelError
from model.outputs import folder
from model.training.extras import require

if TYPE_CHECKING:
    from model.compress.workshop import Workshop

FLOAT16 = "float16"
METHODS = (FLOAT16, "dynamic-int8", "full-int8", "sparse-50", "pruned-30", "distilled-50")


def main(argv: Sequence[str]) -> int:
    """Make the towers asked for, and folders of weights with them."""
    options = _parser().parse_args(argv)
    wanted = _folders(options.methods.split(","), options.pair)
    require("tensorflow", "keras")
    shops = _workshops(options)
    for name, (face, voice) in wanted.items():
        _write(options.out / name, shops, {"face": face, "voice": voice})
    print(*shops["face"].pack.notes.lines(), sep="\n")
    print("measure: python -m model speed --pack PACK --weights", end=" ")
    print(",".join(str(options.out / name) for name in wanted))
    return 0


def _folders(methods: Sequence[str], pairs: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Folder name to the methods of face and voice tower."""
    folders = {FLOAT16: (FLOAT16, FLOAT16)}
    folders |= {f"face-{method}": (method, FLOAT16) for method in methods}
    folders |= {f"voice-{method}": (FLOAT16, method) for method in methods}
    for pair in pairs:
        face, plus, voice = pair.partition("+")
        if not plus:
            raise ModelError(f"{pair!r} is no pair: say FACE+VOICE, such as full-int8+float16")
        folders[pair] = (face, voice)
    unknown = {m for both in folders.values() for m in both} - set(METHODS)
    if unknown:
        raise ModelError(f"unknown method {', '.join(sorted(unknown))}: use {', '.join(METHODS)}")
    return folders


def _workshops(options: argparse.Namespace) -> dict[str, Workshop]:
    from model.compress.towers import KINDS, Source
    from model.compress.workshop import QUICK, Plan, Workshop
    from model.training.run import Run

    pack, source = Pack(options.pack), Source(options.run, options.cache)
    plan = QUICK if options.quick else Plan()
    lists = (pack.root / "faces.csv").read_bytes() + (pack.root / "voices.csv").read_bytes()
    config = {
        "source": source.weights.model_id,
        "lists_sha256": hashlib.sha256(lists).hexdigest(),
        "seed": options.seed,
        **asdict(plan),
    }
    run = Run(options.out / "towers", config)
    return {
        name: Workshop(name=name, kind=kind, source=source, pack=pack, run=run, plan=plan)
        for name, kind in KINDS.items()
    }


def _write(folder: Path, shops: Mapping[str, Workshop], methods: Mapping[str, str]) -> None:
    from model.compress.folders import write_folder
    from model.compress.methods import file_of

    towers = {
        shops[name].kind.part: (method, file_of(shops[name], method))
        for name, method in methods.items()
    }
    made = write_folder(folder, shops["face"].source.weights, towers)
    print(f"{folder}: space {made.model_id}", flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m model compress", description=__doc__)
    add = parser.add_argument
    add("--pack", type=Path, required=True, help="people to calibrate on and learn from")
    add("--run", type=Path, help="training run that the towers come from; else the package's")
    add("--out", type=folder, default=Path("runs/compressed"), help="where the folders go")
    add("--methods", default=",".join(METHODS[1:]), help=f"of {', '.join(METHODS[1:])}")
    add(
        "--pair",
        action="append",
        default=[],
        metavar="FACE+VOICE",
        help="one more folder with both towers by a method each, such as full-int8+dynamic-int8",
    )
    add("--quick", action="store_true", help="a small slice, to see that everything works")
    add("--seed", type=int, default=1, help="everything random follows from it")
    add("--cache", type=folder, default=Path(".cache"), help="folder for downloads")
    return parser
