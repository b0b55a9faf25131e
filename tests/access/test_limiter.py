from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_verifier.access.limiter import Limiter, network_of


def test_a_minutes_attempts_may_come_at_once_and_then_one_at_a_time() -> None:
    limiter = Limiter(per_minute=6)
    assert [limiter.take("a", 100.0) for _ in range(6)] == [0.0] * 6
    assert limiter.take("a", 100.0) == pytest.approx(10.0)
    assert limiter.wait_s("a", 104.0) == pytest.approx(6.0)
    assert limiter.take("a", 110.0) == 0.0
    assert limiter.take("a", 110.0) == pytest.approx(10.0)
    assert limiter.take("b", 110.0) == 0.0


def test_asking_counts_nothing() -> None:
    limiter = Limiter(per_minute=1)
    assert [limiter.wait_s("a", 0.0) for _ in range(5)] == [0.0] * 5
    assert len(limiter) == 0


def test_it_remembers_no_more_clients_than_it_may() -> None:
    limiter = Limiter(per_minute=1, max_clients=3)
    for number in range(100):
        limiter.take(str(number), 0.0)
    assert len(limiter) == 3
    assert limiter.wait_s("99", 0.0) > 0.0


def test_a_client_that_keeps_trying_is_not_forgotten_for_newcomers() -> None:
    limiter = Limiter(per_minute=2, max_clients=2)
    limiter.take("busy", 0.0)
    limiter.take("one", 0.0)
    limiter.take("busy", 0.0)
    limiter.take("two", 0.0)
    assert limiter.wait_s("busy", 0.0) > 0.0


@given(st.lists(st.floats(0, 600), max_size=60))
def test_never_more_than_a_burst_and_the_rate_get_through(times: list[float]) -> None:
    limiter = Limiter(per_minute=5)
    passed = [now for now in sorted(times) if limiter.take("a", now) == 0.0]
    for index, start in enumerate(passed):
        within = sum(1 for now in passed[index:] if now < start + 60)
        assert within <= 11


@pytest.mark.parametrize(
    ("client", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("", ""),
        ("x" * 1000, "x" * 64),
    ],
)
def test_an_ipv6_customer_is_one_client(client: str, network: str) -> None:
    assert network_of(client) == network
