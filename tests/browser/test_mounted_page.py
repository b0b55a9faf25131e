"""The example of a host in a real Chromium: its own page, its own token, verification beside it."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import expect

from benchmarks.chromium import open_page
from stream_verifier.identities.keys import new_key
from tests.support.hosts import hosted, load_example
from tests.support.real_browser import Captures

pytestmark = pytest.mark.browser
PATIENCE_MS = 60_000


@pytest.mark.asyncio
async def test_the_page_of_a_host_verifies_a_call_through_what_it_mounted(
    enrolled_dir: Path, captures: Captures, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREAM_VERIFIER_TOKEN_KEY", new_key())
    monkeypatch.setenv("STREAM_VERIFIER_DATA_DIR", str(enrolled_dir))
    monkeypatch.setenv("STREAM_VERIFIER_ICE_HOST_ADDRESSES", '["127.0.0.1"]')
    capture = captures.get("grace", "grace")
    async with (
        hosted(load_example().app) as address,
        open_page(f"{address}/call/grace", capture) as page,
    ):
        badge = page.locator("stream-verifier")
        await badge.get_by_role("button", name="Start", exact=True).click()
        await expect(badge).to_have_attribute("state", "verified", timeout=PATIENCE_MS)
        await badge.get_by_role("button", name="Stop", exact=True).click()
        await expect(badge).to_have_attribute("state", "ended", timeout=PATIENCE_MS)
