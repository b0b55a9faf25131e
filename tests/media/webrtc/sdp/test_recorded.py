"""Offers that other stacks made, as they came: each file says in its first line which one."""

from __future__ import annotations

from pathlib import Path

import pytest
from aiortc.sdp import SessionDescription

from stream_verifier.media.webrtc.sdp.sections import split
from tests.support.offers import answer

RECORDED = sorted((Path(__file__).parent / "recorded").glob("*.sdp"))


def offer_in(path: Path) -> str:
    """The offer without the line on its maker."""
    return "\r\n".join(path.read_text().splitlines()[1:]) + "\r\n"


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
async def test_sound_and_pictures_are_received(path: Path) -> None:
    answered = await answer(offer_in(path))
    _, sections = split(answered)
    received = [section.kind for section in sections if section.direction == "recvonly"]
    assert sorted(received) == ["audio", "video"]
    for media in SessionDescription.parse(answered).media:
        if media.direction == "recvonly":
            assert media.dtls is not None
            assert [one.algorithm for one in media.dtls.fingerprints] == ["sha-256"]
