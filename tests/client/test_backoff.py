from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stream_verifier.client.backoff import Backoff


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_waits_double_up_to_a_bound_and_half_of_each_is_by_chance(
    failures: int, chance: float
) -> None:
    delay_s = Backoff(first_s=0.5, longest_s=60, draw=lambda: chance).delay_s(failures)
    whole_s = min(60, 0.5 * 2 ** min(failures - 1, 99))
    assert whole_s / 2 <= delay_s <= whole_s
