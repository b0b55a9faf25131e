"""Synthetic speech: what is kept from detectors, what they see, and the figures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.synthetic_speech.channels import CHANNELS, suppressed, through
from benchmarks.synthetic_speech.detectors import Line, OneClass
from benchmarks.synthetic_speech.features import BANDS, MAPS, Maps, maps
from benchmarks.synthetic_speech.figures import figure, share_above
from benchmarks.synthetic_speech.generators import GENUINE, SUPPRESSED, generators
from benchmarks.synthetic_speech.making import DRAWN, Material, split
from benchmarks.synthetic_speech.page import page
from benchmarks.synthetic_speech.pieces import Piece, levelled, pieces
from benchmarks.synthetic_speech.results import Results
from benchmarks.synthetic_speech.trying import Fold, folds, lessons
from benchmarks.synthetic_speech.vocoders import pitch
from model.data.media import SAMPLE_RATE_HZ, Samples
from model.data.packs import Sample
from model.lips.trials import area

MADE = ("one", "other")


@pytest.fixture(autouse=True)
def only_what_is_called_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """At its first use librosa compiles what nothing here calls, for 12 s of the processor."""
    monkeypatch.setattr("numba.guvectorize", lambda *_, **__: lambda function: function)


def voice(hertz: float = 120.0, seconds: float = 1.0) -> Samples:
    """A vowel of a kind: pulses through two resonances, and a little noise."""
    time_s = np.arange(round(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    sines = [
        np.cos(2 * np.pi * hertz * k * time_s) * np.exp(-(((hertz * k - 600) / 900) ** 2))
        for k in range(1, 50)
    ]
    hiss = np.random.default_rng(0).normal(0, 0.02, len(time_s))
    return levelled(np.asarray(np.sum(sines, axis=0) + hiss, np.float32))


def some(source: str, people: int, each: int = 2) -> list[Piece]:
    return [
        Piece(source, f"{source}/{who}", (Path(f"{source}{who}-{number}"),))
        for who in range(people)
        for number in range(each)
    ]


def test_a_piece_is_one_persons_and_no_file_is_in_two() -> None:
    voices = [
        Sample("read", f"read/{who}", Path(f"{who}-{number}"), 1.2)
        for number in range(7)
        for who in range(3)
    ] + [Sample("read", "read/short", Path("short"), 2.9)]
    found = pieces(voices, most=5)
    assert [piece.person for piece in found] == ["read/0"] * 2 + ["read/1"] * 2 + ["read/2"] * 2
    files = [file for piece in found for file in piece.files]
    assert len(files) == len(set(files)) == 18
    assert all(file.name[0] == piece.person[-1] for piece in found for file in piece.files)
    assert len(pieces(voices, most=1)) == 3


def test_somebody_in_both_packs_is_refused_by_name() -> None:
    split(some("read", 2), some("spoken", 2))
    with pytest.raises(ValueError, match="read/1 would be learnt from and judged"):
        split(some("read", 2), some("read", 2)[2:])


def test_what_is_left_out_of_a_fold_is_in_none_of_its_lessons() -> None:
    taught = [*some("read", 2), *some("spoken", 1)]
    numbers = {GENUINE: 0, "one": 1, "other": 2}
    seen: dict[str, Maps] = {
        name: np.full((len(taught), 2, 3, BANDS, MAPS), number, np.float16)
        for name, number in numbers.items()
    }
    for name in numbers:
        seen[name][4:] += 10  # the pieces of the second source
    found, made = lessons(Fold(generator="one"), seen, taught)
    values = np.array([one[0, 0, 0] for one in found])
    assert sorted(set(values)) == [0, 2, 10, 12]
    np.testing.assert_array_equal(made, values % 10 > 0)
    found, made = lessons(Fold(source="spoken"), seen, taught)
    assert sorted({float(one[0, 0, 0]) for one in found}) == [0, 1, 2]
    assert (len(made), made.sum()) == (24, 16)


def test_each_way_and_each_source_is_left_out_once() -> None:
    assert folds(MADE, ["read"]) == [Fold(), Fold("one"), Fold("other"), Fold("", "read")]


def test_whoever_speaks_a_piece_goes_through_the_same_channels() -> None:
    learnt = Material("p", tuple(some("read", 4)), (), drawn=True)
    assert [len(set(learnt.lanes(index))) for index in range(8)] == [DRAWN] * 8
    assert {lane for index in range(4) for lane in learnt.lanes(index)} == set(CHANNELS)
    judged = Material("p", tuple(some("read", 4)), (), drawn=False)
    assert judged.lanes(3) == list(CHANNELS)


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_channel_keeps_a_piece_in_time_and_cuts_its_edges(channel: str) -> None:
    spoken = voice()
    heard = through(channel, spoken, np.random.default_rng(1).normal(0, 0.1, 999).astype("f4"))
    assert len(heard) == len(spoken) - SAMPLE_RATE_HZ // 5
    assert np.corrcoef(heard, spoken[SAMPLE_RATE_HZ // 10 : -SAMPLE_RATE_HZ // 10])[0, 1] > 0.85


def test_noise_suppression_keeps_a_voice_and_its_length() -> None:
    spoken = voice()
    heard = suppressed(spoken)
    assert heard.shape == spoken.shape
    assert np.corrcoef(np.abs(np.fft.rfft(heard)), np.abs(np.fft.rfft(spoken)))[0, 1] > 0.9


@pytest.mark.parametrize("name", generators())
def test_copy_synthesis_keeps_pitch_and_length_and_makes_another_wave(name: str) -> None:
    spoken = voice()
    made = levelled(generators()[name](spoken))
    assert made.shape == spoken.shape
    middle = slice(SAMPLE_RATE_HZ // 4, 3 * SAMPLE_RATE_HZ // 4)
    assert np.median(pitch(made[None, middle][:, :480].astype(float))) == pytest.approx(
        120, rel=0.03
    )
    loudest = np.argsort(np.abs(np.fft.rfft(made[middle] * np.hanning(8000))))[-1] * 2
    assert loudest % 120 == pytest.approx(0, abs=4) or loudest % 120 == pytest.approx(120, abs=4)
    assert not np.allclose(made[middle], spoken[middle], atol=1e-3)


def test_noise_has_no_pitch() -> None:
    assert pitch(np.random.default_rng(0).normal(0, 1, (20, 480))).max() == 0


def test_maps_know_no_level_and_tell_a_pulse_from_noise() -> None:
    pulses = np.zeros(SAMPLE_RATE_HZ, np.float32)
    pulses[::400] = 0.5
    noise = np.random.default_rng(0).normal(0, 0.05, SAMPLE_RATE_HZ).astype(np.float32)
    assert maps(pulses).shape == (97, BANDS, MAPS)
    np.testing.assert_allclose(maps(noise), maps(noise * 2), atol=0.01)
    instant = [np.median(maps(sound)[:, 4:60, 1].astype(float)) for sound in (pulses, noise)]
    assert instant[0] > 0.98 > 0.95 > instant[1]


def test_the_area_is_that_of_the_rank_sum_and_draws_people() -> None:
    rng = np.random.default_rng(0)
    genuine, made = rng.integers(0, 9, 60).astype(float), rng.integers(2, 11, 60).astype(float)
    people = [str(row // 6) for row in range(60)]
    found = figure(genuine, made, people, rounds=200)
    both = np.concatenate([genuine, made])
    assert found.auc == pytest.approx(area(both, np.arange(120) >= 60))
    assert found.low < found.auc < found.high
    alone = figure(genuine, made, ["a"] * 60, rounds=20)
    assert alone.low == alone.high == pytest.approx(found.auc)


def test_what_is_apart_has_an_area_of_one_and_no_errors() -> None:
    found = figure(np.arange(4.0), np.arange(4.0) + 9, list("aabb"), rounds=9)
    assert (found.auc, found.low, found.high, found.eer) == (1, 1, 1, 0)
    assert figure(np.arange(4.0) + 9, np.arange(4.0), list("aabb"), rounds=9).auc == 0
    with pytest.raises(ValueError, match="both genuine and made"):
        figure(np.arange(4.0), np.arange(0.0), list("aabb"))


def test_a_share_is_taken_above_the_threshold_of_five_false_alarms_in_a_hundred() -> None:
    assert share_above(np.arange(200.0), np.arange(100.0)) == pytest.approx(0.525, abs=0.01)


def told_apart(rng: np.random.Generator, count: int) -> tuple[list[Maps], np.ndarray]:
    made = np.arange(count) % 2 == 1
    seen = rng.normal(0, 1, (count, 10, BANDS, MAPS))
    seen[made, :, 5] += 1.5
    return list(seen.astype(np.float16)), made


def test_a_line_learns_what_parts_made_from_genuine() -> None:
    rng = np.random.default_rng(0)
    line = Line()
    line.fit(*told_apart(rng, 400))
    seen, made = told_apart(rng, 80)
    assert area(line.score(np.stack(seen)), made) > 0.95


def test_one_class_learns_from_genuine_speech_alone() -> None:
    rng = np.random.default_rng(0)
    seen, made = told_apart(rng, 160)
    knows, alone = OneClass(), OneClass()
    knows.fit(seen, made)
    genuine = [one for one, is_made in zip(seen, made, strict=True) if not is_made]
    alone.fit(genuine, np.zeros(len(genuine), bool))
    fresh, kind = told_apart(rng, 80)
    np.testing.assert_allclose(knows.score(np.stack(fresh)), alone.score(np.stack(fresh)))
    assert area(knows.score(np.stack(fresh)), kind) > 0.6


def results(lift: float) -> Results:
    """A run in which what was not learnt from scores so much above genuine speech."""
    judged = [*some("read", 4), *some("acted", 3)]
    kinds = (GENUINE, SUPPRESSED, *MADE)
    found = Results("a", "b", some("read", 5), dict.fromkeys(kinds, judged), MADE)
    rng = np.random.default_rng(0)
    for fold in folds(MADE, found.sources):
        for detector in ("network", "line", "one class"):
            scores = {kind: rng.normal(0, 1, (len(judged), len(CHANNELS))) for kind in kinds}
            for made in MADE:
                scores[made] += lift if made == fold.generator else 9
            found.take(fold, detector, scores)
    return found


def test_the_page_says_not_detected_unless_every_way_left_out_is_told() -> None:
    poor, good = page(results(0.0)), page(results(20.0))
    assert "So synthetic speech is not detected" in poor
    assert "not detected" not in good
    assert "0 of 8 are below 0.9" in good
    assert "| one | yes | 1.000 (1.000 to 1.000), 0.0% |" in poor
    assert "| acted | 3 | no | 1.000 | - |" in poor
    assert "No synthesiser is installed" in poor


def test_a_figure_of_one_source_is_of_its_people_alone() -> None:
    found = results(0.0)
    acted = found.figure(Fold("one"), "one", None, source="acted")
    assert acted != found.figure(Fold("one"), "one", None)
    assert found.sources == ["read"]
