from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from model.data.turning import turned, turned_mesh
from model.errors import ModelError, WeightsError
from model.runtime.detect import FaceDetector
from model.runtime.mesh import LEAST_PRESENCE, FaceMesh
from model.runtime.relief import relief
from model.runtime.weights import Weights
from stream_verifier.demo.people import DEMO_PEOPLE, portrait_frames
from tests.support.turning_heads import KnowingMesh, seen


def points(yaw_deg: float, *, flat: bool = False, away_cm: float = 60.0) -> NDArray[np.float64]:
    return KnowingMesh().locate(None, None, seen(yaw_deg, flat=flat, away_cm=away_cm))[0]


@pytest.mark.parametrize("yaw_deg", [-50.0, -32.0, 32.0, 50.0])
def test_a_head_that_turns_stands_out_to_its_side(yaw_deg: float) -> None:
    found = relief(points(0), points(yaw_deg))
    assert found is not None
    assert found.stands_out
    assert found.yaw_deg == pytest.approx(yaw_deg, abs=5)
    assert found.solid < 0.3 * found.plane


@pytest.mark.parametrize("yaw_deg", [32.0, 60.0])
def test_a_picture_whose_depth_is_believed_does_not(yaw_deg: float) -> None:
    found = relief(points(0), points(yaw_deg, flat=True))
    assert found is not None
    assert not found.stands_out
    assert found.plane < 0.3 * found.solid


def test_a_head_that_hardly_turns_tells_nothing_and_neither_does_the_camera_coming_near() -> None:
    for now in (points(12), 1.4 * points(0) + 30.0):
        found = relief(points(0), now)
        assert found is not None
        assert not found.stands_out


def test_a_homography_of_any_kind_is_a_plane_s() -> None:
    rest, rng = points(0), np.random.default_rng(2)
    for _ in range(20):
        held = np.eye(3) + rng.normal(0, 0.2, (3, 3)) * ([1, 1, 30], [1, 1, 30], [2e-3, 2e-3, 0])
        now = np.column_stack([cv2.perspectiveTransform(rest[None, :, :2], held)[0], rest[:, 2]])
        found = relief(rest, now)
        assert found is None or not found.stands_out


def test_points_on_one_line_and_of_other_shapes() -> None:
    line = np.column_stack([np.arange(9.0)] * 3)
    found = relief(line, line)
    assert found is None or not found.stands_out
    with pytest.raises(ModelError, match=r"\(n, 3\)"):
        relief(line, line[:5])


def test_the_mesh_that_is_shipped_tells_a_portrait_that_turns_from_one_that_is_turned() -> None:
    weights = Weights.load()
    detector, mesh = FaceDetector(weights.path("face_detector")), FaceMesh.load(weights)
    frame = next(portrait_frames(next(p for p in DEMO_PEOPLE if p.id == "grace"), seconds=1))

    def located(image: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        face = detector.detect(image)[0]
        found, presence = mesh.locate(image, face.box, face.landmarks)
        assert presence > LEAST_PRESENCE
        return found, face.landmarks

    rest, landmarks = located(frame)
    assert rest.shape == (468, 3)
    # The tip of the nose stands out, and lies where the detector has it.
    assert rest[1, 2] > np.percentile(rest[:, 2], 95)
    assert np.abs(rest[1, :2] - landmarks[2]).max() < 0.1 * np.ptp(rest[:, 0])
    head = relief(rest, located(turned_mesh(frame, rest, 38.0))[0])
    photograph = relief(rest, located(turned(frame, landmarks, 38.0, shape="flat"))[0])
    bent = relief(rest, located(turned(frame, landmarks, 38.0, shape="bent"))[0])
    assert head is not None
    assert head.stands_out
    assert head.yaw_deg > 28
    for one in (photograph, bent):
        assert one is not None
        assert not one.stands_out


def test_what_is_no_mesh_is_refused() -> None:
    with pytest.raises(WeightsError, match="face mesh"):
        FaceMesh(b"no network")
