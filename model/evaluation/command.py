"""``python -m model evaluate``: error rates of the shipped comparator on a pack."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from model.data.embed import Embedder
from model.data.packs import Pack
from model.evaluation.report import summary, table
from model.evaluation.scoring import score
from model.runtime.fusion import load_comparator
from model.runtime.weights import Weights


def main(argv: Sequence[str]) -> int:
    """Score a pack's trials under some conditions, print the table, write it as JSON."""
    options = _parser().parse_args(argv)
    weights = Weights.load(options.weights)
    embedder = Embedder.of_weights(weights, cache=options.cache)
    comparator = load_comparator(weights)
    pack, found = Pack(options.pack), {}
    for condition in options.condition.split(","):
        print(f"scoring {len(pack.trials)} trials, {condition}", flush=True)
        scores = score(pack, condition, embedder, comparator)
        found[condition] = summary(scores, rounds=options.rounds)
    print(table(found))
    if options.json:
        about = {"pack": pack.name, "model": weights.model_id, "comparator": comparator.name}
        options.json.write_text(json.dumps({**about, "conditions": found}, indent=2) + "\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m model evaluate", description=__doc__)
    parser.add_argument("--pack", type=Path, required=True, help="folder with trials.csv")
    parser.add_argument("--condition", default="clean", help="clean, noisy, or both with a comma")
    parser.add_argument("--json", type=Path, help="where to write all figures")
    parser.add_argument("--rounds", type=int, default=500, help="bootstrap resamplings")
    parser.add_argument("--weights", type=Path, help="weights folder; the package's by default")
    parser.add_argument("--cache", type=Path, default=Path(".cache/embeddings"))
    return parser
