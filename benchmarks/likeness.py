"""``python -m benchmarks.likeness``: how well two references tell whether they are one person's.

A second reference of each person is made of pictures and speech beside those of the first. What is
kept and what passes at the thresholds of `identities.likeness`, with 95 % intervals by bootstrap
over people, goes to the given file.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from model.data.packs import Pack
from model.runtime.weights import Weights
from model.types import Reference
from stream_verifier.identities.likeness import FACE_COSINE, VOICE_COSINE
from stream_verifier.simulation.casting import Role, cast_people
from stream_verifier.simulation.material import CACHE, Material

_PICTURES, _TAKES, _DRAWS = 5, 3, 1000
Vectors = NDArray[np.float64]


def main(argv: Sequence[str] | None = None) -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pack", type=Path, required=True, help="folder of people")
    parser.add_argument("--cache", type=Path, default=CACHE, help="folder of embeddings")
    parser.add_argument("--markdown", type=Path, help="file for the table")
    options = parser.parse_args(argv)
    pack, weights = Pack(options.pack), Weights.load()
    cast = cast_people(pack, seed=1)
    material = Material(pack=pack, roles=cast, weights=weights, cache=options.cache)
    text = table(*references(cast, material), pack.name)
    print(text)
    if options.markdown:
        options.markdown.write_text(text, encoding="utf-8")


def references(cast: Sequence[Role], material: Material) -> tuple[Vectors, Vectors]:
    """Cosines of each person's first reference with each one's second: face and voice, (n, n)."""
    first, second = two_references(cast, material)
    face = np.array([[one.face @ other for other, _ in second] for one in first], np.float64)
    voice = np.array([[one.voice @ other for _, other in second] for one in first], np.float64)
    return face, voice


def two_references(
    cast: Sequence[Role], material: Material
) -> tuple[list[Reference], list[tuple[Vectors, Vectors]]]:
    """Each person's reference, and face and voice of a second one from other files."""
    first = [material.reference(role.name) for role in cast]
    return first, [_second(role, material) for role in track(cast, "references")]


def _second(role: Role, material: Material) -> tuple[Vectors, Vectors]:
    views = [view.face.sample.vector for view in material.seen(role.name, "clean") if view.face]
    files = [file for take in role.takes[:_TAKES] for file in take.files]
    speech = [material.embedded(file).vector for file in files]
    return _mean(views[:_PICTURES]), _mean(speech)


def _mean(vectors: Sequence[NDArray[np.float32]]) -> Vectors:
    mean = np.mean([vector / np.linalg.norm(vector) for vector in vectors], axis=0)
    return np.asarray(mean / np.linalg.norm(mean), np.float64)


def table(face: Vectors, voice: Vectors, pack: str) -> str:
    """The shares as a page."""
    own = np.eye(len(face), dtype=bool)
    alike_face, alike_voice = face >= FACE_COSINE, voice >= VOICE_COSINE
    rows = [
        ("the same person", alike_face & alike_voice, own),
        ("another person's face, one's own voice", alike_face, ~own),
        ("another person's voice, one's own face", alike_voice, ~own),
        ("another person", alike_face & alike_voice, ~own),
    ]
    lines = [f"| {name} | {_share(alike, among)} |" for name, alike, among in rows]
    return (
        "# Two references of one person, or of two\n\n"
        "Written by `python -m benchmarks.likeness`. When somebody is enrolled anew, the new "
        "reference is compared with the old one: alike are those whose faces have a cosine of "
        f"{FACE_COSINE} and voices one of {VOICE_COSINE} or more. {len(face)} people of `{pack}`, "
        "none of whom any training saw; 95 % intervals by bootstrap over people.\n\n"
        "| the second reference is of | told to be alike |\n|---|---|\n" + "\n".join(lines) + "\n"
    )


def _share(alike: NDArray[np.bool_], among: NDArray[np.bool_]) -> str:
    rng = np.random.default_rng(1)
    draws = []
    for _ in range(_DRAWS):
        people = rng.integers(0, len(alike), len(alike))
        grid = np.ix_(people, people)
        draws.append(alike[grid][among[grid]].mean())
    low, high = np.quantile(draws, [0.025, 0.975])
    return f"{alike[among].mean():.1%} ({low:.1%} to {high:.1%})"


if __name__ == "__main__":
    main()
