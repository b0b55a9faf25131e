from __future__ import annotations

import pytest

from benchmarks.overload.calls import Costs, play
from benchmarks.overload.figures import Row, figures_of

BUSY = Costs()
SECONDS = 30.0


def played(count: int, costs: Costs = BUSY) -> Row:
    return figures_of(play(count, costs, seconds=SECONDS))


def test_with_time_for_all_everything_is_looked_at_at_once() -> None:
    row = played(6)
    assert row.unheard == 0.0
    assert (row.verified, row.rejected) == (1.0, 0)
    assert row.looks == pytest.approx(2.0, rel=0.05)
    assert row.bursts_dropped == 0
    assert row.demand < 1.0
    assert row.noticed_s[-1] < 4.0


@pytest.mark.parametrize(("count", "most_unheard"), [(12, 0.01), (22, 0.1)])
def test_with_too_little_time_looks_and_bursts_give_way_and_genuine_calls_stay_verified(
    count: int, most_unheard: float
) -> None:
    row = played(count)
    assert row.unheard <= most_unheard
    assert row.looks < 1.75
    assert row.unscored_s < 6.0  # or nobody would stay verified
    assert row.least > 0.9
    assert row.rejected == 0
    assert row.noticed_s[-1] < 10.0


def test_a_slower_machine_wants_more_of_the_worker() -> None:
    one, other = (played(4, BUSY.slower(times)) for times in (1.0, 2.0))
    assert other.demand == pytest.approx(2.0 * one.demand, rel=0.2)
