"""A caller who writes his own packets: what is sent, when, and dated how, by a script."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import websockets
from aiortc import MediaStreamTrack
from aiortc.codecs.vpx import VpxPayloadDescriptor
from aiortc.mediastreams import MediaStreamError
from aiortc.rtp import RtpPacket

from stream_verifier.errors import CallRefusedError
from stream_verifier.events.reading import read_line
from stream_verifier.events.schema import SessionEnded, State, StateChanged
from stream_verifier.media.webrtc.ice import LOOPBACK
from stream_verifier.media.webrtc.publisher import Publisher

_CLOCKS = {"audio": Fraction(1, 48_000), "video": Fraction(1, 90_000)}
_CODECS = {"audio": "opus", "video": "vp8"}


@dataclass(frozen=True, slots=True)
class Sent:
    """One packet of a script.

    Attributes:
        kind: "audio" or "video".
        send_s: when it is sent, from the call's begin.
        says_s: the media time that it claims.
        data: encoded Opus or VP8.
        key: whether a decoder can begin with it.
        late_s: its number is drawn when it is sent, and the network gives it out so much later.
        picture: the number that a picture of VP8 says it has (RFC 7741, section 4.2); None: the
            next one.
        ahead: its packets are numbered on from so far ahead of where this is said first.
    """

    kind: str
    send_s: float
    says_s: float
    data: bytes
    key: bool = True
    late_s: float = 0.0
    picture: int | None = None
    ahead: int = 0


Script = list[Sent]


def read_script(media: Path) -> Script:
    """A WebM file's packets, honestly dated."""
    with av.open(str(media)) as container:
        return [
            Sent(
                packet.stream.type,
                float(packet.pts * packet.time_base),
                float(packet.pts * packet.time_base),
                bytes(packet),
                packet.is_keyframe,
            )
            for packet in container.demux()
            if packet.pts is not None and packet.time_base is not None and packet.size
        ]


def until(script: Script, at_s: float) -> Script:
    """What is sent before a time."""
    return [one for one in script if one.send_s < at_s]


def since(script: Script, at_s: float) -> Script:
    """What is sent from a time on; pictures from their first key frame on."""
    first = min((one.send_s for one in script if _begins(one, at_s)), default=at_s)
    return [one for one in script if one.send_s >= (first if one.kind == "video" else at_s)]


def _begins(one: Sent, at_s: float) -> bool:
    return one.kind == "video" and one.key and one.send_s >= at_s - 0.01


def only(script: Script, kind: str) -> Script:
    """One kind's packets."""
    return [one for one in script if one.kind == kind]


def redated(script: Iterable[Sent], *, says: Callable[[float], float]) -> Script:
    """The same packets, dated otherwise."""
    return [replace(one, says_s=says(one.says_s)) for one in script]


class _ScriptedTrack(MediaStreamTrack):
    """One kind of a script, in its own time."""

    def __init__(self, kind: str, script: Script) -> None:
        super().__init__()
        self.kind = kind
        self.codec = _CODECS[kind]
        self._script = iter(sorted(script, key=lambda one: one.send_s))
        self._began_s: float | None = None
        self.late_s = 0.0
        self.picture: int | None = None
        self.ahead = 0

    async def recv(self) -> av.Packet[Any]:
        """The next packet, when its time has come; afterwards nothing, but no end."""
        if self._began_s is None:
            self._began_s = time.monotonic()
        one = next(self._script, None)
        if one is None:
            await asyncio.sleep(3600)
            raise MediaStreamError
        await asyncio.sleep(max(0.0, self._began_s + one.send_s - time.monotonic()))
        self.late_s, self.picture, self.ahead = one.late_s, one.picture, one.ahead
        packet = av.Packet(one.data)
        packet.time_base = _CLOCKS[self.kind]
        packet.pts = packet.dts = round(one.says_s / packet.time_base)
        return packet


class _Reel:
    """Tracks in the place of a file's."""

    def __init__(self, script: Script) -> None:
        kinds = sorted({one.kind for one in script})
        self.tracks = {kind: _ScriptedTrack(kind, only(script, kind)) for kind in kinds}

    def close(self) -> None:
        """End the tracks."""
        for track in self.tracks.values():
            track.stop()


class ScriptedPublisher(Publisher):
    """Sends a script in the place of a file.

    Args:
        script: whatever order.
    """

    def __init__(self, script: Script) -> None:
        super().__init__("", host_addresses=LOOPBACK)
        self._script = script

    async def accept(self, answer: str) -> None:
        """Take the server's answer, and stand between its senders and the network."""
        await super().accept(answer)
        assert self._connection is not None
        # Not before: both kinds go over one transport from the answer on.
        for sender in self._connection.getSenders():
            _Sending(sender)

    def _open(self) -> Any:
        return _Reel(self._script)


class _Sending:
    """Stands between a sender and the network: sends what and when the script wants it.

    Args:
        sender: of one kind.
    """

    def __init__(self, sender: Any) -> None:
        self._ssrc = sender._ssrc.to_bytes(4, "big")  # noqa: SLF001
        self._track: _ScriptedTrack = sender.track
        self._send = sender.transport._send_rtp  # noqa: SLF001
        self._send_again = sender._retransmit  # noqa: SLF001
        self._numbers = _Numbers()
        self._own: set[int] = set()
        self._waiting: set[asyncio.Task[None]] = set()
        sender.transport._send_rtp = self.send_rtp  # noqa: SLF001
        sender._retransmit = self.retransmit  # noqa: SLF001

    async def send_rtp(self, data: bytes) -> None:
        """Send a packet, of this kind or another."""
        if data[8:12] != self._ssrc:
            await self._send(data)
            return
        if self._track.late_s or self._track.ahead:
            self._own.add(_number(data))
        data = self._numbers.give(data, self._track.ahead)
        if self._track.picture is not None:
            data = _with_picture(data, self._track.picture)
        if not self._track.late_s:
            await self._send(data)
            return
        task = asyncio.create_task(self._later(data, self._track.late_s))
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    async def _later(self, data: bytes, wait_s: float) -> None:
        await asyncio.sleep(wait_s)
        with contextlib.suppress(ConnectionError):
            await self._send(data)

    async def retransmit(self, number: int) -> None:
        """Answer who asks for a packet, unless that is not to come before its time."""
        if number not in self._own:
            await self._send_again(number)


def _number(data: bytes) -> int:
    return int.from_bytes(data[2:4], "big")


class _Numbers:
    """Gives packets the numbers of several series, none of which has a hole."""

    def __init__(self) -> None:
        self._given: dict[int, int] = {}
        self._next: dict[int, int] = {}

    def give(self, data: bytes, ahead: int) -> bytes:
        """A packet with its number in the series that began so far ahead of the first one."""
        number = _number(data)
        if number not in self._given:  # Else it is sent again.
            first = self._next.get(0, number) + ahead
            self._given[number] = self._next.setdefault(ahead, first)
            self._next[ahead] += 1
        return data[:2] + (self._given[number] & 0xFFFF).to_bytes(2, "big") + data[4:]


def _with_picture(data: bytes, picture: int) -> bytes:
    """A packet of VP8 with another number of its picture."""
    packet = RtpPacket.parse(data)
    start = len(data) - len(packet.payload)
    descriptor, coded = VpxPayloadDescriptor.parse(packet.payload)
    descriptor.picture_id = picture
    return data[:start] + bytes(descriptor) + coded


class ScriptedCaller:
    """One call of an attacker: follows its states by the wall clock.

    Args:
        address: the server's http address.
        script: what is sent.
        start: fields of the start message but its type and SDP.
    """

    def __init__(self, address: str, script: Script, **start: Any) -> None:
        self.session = self.resume_key = ""
        self.states: list[tuple[float, State]] = []
        self.ended: str | None = None
        self._url = f"{address.replace('http', 'ws', 1)}/api/v1/call"
        self._script = script
        self._start = {"mode": "verify", "identity": "grace", **start}
        self._began_s = 0.0

    @contextlib.asynccontextmanager
    async def calling(self) -> AsyncIterator[ScriptedCaller]:
        """Open the call and follow it inside.

        Raises:
            CallRefusedError: the server says no.
        """
        publisher = ScriptedPublisher(self._script)
        async with websockets.connect(self._url) as socket:
            offer = await publisher.offer()
            await socket.send(json.dumps({"type": "start", "sdp": offer, **self._start}))
            answer = json.loads(await socket.recv())
            if answer["type"] == "error":
                await publisher.close()
                raise CallRefusedError(answer["code"], answer["message"])
            self.session, self.resume_key = answer["session"], answer["resume_key"]
            await publisher.accept(answer["sdp"])
            self._began_s = time.monotonic()
            following = asyncio.create_task(self._follow(socket))
            try:
                yield self
            finally:
                following.cancel()
                await publisher.close()

    def verified_s(self, from_s: float, to_s: float) -> float:
        """Seconds of wall time from one moment of the call to another in which it was verified."""
        total_s, state, since_s = 0.0, State.WAITING, 0.0
        for at_s, after in [*self.states, (to_s, State.WAITING)]:
            if state is State.VERIFIED:
                total_s += max(0.0, min(at_s, to_s) - max(since_s, from_s))
            state, since_s = after, at_s
        return total_s

    async def _follow(self, socket: websockets.ClientConnection) -> None:
        with contextlib.suppress(websockets.ConnectionClosed):
            async for message in socket:
                said = read_line(str(message)).payload
                if isinstance(said, StateChanged):
                    self.states.append((time.monotonic() - self._began_s, said.state))
                elif isinstance(said, SessionEnded):
                    self.ended = said.reason
