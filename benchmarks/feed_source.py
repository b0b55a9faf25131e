"""A server in a process of its own whose calls are made up: what they say goes to the real hub.

    python -m benchmarks.feed_source --calls 8 --rate 20 --seconds 60 --times FILE

Prints its address, waits for a line, lets the calls speak, writes when each event was published,
prints "done" and waits for the end of its input.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import cast

from starlette.applications import Starlette

from stream_verifier.events.hub import Hub
from stream_verifier.events.schema import (
    Bar,
    Evidence,
    FusedScore,
    ModalityScore,
    Payload,
    Reason,
    Score,
    SessionStarted,
    State,
    StateChanged,
)
from stream_verifier.events.stamper import Stamper
from stream_verifier.hosting.listener import address_of, listen
from stream_verifier.hosting.server import make_server
from stream_verifier.settings import load_settings
from stream_verifier.web.state import state_of_app

_SCORES_A_CHANGE = 4


def said_by_a_call(number: int) -> Iterator[Payload]:
    """What one call says: scores, and every fifth time another state."""
    yield SessionStarted(
        media_s=0, mode="verify", identity=f"person-{number}", model="m", comparator="c"
    )
    states = cycle([State.VERIFIED, State.REJECTED])
    previous, media_s = State.WAITING, 0.0
    while True:
        for _ in range(_SCORES_A_CHANGE):
            media_s += 1
            yield _score(media_s)
        state = next(states)
        yield StateChanged(
            media_s=media_s,
            state=state,
            previous=previous,
            reasons=[Reason.FACE_MISMATCH] if state is State.REJECTED else [],
            llr=3.21,
        )
        previous = state


def _score(media_s: float) -> Score:
    modality = ModalityScore(llr=2.34567)
    return Score(
        media_s=media_s,
        start_s=media_s - 1,
        end_s=media_s,
        scored=["face", "voice"],
        face=modality,
        voice=modality,
        fused=FusedScore(llr=3.4567, of=["face", "voice"]),
        speech_s=0.87,
        faces=[(0.31, 0.22, 0.25, 0.4)],
        notes=[],
        evidence=Evidence(face=4.1, voice=3.2, both=3.1),
        bar=Bar(face=1, voice=1, both=1),
        age_s=0.213,
    )


async def speak(hub: Hub, *, calls: int, rate_hz: float, seconds: float) -> list[float]:
    """Let the calls speak in turn, and return when each event was published (Unix time)."""
    speakers = [(Stamper(f"call-{n}"), said_by_a_call(n)) for n in range(calls)]
    times: list[float] = []
    start = time.monotonic()
    for count, (stamper, payloads) in enumerate(cycle(speakers)):
        due = start + count / rate_hz
        if due - start >= seconds:
            return times
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        times.append(time.time())
        hub.publish(stamper.stamp(next(payloads)))
    return times


async def serve(options: argparse.Namespace, folder: Path) -> None:
    """Run the server until the input ends."""
    settings = load_settings(port=0, data_dir=folder)
    listener = listen(settings)
    server = make_server(settings)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    await server.startup_over.wait()
    print(address_of(listener), flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    hub = state_of_app(cast("Starlette", server.config.app)).hub
    times = await speak(hub, calls=options.calls, rate_hz=options.rate, seconds=options.seconds)
    await asyncio.to_thread(options.times.write_text, json.dumps(times))
    print("done", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.should_exit = True
    await serving


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--calls", type=int, required=True)
    parser.add_argument("--rate", type=float, required=True, help="events a second, of all calls")
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--times", type=Path, required=True, help="JSON file to write")
    with tempfile.TemporaryDirectory(prefix="feed-source-") as folder:
        asyncio.run(serve(parser.parse_args(), Path(folder)))


if __name__ == "__main__":
    main()
