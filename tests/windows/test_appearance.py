from __future__ import annotations

from collections import defaultdict
from itertools import combinations, pairwise
from pathlib import Path

import av
import cv2
import numpy as np

from stream_verifier.demo.people import DEMO_PEOPLE, DemoPerson, portrait_frames
from stream_verifier.windows.appearance import Appearance, appearance
from stream_verifier.windows.faces import FaceDetector, align
from stream_verifier.windows.tracks import FaceTracker
from tests.support.window_media import Pixels

LEAST = 0.65


def looks_like(detector: FaceDetector, picture: Pixels) -> Appearance:
    face = max(detector.detect(picture), key=lambda one: one.box[2])
    return appearance(align(picture, face.landmarks))


def moving(detector: FaceDetector, person: DemoPerson) -> list[Appearance]:
    return [looks_like(detector, one) for one in portrait_frames(person, seconds=10, fps=2)]


def test_a_moving_portrait_goes_on_looking_like_itself_and_like_nobody_else(
    detector: FaceDetector,
) -> None:
    grace, eileen = (moving(detector, person) for person in DEMO_PEOPLE)
    assert min(float(a @ b) for own in (grace, eileen) for a, b in pairwise(own)) > LEAST
    assert max(float(a @ b) for a in grace for b in eileen) < LEAST


def test_light_and_a_poor_line_change_little(detector: FaceDetector, grace: Pixels) -> None:
    clear = looks_like(detector, grace)
    dark = np.asarray(grace * 0.5, np.uint8)
    ramp = np.linspace(0.6, 1.0, grace.shape[1])[None, :, None]
    sideways = np.asarray(grace * ramp, np.uint8)
    half = cv2.resize(grace, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    coded = cv2.imencode(".jpg", half, [cv2.IMWRITE_JPEG_QUALITY, 25])[1]
    poor = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)
    for picture in (dark, sideways, poor):
        assert float(clear @ looks_like(detector, picture)) > LEAST


def test_an_appearance_has_mean_0_and_unit_length_even_of_a_plain_wall() -> None:
    noise = np.random.default_rng(1).integers(0, 255, (112, 112, 3), np.uint8)
    assert np.isclose(np.linalg.norm(appearance(noise)), 1, atol=1e-5)
    assert np.isclose(appearance(noise).mean(), 0, atol=1e-6)
    assert np.isfinite(appearance(np.full((112, 112, 3), 90, np.uint8))).all()


def test_real_talking_people_keep_their_track_and_others_do_not_take_it(
    data_dir: Path, detector: FaceDetector
) -> None:
    clips = sorted((data_dir / "dev" / "talking").rglob("*.mp4"))[::8]
    assert clips
    people: dict[str, list[list[Appearance]]] = defaultdict(list)
    for clip in clips:
        with av.open(str(clip)) as container:
            shown = [one.to_ndarray(format="bgr24") for one in container.decode(video=0)][::10]
        frames = [np.asarray(one, np.uint8) for one in shown]
        people[clip.name.split("__")[0]].append(
            [looks_like(detector, one) for one in frames if detector.detect(one)]
        )
    same = [a @ b for own in people.values() for clip in own for a, b in combinations(clip, 2)]
    firsts = {who: [clip[0] for clip in own if clip] for who, own in people.items()}
    other = [a @ b for x, y in combinations(firsts, 2) for a in firsts[x] for b in firsts[y]]
    # Measured over all clips: 2.4 % and 7 %.
    assert np.mean(np.array(same) < LEAST) < 0.06
    assert np.mean(np.array(other) >= LEAST) < 0.15


def test_a_track_goes_back_to_the_face_that_it_was(detector: FaceDetector) -> None:
    grace, eileen = (moving(detector, person) for person in DEMO_PEOPLE)
    tracker, box = FaceTracker(), (0.4, 0.3, 0.2, 0.3)
    shown = [eileen[n] if n % 3 == 2 else grace[n] for n in range(18)]
    ids = [tracker.update([box], 0.3 * n, [one])[0] for n, one in enumerate(shown)]
    assert ids == [2 if n % 3 == 2 else 1 for n in range(18)]
