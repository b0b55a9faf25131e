from __future__ import annotations

import numpy as np
import pytest

from model.errors import ModelError, WeightsError
from model.parity import load_onnx_sface
from model.runtime.face import FaceTower
from model.runtime.weights import Weights
from stream_verifier.demo.people import DEMO_PEOPLE
from tests.support.tower_media import CACHE, Crops, aligned_faces, cosine


@pytest.fixture(scope="module")
def tower() -> FaceTower:
    return FaceTower(Weights.load())


@pytest.fixture(scope="module")
def faces() -> list[Crops]:
    return [aligned_faces(person, 3) for person in DEMO_PEOPLE]


def test_tells_two_people_apart(tower: FaceTower, faces: list[Crops]) -> None:
    grace, eileen = (tower.embed(crops) for crops in faces)
    same = [cosine(grace[0], other) for other in grace[1:]]
    same += [cosine(eileen[0], other) for other in eileen[1:]]
    different = [cosine(a, b) for a in grace for b in eileen]
    assert min(same) > 0.75
    assert max(different) < 0.3


def test_a_batch_gives_what_single_faces_give(tower: FaceTower, faces: list[Crops]) -> None:
    together = tower.embed(faces[0])
    assert together.shape == (3, 128)
    assert together.dtype == np.float32
    np.testing.assert_array_equal(together, np.vstack([tower.embed(f[None]) for f in faces[0]]))


def test_an_empty_batch_gives_no_vectors(tower: FaceTower) -> None:
    assert tower.embed(np.zeros((0, 112, 112, 3), np.uint8)).shape == (0, 128)


@pytest.mark.parametrize(
    "crops",
    [
        np.zeros((1, 112, 112, 3), np.float32),
        np.zeros((112, 112, 3), np.uint8),
        np.zeros((1, 160, 160, 3), np.uint8),
        np.zeros((1, 3, 112, 112), np.uint8),
    ],
)
def test_refuses_what_is_no_batch_of_crops(tower: FaceTower, crops: Crops) -> None:
    with pytest.raises(ModelError, match=r"\(n, 112, 112, 3\)"):
        tower.embed(crops)


def test_fine_tuning_left_portraits_where_they_were(tower: FaceTower, faces: list[Crops]) -> None:
    pytest.importorskip("onnxruntime")
    try:
        published = load_onnx_sface(CACHE)
    except WeightsError as error:
        pytest.skip(f"needs the published file: {error}")
    for crop in np.concatenate(faces):
        assert cosine(tower.embed(crop[None])[0], published(crop)) >= 0.95
