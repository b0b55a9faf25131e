from __future__ import annotations

import asyncio

from stream_verifier.events.event import Event
from stream_verifier.events.outbox import Outbox
from tests.support import feed_media


def score(number: int) -> Event:
    return Event(number, "s", "", feed_media.score())


def change(number: int) -> Event:
    return Event(number, "s", "", feed_media.changed())


async def read(outbox: Outbox) -> list[int]:
    return [event.seq async for event in outbox]


async def test_events_come_in_order_and_end_with_close() -> None:
    outbox = Outbox()
    reader = asyncio.create_task(read(outbox))
    for number in range(3):
        outbox.put(score(number))
        await asyncio.sleep(0)
    outbox.close()
    outbox.put(score(9))
    assert await reader == [0, 1, 2]


async def test_a_full_box_gives_up_its_oldest_scores_and_keeps_state_changes() -> None:
    outbox = Outbox(max_events=3)
    outbox.put(change(0))
    for number in (1, 2, 3, 4):
        outbox.put(score(number))
    outbox.close()
    assert outbox.dropped == 2
    assert await read(outbox) == [0, 3, 4]


async def test_a_box_full_of_state_changes_closes() -> None:
    outbox = Outbox(max_events=2)
    for number in range(3):
        outbox.put(change(number))
    assert outbox.overflowed
    assert await read(outbox) == [0, 1]
