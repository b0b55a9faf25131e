"""A picture that talks, through a real server: bursts are asked for and come, over WebRTC."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.calls import DemoCalls, follow, server_with, unbroken, verdicts

pytestmark = pytest.mark.asyncio


async def test_a_picture_with_the_right_voice_is_held_back(
    enrolled_dir: Path, demo_calls: DemoCalls
) -> None:
    def noticed(event: dict[str, Any]) -> bool:
        return "speaker_not_on_camera" in event.get("reasons", ())

    async with server_with(enrolled_dir, presence="hold") as server:
        media = demo_calls.enrolment("grace")
        events = await follow(server, media, until=noticed, mode="verify", identity="grace")
    told = [state for state, _ in verdicts(events)]
    assert told[-1] == "uncertain"
    assert "rejected" not in told
    assert unbroken(events)
    scores = [event["presence"] for event in events if event["type"] == "score"]
    assert scores[0] == 0
