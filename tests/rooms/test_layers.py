"""The smallest picture that shows a face well, and visits to the others."""

from __future__ import annotations

import math
import random
from itertools import pairwise

import pytest

from stream_verifier.rooms.layers import FIRST_LAYER, LayerChoice, Look

SMALL, MIDDLE, LARGE = (160, 120), (320, 240), (640, 480)


def face(share: float) -> list[tuple[float, float, float, float]]:
    """A face that is so wide and high, as a share of the picture's height."""
    return [(0.1, 0.1, share * 0.75, share)]


@pytest.mark.parametrize(
    ("share", "picture", "way"),
    [
        (0.4, MIDDLE, 1),  # 96 px
        (0.5, MIDDLE, 0),  # 120 px, and 60 at half the size
        (0.9, MIDDLE, 0),  # 216 px, and 108
        (0.6, LARGE, -1),  # 288 px, and 144
        (0.5, LARGE, 0),  # 240 px, and 120: too near
        (0.1, LARGE, 0),  # 48 px, but what is larger is shrunk
        (0.1, (1280, 720), 0),
        (0.0, MIDDLE, 1),
    ],
)
def test_which_way(share: float, picture: tuple[int, int], way: int) -> None:
    assert Look(face(share), picture).way == way


def test_the_largest_face_counts_and_none_is_too_small() -> None:
    assert Look([*face(0.1), *face(0.5)], MIDDLE).face_px == 120
    assert Look([], MIDDLE).way == 1
    assert Look([], LARGE).way == 0


class Resting(random.Random):
    """Chance by which nothing else is ever visited."""

    def uniform(self, a: float, b: float) -> float:
        return math.inf


def chosen(looks: list[tuple[float, Look]]) -> list[tuple[float, int]]:
    choice = LayerChoice(Resting())
    found = ((at_s, choice.look(look, at_s)) for at_s, look in looks)
    return [(at_s, layer) for at_s, layer in found if layer is not None]


def test_it_goes_up_for_a_small_face_that_stays_and_not_beyond_what_there_is() -> None:
    small = Look(face(0.2), SMALL)
    assert chosen([(float(at), small) for at in range(20)]) == [(2.0, FIRST_LAYER + 1)]


def test_it_goes_down_for_a_large_one_a_step_at_a_time_with_time_between() -> None:
    large = Look(face(0.9), (1280, 960))
    looks = [(at * 1.0, large) for at in range(12)]
    assert chosen(looks) == [(2.0, FIRST_LAYER - 1)]


def test_one_look_changes_nothing() -> None:
    fits, gone = Look(face(0.5), MIDDLE), Look([], MIDDLE)
    looks = [fits, gone, gone, fits, gone, gone, fits]
    assert chosen([(float(at), look) for at, look in enumerate(looks)]) == []


def test_a_face_at_the_edge_does_not_swing() -> None:
    """What is chosen for a face is kept when it is seen at the new size."""
    for share in (0.05 * step for step in range(1, 20)):
        choice, sizes, picture = LayerChoice(Resting()), (SMALL, MIDDLE, LARGE), MIDDLE
        layers = []
        for at_s in range(120):
            layer = choice.look(Look(face(share), picture), float(at_s))
            if layer is not None:
                picture = sizes[layer]
                layers.append(layer)
        assert len(layers) <= 1, (share, layers)


def visited(seed: int, seconds: int) -> list[tuple[float, int]]:
    """Each layer that was asked for, with when, where the middle one does."""
    choice, fits = LayerChoice(random.Random(seed)), Look(face(0.5), MIDDLE)
    asked = ((at_s / 2, choice.look(fits, at_s / 2)) for at_s in range(2 * seconds))
    return [(at_s, layer) for at_s, layer in asked if layer is not None]


def test_other_sizes_are_visited_since_a_publisher_may_send_another_picture_in_each() -> None:
    asked = visited(1, 600)
    for layer in (0, FIRST_LAYER, 2):
        seen = [at_s for at_s, one in asked if one == layer]
        assert max(b - a for a, b in pairwise(seen)) < 60  # seconds
    stays = [b - a for (a, layer), (b, _) in pairwise(asked) if layer == FIRST_LAYER]
    assert sum(stays) > 0.4 * 600


def test_nobody_who_is_asked_for_key_frames_knows_when_a_visit_begins_or_ends() -> None:
    asked = visited(1, 3000)
    visits, stays = (
        [b - a for (a, layer), (b, _) in pairwise(asked) if (layer == FIRST_LAYER) is stays]
        for stays in (False, True)
    )
    assert min(visits) < 2.5
    assert max(visits) >= min(stays)
    assert max(stays) > 9  # seconds
    # Nor is it every second or third time.
    homes = [number for number, (_, layer) in enumerate(asked) if layer == FIRST_LAYER]
    assert {b - a for a, b in pairwise(homes)} > {2, 3, 4}
    assert asked != visited(2, 3000)


def test_who_is_rejected_on_a_visit_is_watched_there() -> None:
    choice, fits = LayerChoice(random.Random(1)), Look(face(0.5), MIDDLE)
    asked = [(at_s, choice.look(fits, float(at_s))) for at_s in range(12)]
    at_s, layer = next((at_s, layer) for at_s, layer in asked if layer is not None)
    assert layer != FIRST_LAYER
    choice.rejected = True
    assert not any(choice.look(fits, 12.0 + more_s) for more_s in range(60))
    choice.rejected = False
    assert choice.look(fits, 80.0) is not None


def test_a_visit_chooses_no_size() -> None:
    """What is seen there says nothing of the size that does."""
    choice, small, fits = LayerChoice(random.Random(3)), Look(face(0.3), SMALL), None
    for at_s in range(400):
        look = small if fits == 0 else Look(face(0.5), MIDDLE)
        asked = choice.look(look, float(at_s))
        fits = fits if asked is None else asked
    assert choice.layer == FIRST_LAYER
