from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.types import FaceQuality
from stream_verifier.media.types import OVERRUN, AudioChunk, MediaGap, MediaItem, VideoFrame
from stream_verifier.windows.assemble import WindowAssembler
from stream_verifier.windows.faces import FaceDetector
from stream_verifier.windows.looks import Look
from stream_verifier.windows.settings import WindowSettings
from stream_verifier.windows.types import FaceCrop, Window
from tests.support.window_media import Pixels, Samples, chunked, noise, silence, video

BLACK = np.zeros((48, 64, 3), np.uint8)


def time_of(item: MediaItem) -> float:
    """When an item is there: sound at its end, a picture at once."""
    return item.time_s if isinstance(item, VideoFrame) else item.end_s


def mixed(*streams: Iterable[MediaItem]) -> list[MediaItem]:
    return sorted((item for stream in streams for item in stream), key=time_of)


def run(
    detector: FaceDetector,
    items: Iterable[MediaItem],
    options: WindowSettings | None = None,
    *,
    flush: bool = True,
) -> list[Window]:
    assembler = WindowAssembler(detector, options)
    windows = [window for item in items for window in assembler.feed(item)]
    return windows + (assembler.flush() if flush else [])


def assert_in_order(windows: list[Window]) -> None:
    assert all(window.end_s > window.start_s for window in windows)
    assert all(a.end_s == b.start_s for a, b in zip(windows, windows[1:], strict=False))


def gist(windows: list[Window]) -> list[tuple[object, ...]]:
    return [
        (
            round(w.start_s, 6),
            round(w.end_s, 6),
            w.face and (round(w.face.time_s, 6), w.face.track_id),
            w.speech and (round(w.speech.start_s, 6), round(w.speech.end_s, 6)),
            w.faces_seen,
            w.video_frames,
            round(w.speech_s, 6),
            w.notes,
        )
        for w in windows
    ]


def test_a_talking_face_gives_faces_and_speech(
    detector: FaceDetector, talk: Samples, grace: Pixels
) -> None:
    windows = run(detector, mixed(chunked(talk), video(grace, 12)))
    assert_in_order(windows)
    assert windows[0].start_s == 0
    assert windows[-1].end_s == pytest.approx(12, abs=0.1)
    assert sum(window.speech is not None for window in windows) >= 7
    assert all(window.face is not None for window in windows if window.video_frames)
    assert len({window.face.track_id for window in windows if window.face}) == 1
    assert all(window.notes == () for window in windows if window.speech and window.video_frames)
    for window in windows:
        assert window.speech_s <= window.end_s - window.start_s + 1e-6
        if window.speech:
            assert window.speech.end_s == pytest.approx(window.end_s, abs=1e-6)
        if window.face:
            assert window.start_s < window.face.time_s <= window.end_s or window.start_s == 0
            assert all(0 <= part <= 1 for part in window.face.box)


def test_speech_windows_meet_a_face(detector: FaceDetector, talk: Samples, grace: Pixels) -> None:
    windows = run(detector, mixed(chunked(talk), video(grace, 12)))
    spoken = [window for window in windows if window.speech]
    assert sum(window.face is not None for window in spoken) >= len(spoken) - 1


def test_sound_that_did_not_come_is_told_of_with_one_window(
    detector: FaceDetector, talk: Samples
) -> None:
    sound = list(chunked(talk[: 16_000 * 8]))
    lossy = [replace(one, lost_s=0.3 if n % 50 == 7 else 0.0) for n, one in enumerate(sound)]
    windows = run(detector, mixed(lossy, video(BLACK, 8)))
    assert sum(window.unheard_s for window in windows) == pytest.approx(0.3 * 8)
    assert gist(windows) == gist(run(detector, mixed(sound, video(BLACK, 8))))


def test_windows_come_soon(detector: FaceDetector, talk: Samples, grace: Pixels) -> None:
    assembler = WindowAssembler(detector)
    for item in mixed(chunked(talk), video(grace, 12)):
        for window in assembler.feed(item):
            late_s = time_of(item) - window.end_s
            assert late_s < (0.25 if window.speech else 0.8)


@pytest.fixture(scope="module")
def undisturbed(detector: FaceDetector, talk: Samples) -> list[tuple[object, ...]]:
    return gist(run(detector, mixed(chunked(talk[: 16_000 * 8]), video(BLACK, 8))))


@settings(deadline=None, max_examples=15)
@given(
    sizes=st.lists(st.integers(80, 1600), min_size=1, max_size=6),
    seed=st.integers(0, 2**32 - 1),
    jitter_s=st.floats(0, 0.08),
)
def test_small_changes_in_the_interleaving_change_nothing(
    detector: FaceDetector,
    undisturbed: list[tuple[object, ...]],
    talk: Samples,
    sizes: list[int],
    seed: int,
    jitter_s: float,
) -> None:
    samples = talk[: 16_000 * 8]
    rng = random.Random(seed)
    late_audio, late_video = rng.uniform(0, jitter_s), rng.uniform(0, jitter_s)
    arrivals: list[tuple[float, MediaItem]] = [
        (time_of(c) + late_audio, c) for c in chunked(samples, sizes)
    ]
    arrivals += [(time_of(f) + late_video, f) for f in video(BLACK, 8)]
    shaken = [item for _, item in sorted(arrivals, key=lambda arrival: arrival[0])]
    assert gist(run(detector, shaken)) == undisturbed


def test_sound_alone(detector: FaceDetector, talk: Samples) -> None:
    windows = run(detector, chunked(talk))
    assert_in_order(windows)
    assert all("no_face" in w.notes and w.video_frames == 0 and w.boxes == () for w in windows)
    assert sum(window.speech is not None for window in windows) >= 7


def test_a_voice_too_soft_to_be_compared_is_noted(detector: FaceDetector, talk: Samples) -> None:
    notes = [window.notes for window in run(detector, chunked(talk // 2**6))]
    assert notes.count(("no_face", "no_speech", "soft_voice")) > 0.6 * len(notes)
    assert not any("soft_voice" in window.notes for window in run(detector, chunked(talk)))


def test_picture_alone(detector: FaceDetector, grace: Pixels) -> None:
    windows = run(detector, video(grace, 10))
    assert_in_order(windows)
    assert [w.end_s - w.start_s for w in windows[:-1]] == pytest.approx([1.0] * (len(windows) - 1))
    assert len(windows) >= 9
    assert all(window.face and window.notes == ("no_speech",) for window in windows)


def test_muted_tracks_are_no_face_and_no_speech(detector: FaceDetector) -> None:
    windows = run(detector, mixed(chunked(silence(6)), video(BLACK, 6)))
    assert len(windows) == 6
    assert all(window.notes == ("no_face", "no_speech") for window in windows)
    assert all(window.face is None and window.speech is None for window in windows)


def test_a_camera_switched_off_holds_nothing_up(
    detector: FaceDetector, talk: Samples, grace: Pixels
) -> None:
    items = mixed(chunked(talk), video(grace, 4), video(grace, 3, start_s=9))
    windows = run(detector, items)
    assert_in_order(windows)
    dark = [w for w in windows if w.start_s > 5.5 and w.end_s < 8.9]
    assert dark
    assert all("no_face" in window.notes for window in dark)
    before = {w.face.track_id for w in windows if w.face and w.end_s < 5}
    after = {w.face.track_id for w in windows if w.face and w.start_s > 8}
    assert before
    assert after
    assert not before & after


def test_a_gap_is_noted_once_and_starts_anew(
    detector: FaceDetector, talk: Samples, grace: Pixels
) -> None:
    items: list[MediaItem] = [
        *mixed(chunked(talk[: 16_000 * 5]), video(grace, 5)),
        MediaGap("audio", 5.0, 7.5, "network"),
        MediaGap("video", 5.0, 7.5, "network"),
        *mixed(chunked(talk, start_s=7.5), video(grace, 12, start_s=7.5)),
    ]
    windows = run(detector, items)
    assert_in_order(windows)
    noted = [window for window in windows if "media_gap" in window.notes]
    assert len(noted) <= 2
    assert noted[0].start_s <= 7.5
    assert noted[0].end_s > 5.0
    after = [window for window in windows if window.speech and window.end_s > 7.5]
    assert after[0].speech is not None
    assert after[0].speech.start_s >= 7.5
    assert after[0].speech.quality.speech_s == pytest.approx(1.5)
    assert len({window.face.track_id for window in windows if window.face}) == 2


def test_a_standstill_gives_few_windows(detector: FaceDetector, talk: Samples) -> None:
    items = [*chunked(talk[: 16_000 * 3]), *chunked(talk, start_s=3600.0)]
    windows = run(detector, items)
    assert len(windows) < 30
    assert all(window.end_s > window.start_s for window in windows)


def test_the_best_face_of_the_span_is_taken(detector: FaceDetector, grace: Pixels) -> None:
    soft = np.asarray(cv2.GaussianBlur(grace, (0, 0), 2), np.uint8)
    frames = [VideoFrame(grace if k % 2 else soft, 0.4 * k) for k in range(12)]
    windows = run(detector, frames)
    sharp = {frame.time_s for frame in frames[1::2]}
    chosen = [w.face.time_s for w in windows if w.face and w.video_frames > 1]
    assert chosen
    assert set(chosen) <= sharp


def test_an_unusable_face_says_why(detector: FaceDetector, grace: Pixels) -> None:
    blurred = np.asarray(cv2.GaussianBlur(grace, (0, 0), 8), np.uint8)
    windows = run(detector, video(blurred, 4))
    for window in windows:
        assert window.face is None
        assert window.faces_seen == 1
        assert {"poor_face_quality", "face_blurred"} <= set(window.notes)
        assert "no_face" not in window.notes


def test_a_second_face_is_noted(detector: FaceDetector, grace: Pixels, eileen: Pixels) -> None:
    both = np.hstack((grace, np.asarray(cv2.resize(eileen, None, fx=1, fy=1), np.uint8)))
    windows = run(detector, video(both, 4))
    assert all("multiple_faces" in window.notes for window in windows)
    assert all(window.faces_seen == 2 and len(window.boxes) == 2 for window in windows)


def test_a_second_face_of_less_than_half_the_size_is_noted(
    detector: FaceDetector, grace: Pixels, eileen: Pixels
) -> None:
    small = np.full_like(eileen, 127)
    other = cv2.resize(eileen, None, fx=0.8, fy=0.8, interpolation=cv2.INTER_AREA)
    small[: other.shape[0], : other.shape[1]] = other
    windows = run(detector, video(np.hstack((grace, small)), 4))
    sizes = [sorted(box[2] for box in window.boxes) for window in windows]
    assert all(widths[0] < 0.5 * widths[1] for widths in sizes)
    assert all("multiple_faces" in window.notes for window in windows[1:])


def test_a_swap_in_mid_span_takes_the_newer_face(
    detector: FaceDetector, grace: Pixels, eileen: Pixels
) -> None:
    height, width = grace.shape[:2]
    canvas = np.full((height, 3 * width, 3), 127, np.uint8)
    left, right = canvas.copy(), canvas.copy()
    left[:, :width] = grace
    right[:, -eileen.shape[1] :] = eileen
    frames = [VideoFrame(left, 0.1), VideoFrame(left, 0.4), VideoFrame(right, 0.8)]
    [window, *_] = run(detector, [*frames, *video(right, 3, start_s=1.2)])
    assert window.face is not None
    assert window.face.time_s == 0.8


def test_frame_sizes_may_change(detector: FaceDetector, grace: Pixels) -> None:
    half = np.asarray(cv2.resize(grace, None, fx=0.5, fy=0.5), np.uint8)
    frames = [VideoFrame(half if k % 2 else grace, 0.5 * k) for k in range(10)]
    windows = run(detector, frames)
    assert len({window.face.track_id for window in windows if window.face}) == 1
    assert all(window.faces_seen == 1 for window in windows)


def test_noisy_speech_is_noted(detector: FaceDetector, talk: Samples) -> None:
    background = noise(14.0, -21, exponent=1.0).astype(int)
    background[-len(talk) :] += talk
    samples = np.clip(background, -32768, 32767).astype(np.int16)
    windows = [w for w in run(detector, chunked(samples)) if w.speech]
    assert windows
    assert all("noisy_audio" in window.notes for window in windows)
    quiet = [w for w in run(detector, chunked(talk)) if w.speech]
    assert not any("noisy_audio" in window.notes for window in quiet)


def test_arrivals_are_the_newest_of_the_window(detector: FaceDetector, talk: Samples) -> None:
    chunks = [replace(chunk, arrived_s=1000 + chunk.end_s) for chunk in chunked(talk)]
    for window in run(detector, chunks):
        assert window.arrived_s == pytest.approx(1000 + window.end_s, abs=0.021)
    assert all(window.arrived_s is None for window in run(detector, chunked(talk)))


def test_media_time_may_start_anywhere(detector: FaceDetector, talk: Samples) -> None:
    early = run(detector, mixed(chunked(talk), video(BLACK, 12)))
    late = run(detector, mixed(chunked(talk, start_s=512.0), video(BLACK, 12, start_s=512.0)))
    ends = [window.end_s - 512.0 for window in late]
    assert ends == pytest.approx([window.end_s for window in early])


def test_flush_gives_short_speech(detector: FaceDetector, talk: Samples, grace: Pixels) -> None:
    clip = mixed(chunked(talk[: round(16_000 * 1.4)]), video(grace, 1.4))
    windows = run(detector, clip)
    assert windows[-1].speech is not None
    assert run(detector, []) == []


def test_memory_is_bounded(detector: FaceDetector, talk: Samples) -> None:
    assembler = WindowAssembler(detector)
    for round_ in range(3):
        start_s = 12.0 * round_
        audio = (replace(chunk, arrived_s=1.0) for chunk in chunked(talk, start_s=start_s))
        for item in mixed(audio, video(BLACK, 12, start_s=start_s)):
            assembler.feed(item)
            assert len(assembler._looks) <= 6
            assert len(assembler._spoken) <= 2
            assert len(assembler._arrivals) < 150


def test_two_calls_with_one_detector_do_not_meddle(
    detector: FaceDetector, talk: Samples, grace: Pixels, eileen: Pixels
) -> None:
    first = mixed(chunked(talk[: 16_000 * 4]), video(grace, 4))
    second = mixed(chunked(talk[16_000:80_000]), video(eileen, 4))
    a, b = WindowAssembler(detector), WindowAssembler(detector)
    windows: dict[str, list[Window]] = {"a": [], "b": []}
    for one, other in zip(first, second, strict=True):
        windows["a"] += a.feed(one)
        windows["b"] += b.feed(other)
    assert gist(windows["a"] + a.flush()) == gist(run(detector, first))
    assert gist(windows["b"] + b.flush()) == gist(run(detector, second))


def test_a_real_clip_gives_face_and_speech(data_dir: Path, detector: FaceDetector) -> None:
    av = pytest.importorskip("av")
    clip = sorted((data_dir / "dev" / "av" / "grid").glob("*.mp4"))[0]
    audio, frames = [], []
    with av.open(str(clip)) as container:
        resampler = av.AudioResampler("s16", "mono", 16_000)
        for frame in container.decode(video=0, audio=0):
            if isinstance(frame, av.VideoFrame):
                frames.append(VideoFrame(frame.to_ndarray(format="bgr24"), float(frame.time)))
            else:
                audio += [piece.to_ndarray()[0] for piece in resampler.resample(frame)]
    sampled = frames[::12]
    windows = run(detector, mixed([AudioChunk(np.concatenate(audio), 0.0)], sampled))
    assert any(window.speech for window in windows)
    assert all(window.face for window in windows if window.video_frames)


def test_what_others_see_and_hear_alone_is_told_once_with_the_window_it_is_in(
    detector: FaceDetector,
) -> None:
    assembler = WindowAssembler(detector)
    blank, silence = np.zeros((48, 64, 3), np.uint8), np.zeros(1600, np.int16)
    windows: list[Window] = []
    for number in range(40):
        at_s, over_s = number / 10, 0.25 if number == 12 else 0.0
        windows += assembler.feed(AudioChunk(silence, at_s, passed_over_s=over_s))
        windows += assembler.feed(VideoFrame(blank, at_s, lost_s=2 * over_s))
    told = [(one.start_s <= 1.2 < one.end_s, one.unseen_s, one.passed_over_s) for one in windows]
    assert [seconds for here, *seconds in told if here] == [[0.5, 0.25]]
    assert all(seconds == [0.0, 0.0] for here, *seconds in told if not here)


@pytest.mark.parametrize(
    ("gap", "notes"),
    [
        (MediaGap("video", 1.0, 1.6, "network"), set()),
        (MediaGap("video", 1.0, 2.5, "network"), {"media_gap"}),
        (MediaGap("video", 1.0, 1.1, "reconnected"), {"media_gap"}),
        (MediaGap("video", 1.0, 1.1, "frame_too_large"), {"media_gap", "media_refused"}),
        (MediaGap("audio", 1.0, 1.0, "second_source"), {"media_gap", "media_refused"}),
        (MediaGap("video", 1.0, 1.1, "decoder_behind"), set()),
        (MediaGap("audio", 1.0, 1.2, "overrun"), {"overloaded"}),
        (MediaGap("audio", 1.0, 3.0, "overrun"), {"overloaded"}),
    ],
)
def test_a_gap_is_noted_by_its_length_and_its_reason(
    detector: FaceDetector, gap: MediaGap, notes: set[str]
) -> None:
    assembler = WindowAssembler(detector)
    silence = np.zeros(1600, np.int16)
    windows = [w for n in range(10) for w in assembler.feed(AudioChunk(silence, n / 10))]
    windows += assembler.feed(gap)
    for number in range(30):
        windows += assembler.feed(AudioChunk(silence, gap.end_s + number / 10))
    noted = {note for window in windows for note in window.notes}
    assert noted & {"media_gap", "media_refused", "overloaded"} == notes
    owed_s = gap.end_s - gap.start_s if gap.reason == "overrun" else 0.0
    assert sum(window.unheard_s for window in windows) == pytest.approx(owed_s)


def test_speech_goes_on_over_sound_that_there_was_no_time_for(
    detector: FaceDetector, talk: Samples
) -> None:
    def windows(reason: str) -> list[Window]:
        assembler = WindowAssembler(detector)
        items: list[MediaItem] = [*chunked(talk[:64_000])]
        items.append(MediaGap("audio", 4.0, 4.6, reason))
        items += chunked(talk[73_600:112_000], start_s=4.6)
        return [window for item in items for window in assembler.feed(item)]

    def across(reason: str) -> list[Window]:
        return [w for w in windows(reason) if w.speech and w.speech.start_s < 4.0 < w.speech.end_s]

    assert any(window.speech and not window.speech.pooled for window in across("overrun"))
    assert not any(window.speech and not window.speech.pooled for window in across("network"))


def test_a_window_too_short_for_a_picture_has_the_last_face(
    detector: FaceDetector, talk: Samples, grace: Pixels
) -> None:
    pictures = list(video(grace, 1.1))
    heard = chunked(talk[: 16_000 * 4])
    windows = run(detector, mixed(heard, pictures))
    spoken = [window for window in windows if window.speech and not window.video_frames]
    assert spoken
    for window in spoken:
        fresh = window.end_s - pictures[-1].time_s <= 1.0
        assert (window.face is not None) is fresh


class ScriptedEyes:
    """See a face of a given track at each second picture, fit to be scored or not."""

    def __init__(self, *looks: tuple[int | None, bool]) -> None:
        self._looks = iter(looks)

    def look(self, frame: VideoFrame) -> Look:
        track, usable = next(self._looks)
        if track is None:
            return Look(frame.time_s)
        quality = FaceQuality(100, 100, 0, 0, 0.5, 0.2, 0.9)
        crop = FaceCrop(BLACK, frame.time_s, (0.3, 0.3, 0.3, 0.4), quality, track)
        return Look(frame.time_s, (crop.box,), False, crop, () if usable else ("face_blurred",))

    def reset(self) -> None: ...


def followed(*looks: tuple[int | None, bool]) -> list[float]:
    """For how long each second's face was followed; a look half a second."""
    assembler = WindowAssembler(None, eyes=ScriptedEyes(*looks))
    windows = [one for item in video(BLACK, len(looks) / 2) for one in assembler.feed(item)]
    return [round(window.followed_s, 3) for window in windows]


OWN, POOR, OTHER = (1, True), (1, False), (2, True)


def test_a_face_is_followed_for_as_long_as_each_look_could_have_scored_it() -> None:
    assert followed(*[OWN] * 10)[:4] == [1.0, 2.0, 3.0, 4.0]
    # 1.5 is too poor, so that the face is followed anew from 2.0 on.
    assert followed(OWN, OWN, OWN, POOR, *[OWN] * 6)[:4] == [1.0, 0.0, 1.0, 2.0]


@pytest.mark.parametrize("between", [OTHER, (None, False)])
def test_another_face_or_none_ends_that(between: tuple[int | None, bool]) -> None:
    assert followed(OWN, OWN, OWN, between, *[OWN] * 6)[2:4] == [1.0, 2.0]


@pytest.mark.parametrize("at_s", [1.6, 2.1])
def test_a_window_ends_behind_sound_that_was_dropped_and_not_within_nor_right_before(
    at_s: float,
) -> None:
    """Told there, it would be as old as what was dropped, and its successor be the newer one."""
    assembler = WindowAssembler(None, eyes=ScriptedEyes())
    items: list[MediaItem] = [
        *chunked(silence(at_s)),
        MediaGap("audio", at_s, 2.3, OVERRUN),
        *chunked(silence(3.0), start_s=2.3),
    ]
    windows = [window for item in items for window in assembler.feed(item)]
    assert [round(window.end_s, 6) for window in windows][:3] == [1.0, 2.3, 3.3]
    heard_s = [round(window.unheard_s, 6) for window in windows][:3]
    assert heard_s == [0.0, pytest.approx(2.3 - at_s), 0.0]
