"""What towers, references and the comparator do to one source of people after the other.

    python -m benchmarks.sources --pack PACK [--fit PACK] [--published 4b9e81b]
        [--markdown docs/measurements/sources.md]

Every person of a source is enrolled and compared with everybody of that source: acted moods, talk
shows, read and spoken words, talking presenters. The published towers stand beside the fine-tuned
ones and those half way between, all with plain cosines; the shipped comparator stands beside other
ways to compare. Cohorts are of the pack that the model was trained on.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.console import Console

from benchmarks.migration.older import older_weights
from benchmarks.sources.comparing import Sides, Trials, sides, trials
from benchmarks.sources.embedded import (
    Embedded,
    Towers,
    at_unit_length,
    embedded_faces,
    embedded_speech,
)
from benchmarks.sources.figures import Cohort, Row, row
from benchmarks.sources.markdown import page
from benchmarks.sources.mixed import mix
from benchmarks.sources.units import Speech, portraits, speech
from model.data.conditions import Treatment
from model.data.packs import Pack
from model.evaluation.metrics import Floats
from model.runtime.centroids import centroids
from model.runtime.comparator import FusedNetwork, load_comparator
from model.runtime.detect import FaceDetector
from model.runtime.reference import FACE_SIZE
from model.runtime.weights import WEIGHTS_DIR, Weights
from model.types import Reference, VoiceQuality, VoiceSample

VOICE_CONDITIONS = ("clean", "noise10", "call", "short1")
FACE_CONDITIONS = ("clean", "lowres")
MOODS = {
    "emodb, neutral enrolled, angry, afraid and sad probed": ("emodb", ("N", "WAT")),
}
"""Rows beside those of whole sources: enrolled and probed moods."""
MOST_LLRS = 6000
_console = Console(stderr=True)


def main(argv: Sequence[str] | None = None) -> None:
    """Run from the command line."""
    options = _parser().parse_args(argv)
    weights, pack = Weights.load(), Pack(options.pack)
    lessons = Pack(options.fit or options.pack.parent / "train")
    published = older_weights(options.published, options.cache)
    towers = _towers(published.directory, options.cache)
    seen = {sample.source for sample in lessons.voices}
    found = {
        "model": weights.model_id,
        "pack": pack.name,
        "lessons": lessons.name,
        "voices": list(_voices(pack, lessons, towers, load_comparator(weights), seen)),
        "faces": list(_faces(pack, lessons, towers, weights)),
    }
    text = page(found)
    print(text)
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    if options.markdown:
        options.markdown.write_text(text, encoding="utf-8")


def _towers(published: Path, cache: Path) -> list[Towers]:
    half = cache / "half"
    for file in ("sface.tflite", "campplus.tflite"):
        mix(published / file, WEIGHTS_DIR / file, half / file, share=0.5)
    folders = {"published": published, "half way": half, "fine-tuned": WEIGHTS_DIR}
    return [Towers(name, folder, cache) for name, folder in folders.items()]


def _voices(
    pack: Pack,
    lessons: Pack,
    towers: Sequence[Towers],
    comparator: FusedNetwork,
    seen: set[str],
) -> Iterator[Row]:
    units, treatment = speech(pack), Treatment(pack)
    cohort = _cohort(lessons, towers[-1])
    clean = embedded_speech(units, treatment, "clean", towers)
    named = {source: (source, None) for source in dict.fromkeys(u.source for u in units)}
    for condition in VOICE_CONDITIONS:
        with _console.status(f"voices, {condition}"):
            probed = (
                clean
                if condition == "clean"
                else embedded_speech(units, treatment, condition, towers)
            )
            for name, (source, moods) in (named | MOODS).items():
                chosen = trials(units, source, moods)
                if chosen is None:
                    continue
                chosen = _scored(chosen, probed)
                both = {
                    one.name: sides(there, here, chosen)
                    for one, there, here in zip(towers, clean, probed, strict=True)
                }
                llrs = _llrs(comparator, chosen, both["fine-tuned"], probed[-1], clean[-1])
                figures = row(chosen, both, cohort, llrs)
                yield {"name": name, "condition": condition, "seen": source in seen, **figures}


def _faces(pack: Pack, lessons: Pack, towers: Sequence[Towers], weights: Weights) -> Iterator[Row]:
    units = portraits([lessons, pack], FaceDetector(weights.path("face_detector")))
    seen = {sample.source for sample in lessons.faces}
    clean = embedded_faces(units, "clean", towers)
    for condition in FACE_CONDITIONS:
        with _console.status(f"faces, {condition}"):
            probed = embedded_faces(units, condition, towers)
            for source in dict.fromkeys(unit.source for unit in units):
                chosen = trials(units, source)
                if chosen is None:
                    continue
                both = {
                    one.name: sides(there, here, chosen)
                    for one, there, here in zip(towers, clean, probed, strict=True)
                }
                figures = row(chosen, both, None, None)
                yield {"name": source, "condition": condition, "seen": source in seen, **figures}


def _scored(chosen: Trials, probed: Sequence[Embedded]) -> Trials:
    """Without those whose probe held nothing to embed."""
    kept = ~np.isnan(probed[-1].vectors[chosen.probe, 0])
    return replace(
        chosen,
        reference=chosen.reference[kept],
        probe=chosen.probe[kept],
        mated=chosen.mated[kept],
        person=chosen.person[kept],
    )


def _cohort(lessons: Pack, towers: Towers) -> Cohort:
    plain = Pack(lessons.root)
    units: list[Speech] = [one for one in speech(plain) if not one.source.startswith("lrwar")]
    (made,) = embedded_speech(units, Treatment(plain), "clean", [towers])
    vectors = at_unit_length(made.vectors)
    people = np.array([one.person for one in units])
    means = [np.nanmean(vectors[people == who], axis=0) for who in np.unique(people)]
    return Cohort(np.asarray(at_unit_length(np.stack(means)), float))


def _llrs(
    comparator: FusedNetwork, chosen: Trials, both: Sides, probed: Embedded, enrolled: Embedded
) -> Floats:
    """The shipped comparator's LLRs of the voice: all mated trials, and as many as are enough."""
    rng, found = np.random.default_rng(0), np.full(len(chosen.mated), np.nan)
    chance = min(1.0, MOST_LLRS / len(found))
    for n in np.flatnonzero(chosen.mated | (rng.random(len(found)) < chance)):
        quality = probed.quality[chosen.probe[n]]
        if quality is None:
            continue
        reference = _reference(both, chosen, enrolled.quality, int(n))
        sample = VoiceSample(both.raw[n].astype(np.float32), quality)
        llr = comparator.compare(reference, None, sample).llr_voice
        found[n] = np.nan if llr is None else llr
    return found


def _reference(
    both: Sides, chosen: Trials, quality: Sequence[VoiceQuality | None], n: int
) -> Reference:
    rows = chosen.reference[n][chosen.reference[n] >= 0]
    weights = [one.speech_s if (one := quality[k]) else 1.0 for k in rows]
    pieces = both.pieces[n][: len(rows)].astype(np.float32)
    nobody = np.zeros(FACE_SIZE, np.float32)
    voice = both.mean[n].astype(np.float32)
    return Reference("", nobody, voice, 0, sum(weights), voice_centroids=centroids(pieces, weights))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sources", description=__doc__)
    add = parser.add_argument
    add("--pack", type=Path, required=True, help="folder of people whom no training has seen")
    add("--fit", type=Path, help="folder of those it has; by default train beside the pack")
    add("--published", default="4b9e81b", help="folder or commit with the published towers")
    add("--cache", type=Path, default=Path(".cache/sources"), help="folder of embeddings")
    add("--json", type=Path, help="file for all figures")
    add("--markdown", type=Path, help="file for the page")
    return parser


if __name__ == "__main__":
    main()
