"""One honest call over a bad line: what is sent, and all that is told of it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import websockets

from benchmarks.attacks.sending import Script, ScriptedPublisher, read_script
from benchmarks.honest.network import Conditions, Line
from stream_verifier.errors import CallRefusedError
from stream_verifier.events.reading import read_line
from stream_verifier.events.schema import Payload
from stream_verifier.media.webrtc import aiortc_patches

_PEER_GONE_S = 5.0
"""A server has given up a connection that was silent for so long; the client comes back."""


@dataclass(slots=True)
class Call:
    """What was told of one call.

    Attributes:
        person: who called.
        conditions: over which line.
        told: what events said, with the seconds after which they came.
        lasted_s: wall time from the answer to the end.
        stalled_s: longest standstill of this machine meanwhile.
    """

    person: str
    conditions: Conditions
    told: list[tuple[float, Payload]] = field(default_factory=list)
    lasted_s: float = 0.0
    stalled_s: float = 0.0


def honest_script(clip: Path, conditions: Conditions, *, lap_s: float) -> Script:
    """What a device sends in a call: a clip again and again, by its own clock, while awake."""
    lap = read_script(clip)
    laps = range(int(conditions.call_s // lap_s) + 1)
    on_device = (replace(one, says_s=one.says_s + number * lap_s) for number in laps for one in lap)
    script = [replace(one, send_s=one.says_s / (1 + conditions.drift)) for one in on_device]
    awake = [one for one in script if not conditions.asleep(one.send_s)]
    return _standing(awake, conditions) if conditions.sound_stands else awake


def wakes(conditions: Conditions) -> list[float]:
    """When a device wakes up to a connection that is gone."""
    if conditions.sleep_s < _PEER_GONE_S:
        return []
    count = int((conditions.call_s - 1) // conditions.sleep_every_s)
    return [number * conditions.sleep_every_s for number in range(1, count + 1)]


def _standing(script: Script, conditions: Conditions) -> Script:
    """The microphone's clock counts no time that it slept."""

    def slept_s(at_s: float) -> float:
        return at_s // conditions.sleep_every_s * conditions.sleep_s

    return [
        replace(one, says_s=one.says_s - slept_s(one.send_s)) if one.kind == "audio" else one
        for one in script
    ]


async def call(
    address: str, person: str, clip: Path, conditions: Conditions, *, lap_s: float, seed: int
) -> Call:
    """Make a call and say what was told of it.

    Raises:
        CallRefusedError: the server says no.
    """
    script = await asyncio.to_thread(honest_script, clip, conditions, lap_s=lap_s)
    device = _Device(address, Call(person, conditions), script, seed)
    return await device.call()


class _BadPublisher(ScriptedPublisher):
    """Sends a script over a bad line."""

    def __init__(self, script: Script, line: Line) -> None:
        super().__init__(script)
        self._line = line

    async def accept(self, answer: str) -> None:
        assert self._connection is not None
        for transport in aiortc_patches.transports(self._connection):
            self._line.wrap(transport.transport)
        await super().accept(answer)

    async def close(self) -> None:
        await super().close()
        self._line.close()


class _Device:
    """Keeps one session over all the connections that it needs."""

    def __init__(self, address: str, told: Call, script: Script, seed: int) -> None:
        self._url = f"{address.replace('http', 'ws', 1)}/api/v1/call"
        self._call = told
        self._script = script
        self._seed = seed
        self._began_s = time.monotonic()
        self._key: dict[str, Any] = {}
        self._newest = 0

    async def call(self) -> Call:
        wakes_s = wakes(self._call.conditions)
        for start_s, end_s in zip(
            [0.0, *wakes_s], [*wakes_s, self._call.conditions.call_s], strict=True
        ):
            await self._connect(start_s, end_s)
        self._call.lasted_s = self._now_s()
        return self._call

    def _now_s(self) -> float:
        return time.monotonic() - self._began_s

    async def _connect(self, start_s: float, end_s: float) -> None:
        line = Line(self._call.conditions, began_s=self._began_s, seed=self._seed)
        publisher = _BadPublisher(since(self._script, start_s), line)
        async with websockets.connect(self._url, ping_interval=None) as socket:
            try:
                following = await self._open(socket, publisher)
                await asyncio.sleep(end_s - self._now_s())
                if end_s == self._call.conditions.call_s:
                    with contextlib.suppress(websockets.ConnectionClosed):
                        await socket.send(json.dumps({"type": "stop"}))
                    await asyncio.wait({following}, timeout=5)
                following.cancel()
            finally:
                await publisher.close()

    async def _open(
        self, socket: websockets.ClientConnection, publisher: ScriptedPublisher
    ) -> asyncio.Task[None]:
        offer = await publisher.offer()
        first: dict[str, object] = {
            "type": "start",
            "mode": "verify",
            "identity": self._call.person,
        }
        if self._key:
            first = {"type": "resume", **self._key, "after": self._newest}
        await socket.send(json.dumps({**first, "sdp": offer}))
        answer = json.loads(await socket.recv())
        if answer["type"] == "error":
            raise CallRefusedError(answer["code"], answer["message"])
        if not self._key:
            self._key = {name: answer[name] for name in ("session", "resume_key")}
        await publisher.accept(answer["sdp"])
        return asyncio.create_task(self._follow(socket))

    async def _follow(self, socket: websockets.ClientConnection) -> None:
        with contextlib.suppress(websockets.ConnectionClosed):
            async for message in socket:
                event = read_line(str(message))
                self._newest = max(self._newest, event.seq)
                self._call.told.append((self._now_s(), event.payload))


def since(script: Script, at_s: float) -> Script:
    """What is sent from a time on, which is then the first; pictures from their key frame on."""
    key_s = min(
        (one.send_s for one in script if one.kind == "video" and one.key and one.send_s >= at_s),
        default=at_s,
    )
    return [
        replace(one, send_s=one.send_s - at_s)
        for one in script
        if one.send_s >= (key_s if one.kind == "video" else at_s)
    ]
