"""Attacks on the doors: tokens, places, offers, sockets."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import resource
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import websockets

from benchmarks.attacks.clips import GRACE, Clips
from benchmarks.attacks.media_cases import GENUINE_S
from benchmarks.attacks.outcome import MOST_MIB, Outcome, refused
from benchmarks.attacks.sending import Script, ScriptedCaller, ScriptedPublisher, Sent, until
from stream_verifier.access.scopes import Scope
from stream_verifier.access.tokens import Tokens
from stream_verifier.errors import CallRefusedError

MIB = 2**20


@dataclass(frozen=True, slots=True)
class Target:
    """A server that asks for tokens, and what an attacker has.

    Attributes:
        address: its http address.
        tokens: issues what he holds.
        clips: what he plays.
        folder: of the server's data.
    """

    address: str
    tokens: Tokens
    clips: Clips
    folder: Path

    def token(self, *scopes: Scope, **bound: str) -> str:
        """A token for ten minutes."""
        return self.tokens.issue(scopes, ttl_s=600, **bound)

    def caller(self, **start: str) -> ScriptedCaller:
        """One who plays the enrolled person's call."""
        return self.caller_of(until(self.clips.call(GRACE, GRACE), GENUINE_S), **start)

    def caller_of(self, script: Script, **start: str) -> ScriptedCaller:
        """One who plays a script, with a token of his own unless he shows another."""
        token = start.pop("token", None) or self.token(Scope.PUBLISH, identity="grace")
        return ScriptedCaller(self.address, script, token=token, **start)


DoorAttack = Callable[[Target], Awaitable[Outcome]]


async def _code(caller: ScriptedCaller) -> str:
    try:
        async with caller.calling():
            return "opened"
    except CallRefusedError as error:
        return error.server_code


async def weaker_point(target: Target) -> Outcome:
    """The caller picks the operating point."""
    told = await _code(target.caller(operating_point="alarm_8h"))
    return refused("the caller picks a weaker operating point", told, "forbidden")


async def many_places(target: Target) -> Outcome:
    """One token bound to one identity opens calls again and again."""
    async with contextlib.AsyncExitStack() as stack:
        token = target.token(Scope.PUBLISH, identity="grace")
        own = set()  # Calls of attacks before this one may still be waited for.
        for _ in range(12):
            with contextlib.suppress(CallRefusedError):
                calling = target.caller(token=token).calling()
                own.add((await stack.enter_async_context(calling)).session)
        admin = {"authorization": f"Bearer {target.token(Scope.ADMIN)}"}
        async with httpx.AsyncClient(base_url=target.address, headers=admin) as client:
            for _ in range(15):  # what was superseded is being closed
                await asyncio.sleep(1.0)
                calls = (await client.get("/api/v1/calls")).json()["calls"]
                held = sum(call["ended_at"] is None for call in calls if call["session"] in own)
                if held <= 1:
                    break
    return Outcome("one bound token opens 12 calls", f"{held} held", "1 held", held <= 1)


async def somebody_elses_call(target: Target) -> Outcome:
    """WHIP DELETE with an unbound token on a socket's call."""
    async with target.caller().calling() as victim:
        token = target.token(Scope.PUBLISH)
        async with httpx.AsyncClient(base_url=target.address) as client:
            answer = await client.delete(
                f"/api/v1/whip/sessions/{victim.session}",
                headers={"authorization": f"Bearer {token}"},
            )
    return refused("an unbound token ends somebody else's call", str(answer.status_code), "403")


async def replace_without_leave(target: Target) -> Outcome:
    """An enrolment token that replaces whoever is enrolled."""
    consent = {"subject": "Somebody Else", "purpose": "x", "text": "x"}
    caller = ScriptedCaller(
        target.address,
        until(target.clips.call(GRACE, GRACE), 2.0),
        mode="enrol",
        replace=True,
        consent=consent,
        token=target.token(Scope.ENROL, identity="grace"),
    )
    return refused("a token to enrol replaces a person", await _code(caller), "forbidden")


def _crowded(offer: str, lines: list[str]) -> str:
    kept = [line for line in offer.splitlines() if not line.startswith("a=candidate")]
    at = next(number for number, line in enumerate(kept) if line.startswith("m=")) + 1
    return "\r\n".join([*kept[:at], *lines, *kept[at:]]) + "\r\n"


async def _offered(target: Target, change: Callable[[str], str]) -> str:
    publisher = ScriptedPublisher(until(target.clips.call(GRACE, GRACE), 2.0))
    start = {"type": "start", "mode": "verify", "identity": "grace"}
    start["token"] = target.token(Scope.PUBLISH, identity="grace")
    start["sdp"] = change(await publisher.offer())
    url = target.address.replace("http", "ws", 1) + "/api/v1/call"
    try:
        async with websockets.connect(url) as socket:
            await socket.send(json.dumps(start))
            answer = json.loads(await socket.recv())
            return str(answer.get("code", answer["type"]))
    finally:
        await publisher.close()


async def many_candidates(target: Target) -> Outcome:
    """An offer with 600 candidates of other hosts."""
    lines = [f"a=candidate:1 1 udp 1 192.0.2.{n % 250} {2000 + n} typ host" for n in range(600)]
    told = await _offered(target, lambda offer: _crowded(offer, lines))
    return refused("an offer with 600 candidates", told, "bad_sdp")


async def many_sections(target: Target) -> Outcome:
    """An offer of 200 media sections."""
    lines = ["m=video 9 UDP/TLS/RTP/SAVPF 96"] * 200
    told = await _offered(target, lambda offer: offer + "\r\n".join(lines) + "\r\n")
    return refused("an offer of 200 media sections", told, "bad_sdp")


def _huge(script: list[Sent]) -> list[Sent]:
    made = []
    for one in script:
        data = bytearray(one.data)
        if one.kind == "video" and one.key and data[3:6] == b"\x9d\x01\x2a":
            data[6:10] = (16383).to_bytes(2, "little") * 2
        made.append(Sent(one.kind, one.send_s, one.says_s, bytes(data), one.key))
    return made


async def huge_pictures(target: Target) -> Outcome:
    """Four calls of pictures that claim 16383 x 16383."""
    process, before = psutil.Process(os.getpid()), 0
    script = _huge(until(target.clips.call(GRACE, GRACE), GENUINE_S))
    before = process.memory_info().rss
    most = 0
    async with contextlib.AsyncExitStack() as stack:
        admin = target.token(Scope.ADMIN)
        for _ in range(4):
            caller = ScriptedCaller(target.address, script, token=admin)
            await stack.enter_async_context(caller.calling())
        for _ in range(20):
            await asyncio.sleep(0.3)
            most = max(most, process.memory_info().rss - before)
    return Outcome(
        "four calls of 16383 x 16383 VP8",
        f"{most / MIB:.0f} MiB more, callers included",
        f"{MOST_MIB:g} MiB",
        most / MIB <= MOST_MIB,
    )


async def silent_sockets(target: Target) -> Outcome:
    """Forty sockets that say nothing, and a caller after them."""
    url = target.address.replace("http", "ws", 1) + "/api/v1/call"
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(40):
            await stack.enter_async_context(websockets.connect(url))
        told = await _code(target.caller())
    return refused("40 sockets that say nothing, then a caller", told, "opened")


@contextlib.asynccontextmanager
async def _idle(target: Target, count: int, sent: bytes) -> AsyncIterator[None]:
    host, _, port = target.address.removeprefix("http://").partition(":")
    writers = []
    for _ in range(count):
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(sent)
        writers.append(writer)
    try:
        yield
    finally:
        for writer in writers:
            writer.close()


async def _health(target: Target) -> str:
    async with httpx.AsyncClient(base_url=target.address, timeout=20) as client:
        return str((await client.get("/api/v1/health")).status_code)


async def idle_connections(target: Target) -> Outcome:
    """Connections that send nothing or half a header."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    count = min(300, soft // 4)
    async with _idle(target, count, b"GET / HTTP/1.1\r\nHost: loc"):
        told = await _health(target)
    return refused(f"{count} connections with half a request", told, "200")


async def bodies_that_never_come(target: Target) -> Outcome:
    """POSTs without a token whose body never comes."""
    post = b"POST /api/v1/tokens HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n"
    host, _, port = target.address.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(post)
    try:
        async with asyncio.timeout(15):
            told = (await reader.readline()).split()[1].decode()
    except TimeoutError:
        told = "waits"
    writer.close()
    return refused("a POST without a token whose body never comes", told, "401")


async def bad_tokens_of_neighbours(target: Target) -> Outcome:
    """Sixty posts without a token and sixty forged ones; then a good token from that address."""
    async with httpx.AsyncClient(base_url=target.address) as client:
        for token in (None, "forged"):
            headers = {"content-type": "application/sdp"}
            headers |= {} if token is None else {"authorization": f"Bearer {token}"}
            for _ in range(60):
                await client.post("/api/v1/whip/grace", content=b"v=0", headers=headers)
    told = await _code(target.caller())
    return refused("120 bad posts from the same address, then a caller", told, "opened")


async def deleted_in_mid_call(target: Target) -> Outcome:
    """The identity is deleted during its call; tried last, since nobody is enrolled then."""
    async with target.caller().calling() as caller:
        await asyncio.sleep(5)
        headers = {"authorization": f"Bearer {target.token(Scope.ADMIN)}"}
        async with httpx.AsyncClient(base_url=target.address, headers=headers) as client:
            await client.delete("/api/v1/identities/grace")
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        while loop.time() - began_s < 5 and caller.ended is None:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        took_s = loop.time() - began_s
    ended = caller.ended or "goes on"
    return Outcome(
        "the identity is deleted during its call",
        f"{ended} after {took_s:.1f} s",
        "identity_deleted within 1 s",
        ended == "identity_deleted" and took_s <= 1.0,
    )


DOORS: tuple[DoorAttack, ...] = (
    weaker_point,
    many_places,
    somebody_elses_call,
    replace_without_leave,
    many_candidates,
    many_sections,
    huge_pictures,
    silent_sockets,
    idle_connections,
    bodies_that_never_come,
    bad_tokens_of_neighbours,
    deleted_in_mid_call,
)
QUICK = (weaker_point, many_places, somebody_elses_call, replace_without_leave, many_sections)
