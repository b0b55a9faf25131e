"""A publisher that no one here wrote: FFmpeg's WHIP muxer, with H.264 and Opus."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from stream_verifier.access.scopes import Scope
from stream_verifier.access.tokens import Tokens
from stream_verifier.events.schema import MediaStarted, SessionEnded, State, StateChanged
from stream_verifier.identities.keys import new_key, parse_key
from tests.support.calls import TIMEOUT_S, DemoCalls, server_with
from tests.support.certificates import self_signed
from tests.support.told import Told

KEY = new_key()
PUBLISHER = Path(__file__).parents[1] / "support" / "whip_ffmpeg.py"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate for DTLS, on the curve that everyone has."""
    folder = tmp_path_factory.mktemp("keys")
    certificate, key = self_signed("publisher")
    (folder / "cert.pem").write_bytes(certificate)
    (folder / "key.pem").write_bytes(key)
    return folder


async def publish(
    address: str, media: Path, seconds: float, keys: Path
) -> asyncio.subprocess.Process:
    url = f"{address}/api/v1/whip/grace"
    tokens = Tokens(parse_key(KEY))
    token = tokens.issue([Scope.PUBLISH], identity="grace", ttl_s=600)
    return await asyncio.create_subprocess_exec(
        sys.executable, str(PUBLISHER), url, str(media), str(seconds), str(keys), token
    )


@pytest.mark.parametrize(
    ("face", "state"),
    [
        ("grace", State.VERIFIED),
        # What comes after the decoder rejects other callers too.
        pytest.param("eileen", State.REJECTED, marks=pytest.mark.slow),
    ],
)
async def test_a_call_published_by_ffmpeg_is_judged(
    enrolled_dir: Path,
    demo_calls: DemoCalls,
    monkeypatch: pytest.MonkeyPatch,
    keys: Path,
    face: str,
    state: State,
) -> None:
    told = Told(monkeypatch)
    media = demo_calls.enrolment(face)
    async with asyncio.timeout(TIMEOUT_S), server_with(enrolled_dir, token_key=KEY) as server:
        publisher = await publish(server.address, media, 6, keys)
        await told.until(StateChanged, lambda change: change.state is state)
        assert await publisher.wait() == 0
        ended = await told.until(SessionEnded)
    kinds = {payload.kind for _, payload in told.payloads if isinstance(payload, MediaStarted)}
    assert kinds == {"audio", "video"}
    assert ended.reason == "stopped", "FFmpeg ends its call by DELETE, with the token again"


async def test_a_publisher_that_dies_ends_its_call(
    enrolled_dir: Path, demo_calls: DemoCalls, monkeypatch: pytest.MonkeyPatch, keys: Path
) -> None:
    told = Told(monkeypatch)
    media = demo_calls.enrolment("grace")
    async with asyncio.timeout(TIMEOUT_S), server_with(enrolled_dir, token_key=KEY) as server:
        publisher = await publish(server.address, media, 60, keys)
        await told.until(MediaStarted)
        publisher.kill()
        await publisher.wait()
        ended = await told.until(SessionEnded)
    assert ended.reason == "peer_closed"
