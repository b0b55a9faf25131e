"""What all workers of a fleet share: settings, a made-up person and his call."""

from __future__ import annotations

import asyncio
from pathlib import Path

from benchmarks.redis_server import RedisServer
from stream_verifier.console.offline import enrol_files
from stream_verifier.demo.people import DEMO_PEOPLE
from stream_verifier.demo.recorded_call import write_call
from stream_verifier.events.call_messages import ConsentGiven
from stream_verifier.identities.opening import open_store
from stream_verifier.settings import load_settings
from stream_verifier.verify.recogniser import Recogniser

WHO = "grace"
_SECONDS, _FPS = 20.0, 10
_DRAIN_S = 45
_LEASE_S = 6


def make_folders(folder: Path) -> None:
    """Where a fleet's files and its Redis are."""
    for one in (folder, folder / "data", folder / "redis"):
        one.mkdir(exist_ok=True)


async def write_media(path: Path) -> None:
    """A recorded call of the made-up person."""
    person = next(one for one in DEMO_PEOPLE if one.id == WHO)
    await asyncio.to_thread(
        lambda: write_call(path, face=person, voice=person, seconds=_SECONDS, fps=_FPS)
    )


def settings_of(
    folder: Path, redis: RedisServer, database_url: str | None, key: str
) -> dict[str, str]:
    """What all workers share."""
    named = {} if database_url is None else {"DATABASE_URL": database_url}
    return {
        **named,
        "DATA_DIR": str(folder),
        "REDIS_URL": redis.url,
        "TOKEN_KEY": key,
        "TRUSTED_PROXIES": '["127.0.0.1"]',
        "MAX_CALLS": "20",
        "MAX_CALLS_PER_IDENTITY": "20",
        "MEASURE_CAPACITY": "false",
        "ICE_HOST_ADDRESSES": '["127.0.0.1"]',
        "DRAIN_S": str(_DRAIN_S),
        "LEASE_S": str(_LEASE_S),
        "LOG_FORMAT": "json",
    }


async def enrol(folder: Path, database_url: str | None, media: Path) -> None:
    """Enrol the made-up person, in files where no database is named."""
    named = {} if database_url is None else {"database_url": database_url}
    settings = load_settings(data_dir=folder, **named)
    reference = await asyncio.to_thread(
        lambda: enrol_files(
            videos=[media],
            faces=[],
            voices=[],
            recogniser=Recogniser.load(settings),
            face_rate_hz=settings.face_rate_hz,
        )
    )
    consent = ConsentGiven(subject="made up", purpose="measuring", text="I am made up.")
    store = open_store(settings)
    await store.add(WHO, reference, consent.record(longest=None))
    await store.close()
