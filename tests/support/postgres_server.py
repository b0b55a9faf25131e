"""Skips tests that need PostgreSQL where there is none."""

from __future__ import annotations

import importlib.util

import pytest

from benchmarks.postgres_server import PostgresServer as PostgresServer
from benchmarks.postgres_server import postgres_server as postgres_server
from benchmarks.postgres_server import programs

needs_postgres = pytest.mark.skipif(
    programs() is None or importlib.util.find_spec("asyncpg") is None,
    reason="needs PostgreSQL: apt-get install postgresql, pip install 'stream-verifier[fleet]'",
)
