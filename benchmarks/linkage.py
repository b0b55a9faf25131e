"""``python -m benchmarks.linkage``: whether two stores of the same people can be matched.

Each person is enrolled twice, of other pictures and speech, as in two stores, each of which turns
what it keeps its own way. What is stored in one is compared with what is stored in the other, as a
thief of both would, and then what each gives back, as the verification does. Equal error rates with
95 % intervals by bootstrap over people go to the given file.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.likeness import two_references
from model.data.packs import Pack
from model.evaluation.metrics import equal_error_rate
from model.runtime.weights import Weights
from model.types import Vector
from stream_verifier.identities.transform import SEED_BYTES, turned
from stream_verifier.simulation.casting import cast_people
from stream_verifier.simulation.material import CACHE, Material

_DRAWS = 1000

Floats = NDArray[np.float64]


def main(argv: Sequence[str] | None = None) -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pack", type=Path, required=True, help="folder of people")
    parser.add_argument("--people", type=int, help="so many of them; all without")
    parser.add_argument("--cache", type=Path, default=CACHE, help="folder of embeddings")
    parser.add_argument("--markdown", type=Path, help="file for the table")
    options = parser.parse_args(argv)
    pack, weights = Pack(options.pack), Weights.load()
    cast = cast_people(pack, seed=1)[: options.people]
    material = Material(pack=pack, roles=cast, weights=weights, cache=options.cache)
    first, second = two_references(cast, material)
    faces = [one.face for one in first], [one.astype(np.float32) for one, _ in second]
    voices = [one.voice for one in first], [one.astype(np.float32) for _, one in second]
    text = page({"face": faces, "voice": voices}, pack.name)
    print(text)
    if options.markdown:
        options.markdown.write_text(text, encoding="utf-8")


def page(stores: dict[str, tuple[list[Vector], list[Vector]]], pack: str) -> str:
    """What can be matched, as a page.

    Args:
        stores: face and voice of each person, in the same order, as each of two stores is given it.
        pack: whose people they are.
    """
    rng = np.random.default_rng(1)
    rows, furthest = [], 0.0
    for part, two in stores.items():
        given = cosines(*two)
        seeds = [[rng.bytes(SEED_BYTES) for _ in one] for one in two]
        stored = [_all_turned(one, its, part) for one, its in zip(two, seeds, strict=True)]
        back = [
            [turned(vector, seed, part, back=True) for vector, seed in zip(one, its, strict=True)]
            for one, its in zip(stored, seeds, strict=True)
        ]
        again = cosines(*back)
        furthest = max(furthest, float(np.abs(again - given).max()))
        rows += [
            f"| {part} | as it was before it was stored | {_rates(given)} |",
            f"| | as it lies in the two stores | {_rates(cosines(*stored))} |",
            f"| | as the stores give it back | {_rates(again)} |",
        ]
    people = len(next(iter(stores.values()))[0])
    return (
        "# Matching two stores of the same people\n\n"
        "Written by `python -m benchmarks.linkage`. "
        f"{people} people of `{pack}`, none of whom any training saw, each enrolled in two stores "
        "from different files. Each one in the first store is compared with each one in the "
        "second; equal error rates of telling whether it is the same person, 95 % intervals by "
        "bootstrap over people. 50 % is a coin's.\n\n"
        "| | vectors | EER |\n|---|---|---|\n" + "\n".join(rows) + "\n\n"
        f"Cosines that are given back differ by {furthest:.1e} at most.\n"
    )


def cosines(one: Sequence[Vector], other: Sequence[Vector]) -> Floats:
    """Of each with each, shape (n, n); all have unit length."""
    return np.stack(one).astype(np.float64) @ np.stack(other).astype(np.float64).T


def interval(scores: Floats) -> tuple[float, float, float]:
    """EER of telling the diagonal from the rest, and its 95 % interval."""
    rng = np.random.default_rng(1)
    draws = []
    own = np.eye(len(scores), dtype=bool)
    for _ in range(_DRAWS):
        people = rng.integers(0, len(scores), len(scores))
        grid = np.ix_(people, people)
        # A person drawn twice is not another one than oneself.
        same = people[:, None] == people[None, :]
        draws.append(equal_error_rate(scores[grid].ravel(), same.ravel()))
    low, high = np.quantile(draws, [0.025, 0.975])
    return equal_error_rate(scores.ravel(), own.ravel()), float(low), float(high)


def _all_turned(vectors: Sequence[Vector], seeds: Sequence[bytes], part: str) -> list[Vector]:
    return [turned(one, seed, part) for one, seed in zip(vectors, seeds, strict=True)]


def _rates(scores: Floats) -> str:
    rate, low, high = interval(scores)
    return f"{rate:.1%} ({low:.1%} to {high:.1%})"


if __name__ == "__main__":
    main()
