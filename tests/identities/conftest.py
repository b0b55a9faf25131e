"""A store where a test says, and everywhere where it says nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from stream_verifier.identities.sqlite import SqliteIdentityStore
from tests.support.places import EVERYWHERE, place
from tests.support.stores import store_at


@pytest.fixture(params=EVERYWHERE)
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return place(request, tmp_path / "data" / "identities.db")


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqliteIdentityStore]:
    made = store_at(path)
    yield made
    await made.close()
