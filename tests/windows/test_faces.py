from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.errors import WeightsError
from model.runtime.align import TEMPLATE, similarity
from model.runtime.face import FaceTower
from model.runtime.weights import Weights
from stream_verifier.windows.faces import FaceDetector, align, in_fractions, in_pixels
from tests.support.window_media import Pixels


@pytest.fixture(scope="module")
def tower() -> FaceTower:
    return FaceTower(Weights.load())


def cosine(tower: FaceTower, a: Pixels, b: Pixels) -> float:
    first, second = tower.embed(np.stack([a, b]))
    return float(first @ second / np.linalg.norm(first) / np.linalg.norm(second))


def moved(image: Pixels, *, scale: float = 1.0, degrees: float = 0.0) -> Pixels:
    """The picture turned and scaled about its middle, on grey, 640x480."""
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, scale)
    matrix[:, 2] += (320 - width / 2, 240 - height / 2)
    return np.asarray(cv2.warpAffine(image, matrix, (640, 480), borderValue=(127,) * 3), np.uint8)


def test_finds_both_portraits(detector: FaceDetector, grace: Pixels, eileen: Pixels) -> None:
    for picture in (grace, eileen):
        faces = detector.detect(picture)
        assert faces[0].score > 0.9
        x, y, width, height = faces[0].box
        inside = (faces[0].landmarks > (x, y)) & (faces[0].landmarks < (x + width, y + height))
        assert inside.all()
        right_eye, left_eye, nose, right_mouth, _ = faces[0].landmarks
        assert right_eye[0] < left_eye[0]
        assert right_eye[1] < nose[1] < right_mouth[1]


def test_finds_both_in_one_frame(detector: FaceDetector, grace: Pixels, eileen: Pixels) -> None:
    faces = detector.detect(np.hstack((grace, eileen)))
    assert len([face for face in faces if face.score > 0.8]) == 2


@pytest.mark.parametrize("shape", [(480, 640), (1, 1), (2, 2), (7, 1000), (1000, 3), (719, 1281)])
def test_no_face_is_an_empty_list(detector: FaceDetector, shape: tuple[int, int]) -> None:
    assert detector.detect(np.zeros((*shape, 3), np.uint8)) == []


def test_one_detector_takes_frames_of_any_size(detector: FaceDetector, grace: Pixels) -> None:
    height, width = grace.shape[:2]
    expected = np.array(detector.detect(grace)[0].box)
    for scale in (0.5, 1.5, 0.75, 3.0):
        size = (round(width * scale), round(height * scale))
        resized = np.asarray(cv2.resize(grace, size, interpolation=cv2.INTER_AREA), np.uint8)
        found = np.array(detector.detect(resized)[0].box) / scale
        assert np.allclose(found, expected, atol=0.1 * expected[2])


def test_a_small_face_is_searched_in_detail(yunet: Path, grace: Pixels) -> None:
    frame = moved(grace, scale=0.35)
    twice, once = FaceDetector(yunet), FaceDetector(yunet, max_side_px=320)
    fine = FaceDetector(yunet, first_side_px=640)
    assert np.allclose(twice.detect(frame)[0].box, fine.detect(frame)[0].box)
    assert not np.allclose(once.detect(frame)[0].box, fine.detect(frame)[0].box)


def test_missing_and_broken_models_say_so(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="missing"):
        FaceDetector(tmp_path / "none.onnx")
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"no network")
    with pytest.raises(WeightsError, match="cannot read"):
        FaceDetector(broken)


@settings(deadline=None)
@given(
    angle=st.floats(-3.1, 3.1),
    scale=st.floats(0.05, 20),
    shift=st.tuples(st.floats(-500, 500), st.floats(-500, 500)),
)
def test_similarity_undoes_any_similarity(
    angle: float, scale: float, shift: tuple[float, float]
) -> None:
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    points = scale * TEMPLATE @ turn.T + shift
    transform = similarity(points, TEMPLATE)
    assert np.allclose(points @ transform[:, :2].T + transform[:, 2], TEMPLATE, atol=1e-6)


def test_similarity_is_the_least_squares_one() -> None:
    rng = np.random.default_rng(3)
    points = TEMPLATE + rng.normal(0, 3, TEMPLATE.shape)
    best = similarity(points, TEMPLATE)

    def error(a: float, b: float, x: float, y: float) -> float:
        matrix = np.array([[a, -b], [b, a]])
        return float(np.square(points @ matrix.T + (x, y) - TEMPLATE).sum())

    found = np.array([best[0, 0], best[1, 0], best[0, 2], best[1, 2]])
    least = error(*found)
    for step in (1e-3, 1e-2):
        for nudge in np.vstack((np.eye(4), -np.eye(4))) * step:
            assert error(*(found + nudge)) > least


@pytest.mark.parametrize(
    ("scale", "degrees"), [(0.5, 0.0), (1.0, 20.0), (1.9, -30.0), (3.3, 0.0), (4.5, 45.0)]
)
def test_alignment_brings_the_landmarks_into_place(scale: float, degrees: float) -> None:
    matrix = cv2.getRotationMatrix2D((56, 72), degrees, scale)
    landmarks = TEMPLATE @ matrix[:, :2].T + matrix[:, 2] + (250, 220)
    y, x = np.indices((480, 640))
    for point, expected in zip(landmarks, TEMPLATE, strict=True):
        spot = np.exp(-((x - point[0]) ** 2 + (y - point[1]) ** 2) / (2 * (3 * scale) ** 2))
        frame = np.repeat((spot * 255).astype(np.uint8)[:, :, None], 3, axis=2)
        crop = align(frame, landmarks.astype(np.float32))
        assert crop.shape == (112, 112, 3)
        assert crop.dtype == np.uint8
        weight = crop[:, :, 0].astype(float) / crop[:, :, 0].sum()
        row, column = np.indices((112, 112))
        found = (weight * column).sum(), (weight * row).sum()
        assert found == pytest.approx(tuple(expected), abs=0.3)


def test_a_crop_is_rgb() -> None:
    blue = np.zeros((200, 200, 3), np.uint8)
    blue[:, :, 0] = 255
    crop = align(blue, TEMPLATE.astype(np.float32))
    assert crop[56, 56].tolist() == [0, 0, 255]


def test_a_large_face_is_averaged_not_picked() -> None:
    checks = np.indices((1120, 1120)).sum(axis=0) % 2 * 255
    image = np.repeat(checks[:, :, None], 3, axis=2).astype(np.uint8)
    crop = align(image, (TEMPLATE * 10).astype(np.float32))
    assert np.abs(crop[2:-2, 2:-2].astype(int) - 127).max() < 3


def test_the_same_face_embeds_alike_however_it_lies_in_the_frame(
    detector: FaceDetector, tower: FaceTower, grace: Pixels, eileen: Pixels
) -> None:
    crops = {}
    for name, picture in (("grace", grace), ("eileen", eileen)):
        crops[name] = align(picture, detector.detect(picture)[0].landmarks)
        for scale, degrees in ((0.6, 0.0), (1.2, 10.0)):
            frame = moved(picture, scale=scale, degrees=degrees)
            again = align(frame, detector.detect(frame)[0].landmarks)
            assert cosine(tower, crops[name], again) > 0.8
    assert cosine(tower, crops["grace"], crops["eileen"]) < 0.35


def test_real_faces_come_out_as_the_pack_has_them(
    data_dir: Path, detector: FaceDetector, tower: FaceTower
) -> None:
    files = sorted((data_dir / "dev" / "faces160" / "lfw").glob("*/*.jpg"))[::128]
    assert files
    cosines = []
    for file in files:
        picture = np.asarray(cv2.imread(str(file)), np.uint8)
        faces = detector.detect(picture)
        ours = align(picture, max(faces, key=lambda face: face.box[2]).landmarks)
        cosines.append(cosine(tower, ours, picture[24:136, 24:136, ::-1]))
    assert min(cosines) > 0.8
    assert np.median(cosines) > 0.95


def test_a_box_is_the_same_in_fractions_of_a_picture_and_in_its_pixels() -> None:
    picture = np.zeros((480, 640, 3), np.uint8)
    box = (64.0, 120.0, 160.0, 240.0)
    assert in_fractions(box, picture) == (0.1, 0.25, 0.25, 0.5)
    assert in_pixels(in_fractions(box, picture), picture) == pytest.approx(box)
