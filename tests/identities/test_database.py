from __future__ import annotations

import pytest

from stream_verifier.errors import SettingsError
from stream_verifier.identities.database import open_engine


@pytest.mark.parametrize("driver", ["postgresql", "postgres"])
def test_an_address_as_providers_give_it_means_the_driver_that_is_here(driver: str) -> None:
    pytest.importorskip("asyncpg")
    engine = open_engine(f"{driver}://calls:hidden@db.example/calls")
    assert engine.url.drivername == "postgresql+asyncpg"


@pytest.mark.parametrize("url", ["sqlite+pysqlite:///people.db", "people.db", "redis://here/0"])
def test_an_address_that_cannot_be_used_is_refused_with_one_that_can(url: str) -> None:
    with pytest.raises(SettingsError, match=r"postgresql\+asyncpg://.*sqlite\+aiosqlite:///"):
        open_engine(url)
