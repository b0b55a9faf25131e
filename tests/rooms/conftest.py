"""A Janus for the tests of rooms."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.calls import DemoCalls
from tests.support.janus_server import JanusServer, janus_server


@pytest.fixture
def janus() -> Iterator[JanusServer]:
    with janus_server() as server:
        yield server


@pytest.fixture(scope="session")
def grace(demo_calls: DemoCalls) -> str:
    return str(demo_calls.get("grace", "grace"))


@pytest.fixture(scope="session")
def eileen(demo_calls: DemoCalls) -> str:
    return str(demo_calls.get("eileen", "eileen"))
