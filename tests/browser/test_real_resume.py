"""A call in a real Chromium whose network breaks and comes back."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.chromium import open_page
from benchmarks.resume import cut
from benchmarks.wire import Wire
from stream_verifier.hosting.server import running_server
from tests.support.calls import make_settings
from tests.support.real_browser import Captures

pytestmark = pytest.mark.browser


@pytest.mark.asyncio
async def test_a_call_goes_on_after_a_cut_and_nobody_misses_an_event(
    enrolled_dir: Path, captures: Captures
) -> None:
    capture = captures.get("grace", "grace")
    async with (
        running_server(make_settings(enrolled_dir)) as server,
        Wire(server.address) as wire,
        open_page(wire.address, capture) as page,
    ):
        back = await cut(page, wire, seconds=1.0)
    assert back.whole
    assert len(back.followed) > len(back.seen) > 5
