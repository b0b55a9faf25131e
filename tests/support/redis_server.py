"""Skips tests that need Redis where there is none."""

from __future__ import annotations

import importlib.util
import shutil

import pytest

from benchmarks.redis_server import RedisServer as RedisServer
from benchmarks.redis_server import redis_server as redis_server

needs_redis = pytest.mark.skipif(
    shutil.which("redis-server") is None or importlib.util.find_spec("redis") is None,
    reason="needs Redis: apt-get install redis-server, pip install 'stream-verifier[fleet]'",
)
