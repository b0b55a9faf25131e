from __future__ import annotations

import pytest

from stream_verifier.media.webrtc.patience import LEAST_S, MOST_S, Patience


def test_it_waits_as_long_as_what_came_late() -> None:
    patience = Patience()
    assert patience.wait_s(5.0) == LEAST_S
    patience.gave_up(5.0)
    patience.came_late(5.2)
    assert patience.wait_s(5.2) == pytest.approx(LEAST_S + 0.2 + 0.1)
    patience.gave_up(6.0)
    patience.came_late(6.05)
    assert patience.wait_s(6.1) == pytest.approx(LEAST_S + 0.2 + 0.1 + 0.05 + 0.1)


def test_it_waits_no_longer_than_a_second_and_forgets() -> None:
    patience = Patience()
    patience.gave_up(5.0)
    patience.came_late(9.0)
    assert patience.wait_s(9.0) == MOST_S
    assert patience.wait_s(28.9) == MOST_S
    assert patience.wait_s(29.1) == LEAST_S


def test_what_is_late_before_anything_was_given_up_says_nothing() -> None:
    patience = Patience()
    patience.came_late(5.0)
    assert patience.wait_s(5.0) == LEAST_S
