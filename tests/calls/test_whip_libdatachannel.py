"""A publisher that no one here wrote: libdatachannel, by which OBS speaks WHIP."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from stream_verifier.access.scopes import Scope
from stream_verifier.access.tokens import Tokens
from stream_verifier.events.schema import SessionEnded, State, StateChanged
from stream_verifier.identities.keys import new_key, parse_key
from tests.support.calls import TIMEOUT_S, DemoCalls, server_with
from tests.support.told import Told
from tests.support.whip_libdatachannel import PUBLISHER, needs_libdatachannel, write_frames

KEY = new_key()


@needs_libdatachannel
async def test_a_call_published_by_libdatachannel_is_verified(
    enrolled_dir: Path, demo_calls: DemoCalls, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    told = Told(monkeypatch)
    write_frames(tmp_path / "frames", demo_calls.get("grace", "grace"))
    token = Tokens(parse_key(KEY)).issue([Scope.PUBLISH], identity="grace", ttl_s=600)
    async with asyncio.timeout(TIMEOUT_S), server_with(enrolled_dir, token_key=KEY) as server:
        url = f"{server.address}/api/v1/whip/grace"
        publisher = await asyncio.create_subprocess_exec(
            "node", str(PUBLISHER), url, str(tmp_path / "frames"), token
        )
        await told.until(StateChanged, lambda change: change.state is State.VERIFIED)
        assert await publisher.wait() == 0
        assert (await told.until(SessionEnded)).reason == "stopped"
