"""Trials of one source, mixed towers, and the page."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.sources.comparing import PIECES, Sides, interval, sides, trials
from benchmarks.sources.embedded import Embedded, at_unit_length
from benchmarks.sources.figures import Cohort, leaning, nearest_alone, row
from benchmarks.sources.markdown import page
from benchmarks.sources.mixed import mix
from benchmarks.sources.units import Speech
from model.errors import WeightsError
from model.runtime.litert import LiteRtModel
from model.runtime.weights import WEIGHTS_DIR
from model.types import VoiceQuality

PEOPLE, EACH = 5, 6
UNITS = [
    Speech("acted", f"acted/{who}", "NNNWAT"[number], (Path(f"{who}-{number}"),))
    for who in range(PEOPLE)
    for number in range(EACH)
] + [Speech("read", "read/1", "", (Path("alone"),))]


def embedded() -> Embedded:
    rng = np.random.default_rng(0)
    who = np.repeat(np.arange(PEOPLE), EACH)
    vectors = 3 * rng.standard_normal((PEOPLE, 192))[who] + rng.standard_normal((len(who), 192))
    return Embedded(
        np.concatenate([vectors, np.ones((1, 192))]),
        tuple(VoiceQuality(2.0, 20.0, -25.0) for _ in UNITS),
    )


def test_no_probe_is_a_piece_of_its_reference_and_strangers_are_of_the_source() -> None:
    found = trials(UNITS, "acted")
    assert found is not None
    assert not (found.reference == found.probe[:, None]).any()
    owner = np.array([int(unit.person[-1]) for unit in UNITS])
    assert (owner[found.reference] == found.person[:, None]).all()
    np.testing.assert_array_equal(owner[found.probe] == found.person, found.mated)
    assert found.probe.max() < PEOPLE * EACH
    assert found.mated.sum() == PEOPLE * 4 * (EACH - PIECES)


def test_moods_part_who_is_enrolled_from_who_is_probed() -> None:
    found = trials(UNITS, "acted", ("N", "WAT"))
    assert found is not None
    assert {UNITS[row].mood for row in found.reference.ravel()} == {"N"}
    assert {UNITS[row].mood for row in found.probe} == {"W", "A", "T"}


def test_a_source_of_one_person_has_no_trials() -> None:
    assert trials(UNITS, "read") is None


def test_a_piece_that_is_the_probe_is_nearest() -> None:
    found = trials(UNITS, "acted")
    assert found is not None
    both = sides(embedded(), embedded(), found)
    np.testing.assert_allclose(np.linalg.norm(both.mean, axis=1), 1)
    hit = Sides(both.mean, both.pieces, both.pieces[:, 1], both.raw)
    np.testing.assert_allclose(nearest_alone(hit), 1)
    assert (leaning(hit) > hit.cosine()).all()


def test_the_difference_of_a_thing_from_itself_is_nothing() -> None:
    found = trials(UNITS, "acted")
    assert found is not None
    scores = np.random.default_rng(0).standard_normal(len(found.mated))
    assert interval(np.subtract, found, scores, scores) == (0.0, 0.0)


def test_all_figures_are_on_the_page() -> None:
    found = trials(UNITS, "acted")
    assert found is not None
    both = sides(embedded(), embedded(), found)
    towers = dict.fromkeys(("published", "half way", "fine-tuned"), both)
    people = at_unit_length(np.random.default_rng(1).standard_normal((60, 192)))
    llrs = np.where(found.mated, 5.0, -5.0)
    figures = row(found, towers, Cohort(people), (llrs, llrs))
    assert figures["ways"]["AS-norm"] == figures["ways"]["leaning"] == 0
    assert figures["comparator"]["cllr"] == pytest.approx(np.log2(1 + np.exp(-5)))
    named = {"name": "acted", "condition": "clean", "seen": False, **figures}
    faces = {**named, "comparator": None, "leaning": None, "ways": {"mean": 0.5, "leaning": 0.25}}
    text = page(
        {"model": "m", "pack": "dev", "lessons": "train", "voices": [named], "faces": [faces]}
    )
    assert "| clean | acted | no | 5 | 60 / 480 | 0.00 |" in text
    assert "| a mean that leans towards the nearest piece | 0.00 | 25.00 |" in text
    assert "wholly above 0: none" in text


def test_half_way_between_a_file_and_itself_is_itself(tmp_path: Path) -> None:
    path, out = WEIGHTS_DIR / "fusion.tflite", tmp_path / "mixed.tflite"
    mix(path, path, out, share=0.5)
    sample = np.random.default_rng(0).standard_normal((1, 652)).astype(np.float32)
    np.testing.assert_allclose(LiteRtModel(out).run(sample), LiteRtModel(path).run(sample))


def test_files_of_two_architectures_do_not_mix(tmp_path: Path) -> None:
    first, second = WEIGHTS_DIR / "fusion.tflite", WEIGHTS_DIR / "lips_sound.tflite"
    with pytest.raises(WeightsError, match="other tensors"):
        mix(first, second, tmp_path / "mixed.tflite", share=0.5)
