from __future__ import annotations

import asyncio

import pytest

from stream_verifier import app


async def test_work_that_misses_its_end_is_told_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "_ASKED_AGAIN_S", 0.01)
    told: list[str] = []

    async def deaf() -> None:
        while len(told) < 2:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                told.append("end")

    async def idle() -> None:
        await asyncio.sleep(60)

    async with asyncio.timeout(30), app._running(deaf(), idle()):
        await asyncio.sleep(0)
    assert told == ["end", "end"]
