from __future__ import annotations

import asyncio
import threading
from io import FileIO
from pathlib import Path
from typing import cast

import pytest
from sqlalchemy.engine import make_url

from stream_verifier.identities.ledger_file import LedgerPlace
from stream_verifier.identities.turns import Turns


class SlowPlace:
    """Its lock takes a thread as long as the test says."""

    def __init__(self, path: Path) -> None:
        self.lock = FileIO(path, "w+")
        self.asked, self.may = threading.Event(), threading.Event()

    def try_lock(self) -> FileIO:
        self.asked.set()
        assert self.may.wait(20)
        return self.lock


async def test_a_turn_that_nobody_waits_for_any_more_is_let_go(tmp_path: Path) -> None:
    place = SlowPlace(tmp_path / "lock")
    turns = Turns(cast("LedgerPlace", place), make_url("sqlite+aiosqlite:///store.db"))

    async def take() -> None:
        async with turns.take():
            raise AssertionError("nobody waits for it")

    taking = asyncio.create_task(take())
    await asyncio.to_thread(place.asked.wait, 20)
    taking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await taking
    assert not place.lock.closed
    place.may.set()
    async with asyncio.timeout(20):
        while not place.lock.closed:  # noqa: ASYNC110 (a callback of the loop closes it)
            await asyncio.sleep(0.001)
