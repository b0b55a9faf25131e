from __future__ import annotations

import numpy as np
import pytest

from model.errors import ModelError
from model.runtime.turning import HeadTurns, bearing
from tests.support.turning_heads import RATE_HZ, KnowingMesh, path, seen


def follow(angles: list[float], *, flat: bool = False, away_cm: float = 60.0) -> HeadTurns:
    rng = np.random.default_rng(1)
    turns, mesh = HeadTurns(), KnowingMesh()
    for step, angle in enumerate(angles):
        landmarks = seen(angle, flat=flat, away_cm=away_cm)
        points, _ = mesh.locate(None, None, landmarks)
        noisy = landmarks + rng.normal(0, 0.4, landmarks.shape)
        turns.see(step / RATE_HZ, noisy, points + rng.normal(0, 0.4, points.shape))
    return turns


def test_the_nose_of_a_head_moves_against_its_eyes_and_that_of_a_picture_does_not() -> None:
    head, picture = bearing(seen(35)), bearing(seen(35, flat=True))
    assert head is not None
    assert picture is not None
    assert head.parallax > 0.4
    assert abs(picture.parallax) < 0.06
    assert head.width / bearing(seen(0)).width == pytest.approx(0.82, abs=0.06)  # type: ignore[union-attr]


def test_no_affine_map_of_a_picture_changes_where_its_nose_lies() -> None:
    points = seen(10)
    maps = np.random.default_rng(3).normal(0, 1, (20, 2, 2)) + 2 * np.eye(2)
    assert len({round(bearing(points @ one.T + 7).parallax, 6) for one in maps}) == 1  # type: ignore[union-attr]


def test_points_on_one_line_and_other_numbers_of_points() -> None:
    assert bearing(np.stack([np.arange(5.0), np.arange(5.0)], axis=1)) is None
    with pytest.raises(ModelError, match=r"\(5, 2\)"):
        bearing(np.zeros((4, 2)))


@pytest.mark.parametrize("turns", [("left",), ("right", "left"), ("left", "left", "right")])
def test_turns_are_told_by_side_in_order(turns: tuple[str, ...]) -> None:
    head = follow([*path(turns)])  # type: ignore[arg-type]
    assert tuple(turn.side for turn in head.turns) == turns
    assert all(turn.passed and turn.whole and turn.solid for turn in head.turns)
    assert head.turns[0].began_s == pytest.approx(0.6, abs=0.15)
    assert head.turns[0].reach > 0.5


@pytest.mark.parametrize("away_cm", [25.0, 60.0])
def test_a_photograph_that_is_turned_about_is_flat_and_turns_nowhere(away_cm: float) -> None:
    photo = follow([*path(("left", "right"))], flat=True, away_cm=away_cm)
    assert not photo.turns
    assert photo.flat >= 5


def test_a_photograph_that_is_bent_a_little_and_sheared_turns_nowhere() -> None:
    rng = np.random.default_rng(5)
    turns, points = HeadTurns(), KnowingMesh().locate(None, None, seen(0))[0]
    for step, angle in enumerate(path(("left",))):
        shear = np.array([[np.cos(np.radians(angle)), angle / 200], [angle / 300, 1]])
        turns.see(step / RATE_HZ, seen(0, flat=True) @ shear.T + rng.normal(0, 0.4, (5, 2)), points)
    assert not turns.turns


def test_a_picture_from_the_side_that_takes_its_place_did_not_pass_through_between() -> None:
    swapped = follow([0.0] * 10 + [45.0] * 10 + [0.0] * 10)
    assert [turn.passed for turn in swapped.turns] == [False]


def test_a_turn_under_way_when_it_is_asked_for_does_not_count() -> None:
    angles = [*path(("left", "right"))]
    under_way = angles[12:]
    assert [turn.side for turn in follow(under_way).turns] == ["right"]


def test_a_head_that_is_not_still_is_never_at_rest() -> None:
    swinging = [40 * np.sin(2 * np.pi * step / RATE_HZ) for step in range(10, 60)]
    assert not follow(swinging).turns


def test_small_turns_and_a_nod_are_none() -> None:
    assert not follow([*path(("left", "right"), reach_deg=12)]).turns
    nod, mesh = HeadTurns(), KnowingMesh()
    for step, angle in enumerate(path(("left",))):
        landmarks = seen(0) * (1, 1 - angle / 200)
        nod.see(step / RATE_HZ, landmarks, mesh.locate(None, None, landmarks)[0])
    assert nod.at_rest
    assert not nod.turns


def test_missing_pictures_make_a_turn_not_whole() -> None:
    turns, mesh = HeadTurns(), KnowingMesh()
    for step, angle in enumerate(path(("left",), turn_s=1.0)):
        if not 14 <= step <= 25:
            turns.see(step / RATE_HZ, seen(angle), mesh.locate(None, None, seen(angle))[0])
    assert [turn.whole for turn in turns.turns] == [False]


def test_a_nose_that_moves_on_a_face_that_does_not_turn_is_no_head() -> None:
    """As a detector sees one in a picture that is bent: what it says of the nose is not enough."""
    turns, mesh = HeadTurns(), KnowingMesh()
    for step, angle in enumerate(path(("left",))):
        points, _ = mesh.locate(None, None, seen(angle, flat=True))
        turns.see(step / RATE_HZ, seen(angle), points)
    assert [(turn.side, turn.solid) for turn in turns.turns] == [("left", False)]


def test_without_points_nobody_is_at_rest() -> None:
    turns = HeadTurns()
    for step in range(20):
        turns.see(step / RATE_HZ, seen(0))
    assert not turns.at_rest
