from __future__ import annotations

import numpy as np
import pytest

from benchmarks.known.cases import CALL, ENROLLED, Case, cases
from benchmarks.known.page import page
from benchmarks.known.ranking import Table
from tests.benchmarks.test_widening import directions, voices

STRANGERS = directions(170, 180)


def case(person: int, value: float, *later: float, accepted: bool = True) -> Case:
    """Of somebody whose quantities all say the same, and whose later speech gets these LLRs."""
    known = dict.fromkeys([*ENROLLED, *CALL], value)
    return Case(person, known, accepted, np.array(later), np.array(later) + 2)


def test_a_mood_is_enrolled_another_called_and_the_rest_come_later() -> None:
    angles = [0.0, 0, 0, 20, 20, 20, 60, 60]
    two = voices(angles, calm=[True] * 3 + [False] * 5)
    two.moods[3:6], two.moods[6:] = "W", "F"
    found = cases(two, STRANGERS)
    assert len(found) == 6
    calm_then_angry = next(one for one in found if one.known["mean LLR"] == pytest.approx(-2.5))
    assert calm_then_angry.later == pytest.approx([-1.5, -1.5], abs=1e-3)
    assert calm_then_angry.accepted
    # The mean of as much speech at 0 and at 20 degrees is 50 away from the third mood.
    assert calm_then_angry.wider == pytest.approx([-0.5, -0.5], abs=1e-3)


def test_pieces_that_are_unlike_each_other_and_calls_that_fit_badly_are_known_less_well() -> None:
    steady, uneven = cases(voices([0] * 7, [0, 40, 80] * 3), STRANGERS)[::6]
    for quantity in ("pieces beside their mean, cosine", "each piece by the others, least LLR"):
        assert uneven.known[quantity] > steady.known[quantity]
    for quantity in ("mean LLR", "lower quartile of LLRs", "least LLR"):
        assert uneven.known[quantity] > steady.known[quantity]
    assert steady.known["share below 0"] == 0
    assert steady.known["seconds of speech"] == -9


def test_who_has_nothing_left_to_say_later_is_left_out() -> None:
    assert cases(voices([0, 0], [180, 180]), STRANGERS) == []


def test_a_quantity_that_only_tells_sources_apart_is_worth_nothing_within_them() -> None:
    acted = [case(0, 5, -4, -4), case(1, 5, 4, -4)]
    read = [case(0, 1, 4, 4), case(1, 1, 4, 4), case(2, 1, 4, 4)]
    table = Table({"acted": acted, "read": read})
    assert table.people == 5
    # Of 1.5 far and 3.5 other stretches a person, 1.5 by 3 pairs are in order, 1.5 by 0.5 alike.
    assert table.area("mean LLR", within=False).value == pytest.approx(4.875 / 5.25)
    assert table.area("mean LLR").value == 0.5
    assert np.isnan(table.only("read").area("mean LLR").value)


def test_every_person_weighs_alike_however_often_drawn() -> None:
    table = Table({"one": [case(0, 3, -4)] * 9 + [case(1, 1, 4)]})
    assert table.share(table.far()).value == 0.5
    assert table.area("mean LLR").value == 1.0
    assert table.threshold("mean LLR", 0.5) == 3
    assert table.threshold("mean LLR", 0.9) == 1


def test_the_page_says_whom_a_threshold_of_other_sources_asks() -> None:
    acted = [case(0, 5, -4, 4, accepted=False), case(1, 1, 4, 4)]
    read = [case(0, 3, 4, 4), case(1, 1, 4, 4)]
    text = page({"call": Table({"acted": acted, "read": read})}, pack="dev", model="m")
    assert "acted 2 people, 25.0% far; read 2 people, 0.0% far." in text
    asked = "| call | each piece by the others, least cosine | acted | 50.0 | 100.0 | 25.0 | 0.0 |"
    assert asked in text
    assert "| call | each piece by the others, least cosine | all | 25.0 | 100.0 | 12.5 |" in text
    after = (
        "| call | a call that counts as somebody else's | all | 25.0 | 100.0 | 12.5 | 0.0 | 0.0 |"
    )
    assert after in text
