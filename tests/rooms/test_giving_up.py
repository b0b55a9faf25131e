"""Who leaves is let go, whatever happens to what was under way."""

from __future__ import annotations

import asyncio
from typing import Any

from stream_verifier.errors import MediaError
from stream_verifier.rooms.publisher_call import PublisherCall
from tests.support.janus_double import soon
from tests.support.room_double import FakeCalls, FakeRoom, sender, terms


class FailingCalls(FakeCalls):
    """Opening one takes long, and fails when it is given up."""

    async def open(self, *given: Any, **named: Any) -> Any:
        self.opened += 1
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            raise MediaError("The source is gone.") from None


async def test_a_publisher_leaves_while_his_call_is_opened_and_that_fails() -> None:
    publisher, calls = sender("1"), FailingCalls()
    call = PublisherCall(publisher, FakeRoom(publisher), terms(calls))
    await soon(lambda: calls.opened == 1)
    assert await asyncio.wait_for(call.leave(), 20) is None
    await asyncio.sleep(0)
    assert calls.opened == 1
