"""What is bad about a line or a device, and a network that is like that."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass
from typing import Any

MEDIA = range(128, 192)
"""First bytes that tell RTP and RTCP from DTLS and STUN (RFC 7983)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """One kind of a bad call.

    Attributes:
        name: in few words.
        loss: share of packets of media that never arrive, in both directions.
        jitter_s: packets are late by 0 to so much.
        ordered: the delay wanders and packets stay in order, as in a queue; else each one's is its
            own, and they overtake each other.
        freeze_every_s: so often nothing arrives for a second; what was sent comes late the first
            time, never the second, and so on by turns. 0: never.
        drift: how much faster the device's clock runs than the server's, as a share.
        sleep_every_s: so often the device sleeps. 0: never.
        sleep_s: for so long.
        sound_stands: the clock of its microphone stands still meanwhile.
        call_s: length of each call.
        causes: what such a call gives cause to tell, beside nothing.
    """

    name: str
    loss: float = 0.0
    jitter_s: float = 0.0
    ordered: bool = True
    freeze_every_s: float = 0.0
    drift: float = 0.0
    sleep_every_s: float = 0.0
    sleep_s: float = 0.0
    sound_stands: bool = False
    call_s: float = 75.0
    causes: frozenset[str] = frozenset()

    def asleep(self, at_s: float) -> bool:
        """Whether the device sleeps at a time of the call; it never begins with that."""
        if not self.sleep_every_s:
            return False
        return at_s % self.sleep_every_s >= self.sleep_every_s - self.sleep_s


_FREEZE_S = 1.0
_TARGET_S = 0.3
_AWAY = frozenset({"media_gap", "no_face", "no_speech", "speaker_not_on_camera"})
CONDITIONS = (
    Conditions(name="a good line"),
    Conditions(name="5 % loss", loss=0.05),
    Conditions(name="200 ms jitter, in order", jitter_s=0.2),
    Conditions(name="200 ms jitter, out of order", jitter_s=0.2, ordered=False),
    Conditions(name="freezes of 1 s each 15 s", freeze_every_s=15.0, causes=_AWAY),
    Conditions(name="device clock 200 ppm fast", drift=2e-4, call_s=300.0),
    Conditions(name="device clock 500 ppm slow", drift=-5e-4, call_s=300.0),
    Conditions(
        name="sleeps 10 s of every 60 s", sleep_every_s=60.0, sleep_s=10.0, call_s=150.0,
        causes=_AWAY,
    ),
    Conditions(
        name="sleeps 4 s of every 30 s, its microphone's clock standing still",
        sleep_every_s=30.0, sleep_s=4.0, sound_stands=True, causes=_AWAY,
    ),
    Conditions(
        name="all at once", loss=0.05, jitter_s=0.2, freeze_every_s=15.0, drift=5e-4,
        sleep_every_s=60.0, sleep_s=10.0, call_s=150.0, causes=_AWAY,
    ),
)  # fmt: skip


class Line:
    """Takes the place of a connection's way to the network, at the caller's end.

    Args:
        conditions: how bad it is.
        began_s: monotonic time at which the call began.
        seed: of what is lost and late.
    """

    def __init__(self, conditions: Conditions, *, began_s: float, seed: int = 0) -> None:
        self.lost = 0
        self._conditions = conditions
        self._began_s = began_s
        self._lots = random.Random(seed)
        self._due_s = [0.0, 0.0]
        self._steps: dict[int, float] = {}
        self._late: set[asyncio.Task[None]] = set()

    def wrap(self, transport: Any) -> None:
        """Stand between a DTLS transport and the one below it."""
        send, receive = transport._send, transport._recv  # noqa: SLF001
        arrived: asyncio.Queue[bytes] = asyncio.Queue()

        async def send_badly(data: bytes) -> None:
            self._pass(data, 0, lambda: self._spawn(send(data)))

        async def keep_receiving() -> None:
            while True:
                data = await receive()
                self._pass(data, 1, lambda data=data: arrived.put_nowait(data))

        receiving: asyncio.Task[Any] | None = None

        async def receive_badly() -> bytes:
            nonlocal receiving
            # Not before the connection is there: until then there is nothing to receive from.
            receiving = receiving or self._spawn(keep_receiving())
            reading = asyncio.ensure_future(arrived.get())
            await asyncio.wait({reading, receiving}, return_when=asyncio.FIRST_COMPLETED)
            if reading.done():
                return reading.result()
            reading.cancel()
            receiving.result()  # Raises what ended it.
            raise ConnectionError

        transport._send, transport._recv = send_badly, receive_badly  # noqa: SLF001

    def close(self) -> None:
        """Carry nothing more."""
        for task in self._late:
            task.cancel()

    def _pass(self, data: bytes, way: int, deliver: Any) -> None:
        now_s = time.monotonic()
        wait_s = self.wait_s(now_s, way)
        media = data[0] in MEDIA
        if wait_s is None or (media and self.loses()):
            self.lost += media
            return
        if wait_s <= 0:
            deliver()
        else:
            asyncio.get_running_loop().call_later(wait_s, deliver)

    def _spawn(self, what: Any) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.ensure_future(what)
        self._late.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._late.discard(task)
        if not task.cancelled():
            task.exception()  # The connection went, which its owner knows.

    def loses(self) -> bool:
        """Whether the next packet of media is lost by chance."""
        return self._lots.random() < self._conditions.loss

    def wait_s(self, now_s: float, way: int) -> float | None:
        """How late a packet is on its way to the server (0) or back (1); None: it never comes."""
        at_s, bad = now_s - self._began_s, self._conditions
        if bad.asleep(at_s):
            return None
        late_s = self._jitter_s(at_s)
        if bad.freeze_every_s:
            count, since_s = divmod(at_s, bad.freeze_every_s)
            if count and since_s < _FREEZE_S:
                if count % 2 == 0:
                    return None
                late_s += _FREEZE_S - since_s
        if bad.ordered:
            self._due_s[way] = max(self._due_s[way], at_s + late_s)
            return self._due_s[way] - at_s
        return late_s

    def _jitter_s(self, at_s: float) -> float:
        if not self._conditions.jitter_s:
            return 0.0
        if not self._conditions.ordered:
            return self._lots.uniform(0, self._conditions.jitter_s)
        step, along = divmod(at_s / _TARGET_S, 1.0)
        before, after = (self._target(int(step) + n) for n in (0, 1))
        return self._conditions.jitter_s * (before + along * (after - before))

    def _target(self, step: int) -> float:
        return self._steps.setdefault(step, self._lots.random())
