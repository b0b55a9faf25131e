"""Those who wait until theirs has gone, and no longer."""

from __future__ import annotations

import asyncio

from stream_verifier.events.watermark import Watermark


async def waiting(mark: Watermark, count: int = 1) -> list[asyncio.Task[None]]:
    tasks = [asyncio.create_task(mark.passed()) for _ in range(count)]
    await asyncio.sleep(0)
    return tasks


async def done(*tasks: asyncio.Task[None]) -> list[bool]:
    await asyncio.sleep(0)
    return [task.done() for task in tasks]


async def test_each_waits_for_what_was_in_before_and_for_nothing_after() -> None:
    mark = Watermark()
    mark.enter()
    (first,) = await waiting(mark)
    mark.enter()
    second, third = await waiting(mark, 2)
    assert await done(first, second, third) == [False, False, False]
    mark.leave()
    assert await done(first, second, third) == [True, False, False]
    mark.leave()
    assert await done(second, third) == [True, True]


async def test_where_nothing_is_in_nobody_waits() -> None:
    mark = Watermark()
    await mark.passed()
    mark.enter()
    mark.leave()
    await mark.passed()


async def test_all_may_be_woken_and_one_who_went_is_passed_over() -> None:
    mark = Watermark()
    mark.enter()
    one, gone, other = await waiting(mark, 3)
    gone.cancel()
    await asyncio.sleep(0)
    mark.wake()
    assert await done(one, other) == [True, True]
    (later,) = await waiting(mark)
    assert await done(later) == [False]
    mark.leave()
    assert await done(later) == [True]
