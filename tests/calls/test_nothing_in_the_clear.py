"""A whole life of a person in a server that logs all it can, and then every file it ever had.

Enrolment from a picture and a recording, a call, all that is held, the deletion, and a crash at
the end: data, ledger, database journals, logs and temporary files hold no name, no word of a
consent, no vector, no picture, no sound, and no token; and there is no core dump.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from benchmarks.ports import free_port
from stream_verifier.access.scopes import Scope
from stream_verifier.access.tokens import Tokens
from stream_verifier.demo.caller import Caller
from stream_verifier.demo.people import DEMO_PEOPLE, speech
from stream_verifier.events.schema import StateChanged
from stream_verifier.identities.keys import new_key, parse_key
from tests.support.calls import TIMEOUT_S, DemoCalls
from tests.support.given_files import picture_of, portrait_of, wav_of
from tests.support.scan import Scan, of_content, of_text, of_vector
from tests.support.stores import rows

NAME, SUBJECT = "Zyxomma Quillfeather-Ó", "Subjecta Vandermonde"
PURPOSE, WORDS = "a purpose called orthogneiss", "I hereby agree to the xylographic clause."
FILE = "passport-of-quillfeather.jpg"
GRACE = DEMO_PEOPLE[0]
ROOT = Path(__file__).resolve().parents[2]


def picture() -> tuple[bytes, Any]:
    return picture_of(GRACE), portrait_of(GRACE)


def recording() -> tuple[bytes, Any]:
    samples = speech(GRACE, seconds=12, seed=1)
    return wav_of(samples), samples


def core_limits(process_id: int) -> list[str]:
    """How large a core dump of a process may be: as it is, and as it could be at most."""
    lines = Path(f"/proc/{process_id}/limits").read_text(encoding="ascii").splitlines()
    (line,) = (line for line in lines if line.startswith("Max core file size"))
    return line.split()[4:6]


async def wait_until_ready(client: httpx.AsyncClient) -> None:
    async with asyncio.timeout(TIMEOUT_S):
        while True:
            try:
                if (await client.get("/api/v1/health")).status_code == 200:
                    return
            except httpx.TransportError:
                await asyncio.sleep(0.1)


async def wait_until_kept(data: Path, events: int) -> None:
    async with asyncio.timeout(TIMEOUT_S):
        while len(rows(data / "identities.db", "kept_events")) != events:  # noqa: ASYNC110
            await asyncio.sleep(0.1)


async def test_a_persons_whole_life_leaves_nothing_in_the_clear(
    tmp_path: Path, demo_calls: DemoCalls
) -> None:
    world = tmp_path / "world"
    data, temporary, here = (world / name for name in ("data", "tmp", "cwd"))
    for folder in (temporary, here):
        folder.mkdir(parents=True)
    key, port = new_key(), free_port()
    tokens = Tokens(parse_key(key))
    admin = tokens.issue((Scope.ADMIN,), ttl_s=3600)
    caller = tokens.issue((Scope.PUBLISH,), identity=NAME, ttl_s=3600)
    environment = {
        **os.environ,
        "STREAM_VERIFIER_TOKEN_KEY": key,
        "TMPDIR": str(temporary),
        "PYTHONPATH": str(ROOT),
    }
    media = demo_calls.get("grace", "grace")
    face, voice = picture(), recording()
    with (world / "server.log").open("wb") as log, Scan(world) as scan:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.support.scanned_server", str(port), str(data)),
            cwd=here,
            env=environment,
            stdout=log,
            stderr=log,
        )
        address = f"http://127.0.0.1:{port}"
        try:
            vectors = await live(address, admin, caller, face[0], voice[0], media, data)
            limits = core_limits(process.pid)
        finally:
            process.send_signal(signal.SIGABRT)
            async with asyncio.timeout(TIMEOUT_S):
                ended = await process.wait()
    assert (limits, ended) == (["0", "0"], -signal.SIGABRT)
    assert list(here.iterdir()) == []

    needles = {
        **named("name", of_text(NAME), of_text("Quillfeather")),
        **named("consent", of_text(SUBJECT), of_text(PURPOSE), of_text(WORDS)),
        **named("file name", of_text(FILE)),
        **named("picture", of_content(face[0]), of_content(face[1].tobytes())),
        **named("sound", of_content(voice[0]), of_content(voice[1].astype(np.float32).tobytes())),
        **named("call's media", of_content(media.read_bytes())),
        **named("token", of_text(admin), of_text(caller), of_text(key)),
        **named("signature", of_text(admin.rpartition(".")[2]), of_text(caller.rpartition(".")[2])),
    }
    for what, vector in vectors.items():
        needles |= named(f"{what} vector", of_vector(np.array(vector, np.float32)))
    pieces = ["", " 1", " 2", " 3", " 4"]
    assert set(vectors) == {"face", *(f"{k}{n}" for k in ("voice", "telephone") for n in pieces)}
    assert scan.found(needles) == []
    # What was looked through is what there was, and what is looked for would have been found.
    files = {"identities.db", "identities.db-journal", "identities.ledger", "server.log"}
    assert files | {"events.log-id"} <= set(scan.seen)
    assert scan.found({"a log at its lowest level": b"DEBUG:"})
    assert len(scan.seen["identities.db"]) > 3


def named(what: str, *forms: dict[str, bytes]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for number, needles in enumerate(forms):
        found |= {f"{what} {number} ({form})": needle for form, needle in needles.items()}
    assert all(len(needle) >= 12 for needle in found.values())
    return found


async def live(
    address: str, admin: str, caller: str, face: bytes, voice: bytes, media: Path, data: Path
) -> dict[str, list[float]]:
    """Enrol, call, ask for all that is held, and delete; the vectors that were held."""
    headers = {"authorization": f"Bearer {admin}"}
    one = "/api/v1/identities/" + NAME
    async with httpx.AsyncClient(base_url=address, headers=headers, timeout=TIMEOUT_S) as client:
        await wait_until_ready(client)
        enrolled = await client.post(
            one,
            data={"subject": SUBJECT, "purpose": PURPOSE, "text": WORDS},
            files=[
                ("face", (FILE, face + os.urandom(2 << 20), "image/jpeg")),
                ("voice", ("voice.wav", voice, "audio/wav")),
            ],
        )
        assert enrolled.status_code == 201, enrolled.text
        async with (
            asyncio.timeout(TIMEOUT_S),
            Caller(address, media, mode="verify", identity=NAME, token=caller) as call,
        ):
            async for event in call:
                if isinstance(event.payload, StateChanged) and event.payload.state == "verified":
                    await call.stop()
        # Refusals are logged, too.
        for wrong in ("Bearer " + caller, "Bearer " + caller[:-4] + "AAAA"):
            await client.get(one, headers={"authorization": wrong})
        await client.get(f"{one}?token={admin}")
        listed = await client.get("/api/v1/identities", params={"search": NAME})
        assert [person["name"] for person in listed.json()["identities"]] == [NAME]
        held = (await client.get(f"{one}/export?vectors=true")).json()
        assert {"session_started", "session_ended"} <= {event["type"] for event in held["events"]}
        await wait_until_kept(data, len(held["events"]))
        assert [one["verdict"] for one in held["calls"]] in (["verified"], [None])
        deleted = await client.delete(one)
        assert deleted.json()["name"] == NAME
        assert (await client.get(one)).status_code == 404
        await wait_until_kept(data, 0)
    vectors: dict[str, list[float]] = held["reference"]["vectors"]
    return vectors


@pytest.mark.parametrize("form", ["float32", "big-endian", "float64", "float16", "int8", "text"])
def test_a_vector_that_lay_there_for_a_moment_is_found(tmp_path: Path, form: str) -> None:
    vector = np.random.default_rng(1).standard_normal(192).astype(np.float32)
    needles = of_vector(vector)
    with Scan(tmp_path) as scan:
        file = tmp_path / "brief"
        file.write_bytes(b"x" * 99 + needles[form] + b"y")
        while "brief" not in scan.seen:
            pass
        file.unlink()
    assert scan.found(needles) == [f"{form} in brief"]
