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
from benchmarks.sources.comparing import PIECES, Sides, Trials, sides, trials
from benchmarks.sources.embedded import (
    Embedded,
    Towers,
    at_unit_length,
    embedded_faces,
    embedded_speech,
)
from benchmarks.sources.figures import Cohort, Row, leant, row
from benchmarks.sources.markdown import page
from benchmarks.sources.mixed import mix
from benchmarks.sources.options import parser
from benchmarks.sources.units import Speech, portraits, speech
from model.data.conditions import Treatment
from model.data.packs import Pack
from model.evaluation.metrics import Floats
from model.runtime.comparator import FusedNetwork, load_comparator
from model.runtime.detect import FaceDetector
from model.runtime.reference import FACE_SIZE
from model.runtime.weights import WEIGHTS_DIR, Weights
from model.types import Reference, VoiceQuality, VoiceSample

VOICE_CONDITIONS = ("clean", "noise10", "call", "short1")
FACE_CONDITIONS = ("clean", "lowres")
MORE = {
    "emodb, neutral enrolled, angry, afraid and sad probed": ("emodb", ("N", "WAT"), PIECES),
    "emodb, six pieces of any mood enrolled": ("emodb", None, 2 * PIECES),
    "urdu, six pieces of any mood enrolled": ("urdu", None, 2 * PIECES),
}
"""Rows beside those of whole sources: enrolled and probed moods, and pieces of a reference."""
MOST_LLRS = 4000
_console = Console(stderr=True)


def main(argv: Sequence[str] | None = None) -> None:
    """Run from the command line."""
    options = _parser().parse_args(argv)
    weights, pack = Weights.load(options.tuned), Pack(options.pack)
    lessons = Pack(options.fit or options.pack.parent / "train")
    published = older_weights(options.published, options.cache)
    towers = _towers(published.directory, options.tuned, options.cache)
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


def _towers(published: Path, tuned: Path, cache: Path) -> list[Towers]:
    half = cache / "half"
    for file in ("sface.tflite", "campplus.tflite"):
        mix(published / file, tuned / file, half / file, share=0.5)
    folders = {"published": published, "half way": half, "fine-tuned": tuned}
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
    named: dict[str, tuple[str, tuple[str, str] | None, int]] = {
        source: (source, None, PIECES) for source in dict.fromkeys(u.source for u in units)
    }
    for condition in VOICE_CONDITIONS:
        with _console.status(f"voices, {condition}"):
            probed = (
                clean
                if condition == "clean"
                else embedded_speech(units, treatment, condition, towers)
            )
            for name, (source, moods, most) in (named | MORE).items():
                chosen = trials(units, source, moods, most=most)
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
                figures = row(chosen, both)
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
) -> tuple[Floats, Floats]:
    """The comparator's LLRs of the voice, with references as they are and with such as lean.

    Of all mated trials, and as many others as are enough.
    """
    rng, found = np.random.default_rng(0), np.full((2, len(chosen.mated)), np.nan)
    leaning, nobody = leant(both), np.zeros(FACE_SIZE, np.float32)
    chance = min(1.0, MOST_LLRS / len(chosen.mated))
    for n in np.flatnonzero(chosen.mated | (rng.random(len(chosen.mated)) < chance)):
        quality = probed.quality[chosen.probe[n]]
        if quality is None:
            continue
        speech_s = _speech_s(chosen, enrolled.quality, int(n))
        sample = VoiceSample(both.raw[n].astype(np.float32), quality)
        for k, voice in enumerate((both.mean[n], leaning[n])):
            reference = Reference("", nobody, voice.astype(np.float32), 0, speech_s)
            llr = comparator.compare(reference, None, sample).llr_voice
            found[k, n] = np.nan if llr is None else llr
    return found[0], found[1]


def _speech_s(chosen: Trials, quality: Sequence[VoiceQuality | None], n: int) -> float:
    rows = chosen.reference[n][chosen.reference[n] >= 0]
    return sum(one.speech_s if (one := quality[k]) else 1.0 for k in rows)


def _parser() -> argparse.ArgumentParser:
    made = parser("sources", __doc__)
    add = made.add_argument
    add("--fit", type=Path, help="folder of those it has; by default train beside the pack")
    add("--published", default="4b9e81b", help="folder or commit with the published towers")
    add("--tuned", type=Path, default=WEIGHTS_DIR, help="folder with the towers trained from those")
    add("--json", type=Path, help="file for all figures")
    return made


if __name__ == "__main__":
    main()
