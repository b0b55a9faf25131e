"""What the network of lips is trained and tried on; no test here trains it."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from model.errors import PackError, WeightsError
from model.evaluation.metrics import cllr
from model.lips import conditions, report
from model.lips import loops as loop_trials
from model.lips.calibrate import calibrate, fit, llrs
from model.lips.clips import KEPT_PX, MARGIN_PX, Clip, Listed, listed, load
from model.lips.lessons import (
    Lesson,
    View,
    as_numbers,
    bands_of,
    clip_batches,
    draw_view,
    seen,
)
from model.lips.material import Material
from model.lips.mesh import FaceMesh
from model.lips.points import COUNT, MIRRORED, POINTS, opening
from model.lips.trials import (
    Read,
    Trials,
    area,
    instead,
    late,
    own_and_other_moments,
    own_and_others,
    strangers,
)
from model.runtime.lips import SIZE, Agreement, LipCalibration
from model.runtime.mouth import SIDE_PX

PLAIN = View(
    place=np.array([[1.0, 0, -MARGIN_PX], [0, 1.0, -MARGIN_PX]]),
    mirrored=False,
    side_px=SIDE_PX,
    quality=100,
    gamma=1.0,
    slope=(0.0, 0.0),
    hiss=0.0,
)
RNG = np.random.default_rng


def _clip(who: str = "made/a", steps: int = 30, seed: int = 1) -> Clip:
    rng = RNG(seed)
    return Clip(
        source="made",
        identity=who,
        mouths=rng.integers(0, 256, (steps, KEPT_PX, KEPT_PX)).astype(np.uint8),
        points=rng.uniform(20, 50, (steps, COUNT, 2)).astype(np.float32),
        sound=rng.integers(-9000, 9000, steps * 640).astype(np.int16),
    )


def test_a_mirrored_mouth_has_every_point_once() -> None:
    assert len(set(POINTS)) == COUNT
    np.testing.assert_array_equal(MIRRORED[MIRRORED], np.arange(COUNT))
    assert [POINTS[i] for i in MIRRORED[[POINTS.index(61), POINTS.index(13)]]] == [291, 13]


def _dot(x: int, y: int) -> NDArray[np.uint8]:
    picture = np.zeros((KEPT_PX, KEPT_PX), np.uint8)
    picture[y - 1 : y + 2, x - 1 : x + 2] = 255
    return picture


@pytest.mark.parametrize("seed", range(12))
def test_points_go_where_the_picture_goes(seed: int) -> None:
    view = replace(draw_view(RNG(seed)), side_px=SIDE_PX, quality=100, slope=(0.0, 0.0), hiss=0.0)
    at = (30, 41)
    picture, points = seen(_dot(*at), np.full((COUNT, 2), at, np.float32), view, RNG(0))
    y, x = np.argwhere(picture > 60).mean(axis=0)
    np.testing.assert_allclose(points, np.full((COUNT, 2), (x, y)), atol=0.7)


def test_a_plain_view_shows_the_middle_as_it_is() -> None:
    clip = _clip()
    picture, points = seen(clip.mouths[0], clip.points[0], PLAIN, RNG(0))
    np.testing.assert_array_equal(picture, clip.mouths[0, 8:64, 8:64])
    np.testing.assert_allclose(points, clip.points[0] - MARGIN_PX)
    assert as_numbers(np.full((2, COUNT, 2), 27.5)).tolist() == [[0.0] * 86] * 2


def test_sound_has_four_frames_a_step_even_where_it_ends_early() -> None:
    sound = RNG(1).integers(-9000, 9000, 16000).astype(np.int16)
    assert bands_of(sound, 25).shape == (100, 80)
    silent = bands_of(sound[:8000], 25)
    assert silent.shape == (100, 80)
    assert silent[60:].max() < silent[:40].mean()
    np.testing.assert_allclose(bands_of(sound / 32768, 25)[:90], bands_of(sound, 25)[:90], atol=0.1)


def test_a_batch_is_of_one_person_and_follows_from_the_epoch() -> None:
    clips = [_clip(f"made/{who}", seed=k) for who in "ab" for k in range(3)]
    for number, clip in enumerate(clips):  # a person's mouths are all of one grey, unlike others'
        clip.mouths[:] = 40 + 100 * (number // 3) + RNG(number).integers(0, 3, clip.mouths.shape)
    bands = np.zeros((120, 80), np.float32)
    lessons = [Lesson(clip, (bands + number,)) for number, clip in enumerate(clips)]
    batches = clip_batches(lessons, steps=25, size=3, batches=4, seed=1)
    for (pictures, sounds), wanted in batches(0):
        assert pictures.shape == (3, 25, SIDE_PX, SIDE_PX, 1)
        assert wanted["points"].shape == (3, 25, 86)
        assert {int(value) // 3 for value in np.unique(sounds)} in ({0}, {1})
    first, again = (next(iter(batches(2)))[0][0] for _ in range(2))
    np.testing.assert_array_equal(first, again)


def _perfect(people: int, clips: int, noise: float = 0.0) -> list[Read]:
    """Readings whose sounds are their pictures' own, but for noise."""
    rng = RNG(5)
    reads = []
    for number in range(people * clips):
        picture = rng.standard_normal((25, SIZE)).astype(np.float32)
        sound = picture + noise * rng.standard_normal((25, SIZE)).astype(np.float32)
        reads.append(Read("made", f"made/{number % people}", picture, sound.astype(np.float32)))
    return reads


def test_own_speech_stands_out_where_the_network_hears_it() -> None:
    reads = _perfect(3, 6)
    for trials in (
        own_and_others(reads, pooled=2, draws=10, seed=1),
        own_and_other_moments(reads, pooled=2, draws=10, seed=1),
        strangers(reads, pooled=2, draws=10, seed=1),
        late(reads, shift=8, pooled=2, draws=10, seed=1),
        late(reads, shift=-8, pooled=2, draws=10, seed=1),
    ):
        assert len(trials.mated) == 60
        assert sorted(set(trials.people)) == ["made/0", "made/1", "made/2"]
        assert trials.auc() == 1
    deaf = [replace(read, sound=RNG(9).standard_normal((25, SIZE), np.float32)) for read in reads]
    assert own_and_others(deaf, pooled=2, draws=40, seed=1).auc() == pytest.approx(0.5, abs=0.12)


def test_something_false_is_tried_with_the_same_sound() -> None:
    reads = _perfect(2, 5)
    still = [replace(read, picture=np.tile(read.picture[:1], (25, 1))) for read in reads]
    trials = instead(reads, still, pooled=3, draws=10, seed=1)
    assert trials.auc() == 1
    assert all(a.seconds == pytest.approx(3) for a in trials.agreements)


def test_the_area_counts_ties_as_half() -> None:
    scores = np.array([3.0, 2.0, 2.0, 1.0])
    assert area(scores, np.array([True, False, True, False])) == pytest.approx(0.875)


def test_llrs_are_calibrated_on_what_they_were_fitted_to() -> None:
    reads = _perfect(4, 8, 20.0)
    sets = [own_and_others(reads, pooled=n, draws=30, seed=n) for n in (2, 8)]
    fitted = fit(sets, sets, limit=9.0)
    assert fitted.noise == pytest.approx(20 * 8 / 5 / 8, rel=0.3)  # of 25 products, over root 64
    assert fitted.clear > 0.5
    for trials in sets:
        known, unknown = llrs(trials, fitted, 0), llrs(trials, fitted)
        assert known[trials.mated].mean() > 0 > known[~trials.mated].mean()
        assert cllr(known, trials.mated) < cllr(unknown, trials.mated) < 1
    told = calibrate(reads, draws=10)
    assert told["fitted_on"]["people"] == 4
    found = [told["fitted_on"]["seconds"][n]["other_moments"]["auc"] for n in "18"]
    assert found[1] > found[0]
    assert told["limit"] == pytest.approx(np.log(32), abs=1e-3)


def test_trials_add_up() -> None:
    nothing = Trials((Agreement.nothing(),), np.array([True]), np.array(["a"]))
    both = nothing + replace(nothing, mated=np.array([False]))
    assert both.mated.tolist() == [True, False]


STEPS = np.arange(2, 27)


def test_a_still_picture_stands_still_and_a_moved_one_does_not() -> None:
    clip = _clip()
    assert np.ptp(conditions.still(clip, STEPS), axis=0).max() == 0
    moved = conditions.moved_still(clip, STEPS).astype(float)
    assert moved.shape == (25, SIDE_PX, SIDE_PX)
    assert np.abs(np.diff(moved, axis=0)).mean() > 1


def test_a_shut_mouth_is_shown_where_it_is_least_open() -> None:
    clip = _clip()
    upper, lower = POINTS.index(13), POINTS.index(14)
    clip.points[:, upper, 1], clip.points[:, lower, 1] = 30, 40
    clip.points[9:14, lower, 1] = 31
    assert opening(clip.points)[9:14].tolist() == [1] * 5
    shown = conditions.shut(clip, STEPS)
    inner = clip.mouths[:, 8:64, 8:64]
    for step, index in enumerate([9, 10, 11, 12, 13, 12, 11, 10, 9]):
        np.testing.assert_array_equal(shown[step], inner[index])


def test_a_slow_camera_repeats_its_pictures() -> None:
    shown = conditions.slow(12.5)(_clip(), STEPS)
    np.testing.assert_array_equal(shown[0:24:2], shown[1:25:2])
    assert len(np.unique(shown.mean(axis=(1, 2)))) == 13


def _listing(root: Path, name: str, rows: list[dict[str, str]]) -> None:
    with (root / name).open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def test_clips_are_listed_with_their_people(tmp_path: Path) -> None:
    row = {"source": "tv", "identity": "p1", "file": "talking/a.mp4"}
    _listing(tmp_path, "talking.csv", [row])
    _listing(tmp_path, "av.csv", [{**row, "kind": "real"}, {**row, "kind": "late"}])
    found = Listed("tv", "tv/p1", tmp_path / "talking" / "a.mp4")
    assert listed(tmp_path) == [found, found]


def test_a_pack_without_talking_clips_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackError, match=r"talking\.csv or av\.csv"):
        listed(tmp_path)
    _listing(tmp_path, "talking.csv", [{"source": "tv", "file": "a.mp4"}])
    with pytest.raises(PackError, match="lacks the columns identity"):
        listed(tmp_path)


def test_a_kept_clip_is_put_on_the_common_clock(tmp_path: Path) -> None:
    clip, path = _clip(steps=30), tmp_path / "a.npz"
    times_s = np.arange(30) / 30  # a second of 30 pictures
    sound = clip.sound[:16000]
    np.savez(path, times_s=times_s, mouths=clip.mouths, points=clip.points, sound=sound)
    found = load(Listed("tv", "tv/p1", Path("a.mp4")), path)
    assert found.steps == 25
    np.testing.assert_array_equal(found.mouths[12], clip.mouths[15])
    path.write_bytes(b"no clip")
    with pytest.raises(PackError, match="is no kept clip"):
        load(Listed("tv", "tv/p1", Path("a.mp4")), path)


def test_what_is_not_kept_needs_the_mesh(tmp_path: Path) -> None:
    _listing(tmp_path, "talking.csv", [{"source": "tv", "identity": "p", "file": "a.mp4"}])
    with pytest.raises(PackError, match="name the face mesh with --mesh"):
        Material(tmp_path, tmp_path / "kept").clips()
    with pytest.raises(WeightsError, match="npm pack"):
        FaceMesh(tmp_path / "no.tflite")
    (tmp_path / "other.tflite").write_bytes(b"another file")
    with pytest.raises(WeightsError, match="holds no face mesh"):
        FaceMesh(tmp_path / "other.tflite")


def test_the_loss_is_least_where_picture_and_sound_go_together() -> None:
    pytest.importorskip("keras")
    from model.lips.network import disagreement

    picture = RNG(1).standard_normal((4, 25, SIZE)).astype(np.float32)
    other = RNG(2).standard_normal((4, 25, SIZE)).astype(np.float32)
    own, foreign = (
        np.asarray(disagreement(None, np.concatenate((picture, sound), axis=-1)))
        for sound in (picture, other)
    )
    assert own.shape == (4,)
    assert own.max() < 1 < foreign.min()
    swapped = np.concatenate((picture, picture[[1, 0, 2, 3]]), axis=-1)
    found = np.asarray(disagreement(None, swapped))
    assert found[:2].min() > 10 > 1 > found[2:].max()


def test_the_arms_give_a_vector_every_40_ms_and_forget_whose_mouth_it_is() -> None:
    pytest.importorskip("keras")
    from model.lips.network import build_picture, build_sound

    features = RNG(1).standard_normal((1, 50, 118)).astype(np.float32)
    bands = RNG(2).standard_normal((1, 200, 80)).astype(np.float32)
    picture, sound = build_picture(), build_sound()
    shown = np.asarray(picture(features, training=False))
    heard = np.asarray(sound(bands, training=False))
    assert shown.shape == heard.shape == (1, 50, SIZE)
    np.testing.assert_allclose(picture(features + 3, training=False), shown, atol=1e-4)
    np.testing.assert_allclose(sound(bands - 7, training=False), heard, atol=1e-4)


def test_groups_of_people_are_of_about_as_many_clips() -> None:
    pytest.importorskip("keras")
    from model.lips.train import folds

    counts = {"a": 9, "b": 5, "c": 4, "d": 2}
    clips = [_clip(f"made/{who}", steps=1) for who, count in counts.items() for _ in range(count)]
    groups = folds(clips, 2)
    assert sorted(sorted(group) for group in groups) == [["made/a", "made/d"], ["made/b", "made/c"]]


class Eyes:
    """Reads of a mouth what a fixed map makes of it: enough to tell whether it comes back."""

    weights = RNG(3).standard_normal((SIDE_PX * SIDE_PX, 118), np.float32) / 100

    def features(self, mouths: NDArray[np.uint8]) -> NDArray[np.float32]:
        return np.asarray(mouths.reshape(len(mouths), -1) @ self.weights, np.float32)

    def picture(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        return features[:, :SIZE]

    def sound(self, fbank: NDArray[np.float32]) -> NDArray[np.float32]:
        return fbank[::4, :SIZE]


def test_loops_are_more_like_their_past_than_life_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop_trials, "TRIALS", 1)
    clips = [_clip(steps=30, seed=seed) for seed in range(14)]
    rows = list(loop_trials.loops(clips, Eyes(), seed=1))
    assert [row.trials for row in rows] == [2, 2, 2]
    assert rows[0].auc == rows[2].auc == 1
    assert rows[0].living < 0.5 < rows[0].least


def test_a_row_of_the_page_says_what_right_and_wrong_pairings_came_to() -> None:
    network: Any = None
    bench = report.Bench(network, LipCalibration(1.0, 1.0, 2.0, 9.0), draws=10)
    trials = own_and_others(_perfect(3, 6), pooled=2, draws=10, seed=1)
    row = bench.row("other words", trials)
    assert (row.people, row.trials, row.seconds) == (3, 60, pytest.approx(2))
    assert (row.auc, row.low, row.high) == (1, 1, 1)
    assert (row.accepted, row.refused) == (1, 1)
    assert row.right_low > 5 > 0 > row.wrong_high
    part = {
        "people": 3,
        "clips": 18,
        "pairings": [row],
        "conditions": [row],
        "offsets": [{"seconds": 3, "offset_s": 0.12, "trials": 30, "within_40_ms": 0.9}],
        "loops": [loop_trials.LoopRow("sound", 3, 60, 1.0, 0.4, 0.9, 0.95)],
    }
    times = dict.fromkeys(("finding_ms", "cutting_ms", "mouths_ms", "picture_ms", "sound_ms"), 2.5)
    text = report.page({"time": times, "sources": {"made": part}}, "dev")
    assert "the network needs 7.5 ms of one thread" in text
    assert "## made: 3 people, 18 clips" in text
    assert text.count("| other words | 2.0 | 3 | 60 | 1.000 (1.000 to 1.000) | 100.0 |") == 2
    assert "| 3 | 0.12 | 30 | 90.0 |" in text
    assert "| sound | 3 | 60 | 1.00 | 0.40 | 0.90 | 0.95 |" in text
