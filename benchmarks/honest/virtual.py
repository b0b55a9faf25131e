"""A bad line without a network: packets arrive by a clock of its own, on however slow a machine.

What a server does with them its own parts do: order, dates, intake, pace, windows, decision. Left
out are sockets, encryption and aiortc; what those lose or hold up is the line's to say.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import av

from benchmarks.attacks.sending import Script, Sent
from benchmarks.honest.calling import Call, since, wakes
from benchmarks.honest.network import Conditions, Line
from model.types import Reference
from stream_verifier.events.schema import SessionEnded, Totals
from stream_verifier.media import delivery
from stream_verifier.media.inbox import MediaInbox
from stream_verifier.media.webrtc.clock import RATES_HZ, RtpTimeline
from stream_verifier.media.webrtc.intake import Intake
from stream_verifier.media.webrtc.opus import LONGEST_S
from stream_verifier.media.webrtc.reorder import ReorderBuffer
from stream_verifier.verify.recogniser import Recogniser

_BEGAN_S = 1000.0
_STEP_S = 0.05
_PACKET_BYTES = 1200
_ASKED_AFTER_S = 0.07
"""A hole shows with the next picture, and is asked for then."""
_TRIES = 3
_STALL_S = 0.3
"""A picture that is not whole by then is given up, with all that refer to it."""
_REPORT_EVERY_S = 1.0
_DECODERS = {"audio": "libopus", "video": "libvpx"}


@dataclass(frozen=True, slots=True)
class _Came:
    """A packet of sound or a whole picture, numbered and dated by its sender."""

    number: int
    sent: Sent
    at_s: float
    whole: bool


def virtual_call(
    person: str,
    script: Script,
    conditions: Conditions,
    reference: Reference,
    recogniser: Recogniser,
    *,
    seed: int,
) -> Call:
    """Make one call by a clock of its own.

    Args:
        person: who calls.
        script: what the device sends.
        conditions: of the line.
        reference: whom the call is compared with.
        recogniser: has the model.
        seed: of what is lost and late.
    """
    told, now = Call(person, conditions), SimpleNamespace(s=_BEGAN_S)
    inbox = MediaInbox()
    pipeline = recogniser.verify_pipeline(reference, now=lambda: now.s)
    arriving = _arriving(script, conditions, Line(conditions, began_s=0.0, seed=seed))
    ends = [*wakes(conditions), conditions.call_s]
    clock = SimpleNamespace(monotonic=lambda: now.s)
    with patch.object(delivery, "time", clock):
        device: _Leg | None = None
        for number in range(round(conditions.call_s / _STEP_S)):
            at_s = number * _STEP_S
            now.s = _BEGAN_S + at_s
            if device is None or at_s >= ends[0]:
                ends, before = (ends[1:] if device else ends), device
                device = _Leg(Intake(inbox=inbox, video_rate_hz=2.0, max_side_px=640))
                device.carry_on(before)
            while arriving and arriving[0][0] <= at_s:
                came_s, _, came = heapq.heappop(arriving)
                device.take(came, _BEGAN_S + came_s)
            device.tend(now.s)
            items = inbox.drain()
            payloads = [said for item in items for said in pipeline.feed(item)]
            payloads += [] if items else pipeline.tick(now.s)
            told.told += [(at_s, said) for said in payloads]
    told.lasted_s = conditions.call_s
    ended = SessionEnded(media_s=conditions.call_s, reason="stopped", totals=Totals())
    told.told.append((told.lasted_s, ended))
    return told


def _arriving(script: Script, conditions: Conditions, line: Line) -> list[tuple[float, int, _Came]]:
    """All that ever arrives, a heap by its time."""
    heap: list[tuple[float, int, _Came]] = []
    count = itertools.count()
    numbers = {"audio": itertools.count(), "video": itertools.count()}
    starts = [0.0, *wakes(conditions)]
    for start_s, end_s in zip(starts, [*starts[1:], conditions.call_s], strict=True):
        leg = [one for one in since(script, start_s) if one.send_s < end_s - start_s]
        for sent in sorted(leg, key=lambda one: one.send_s):
            at_s = start_s + sent.send_s
            number = next(numbers[sent.kind])
            came_s, whole = _transit(sent, at_s, line)
            if came_s is not None:
                heapq.heappush(heap, (came_s, next(count), _Came(number, sent, at_s, whole)))
    return heap


def _transit(sent: Sent, at_s: float, line: Line) -> tuple[float | None, bool]:
    """When something is there, and whether it is whole; sound is never asked for again."""
    if sent.kind == "audio":
        wait_s = line.wait_s(at_s, 0)
        return (None, False) if wait_s is None or line.loses() else (at_s + wait_s, True)
    came = [_asked_again(at_s, line) for _ in range(1 + len(sent.data) // _PACKET_BYTES)]
    there = [one for one in came if one is not None]
    if not there:
        return None, False
    late = max(there) - min(there) > _STALL_S
    return (min(there) + _STALL_S, False) if late or len(there) < len(came) else (max(there), True)


def _asked_again(at_s: float, line: Line) -> float | None:
    """When a packet of a picture is there, by whichever of its transmissions."""
    for _ in range(_TRIES):
        wait_s = line.wait_s(at_s, 0)
        if wait_s is None:
            return None
        if not line.loses():
            return at_s + wait_s
        back_s = line.wait_s(at_s + _ASKED_AFTER_S, 1)
        if back_s is None:
            return None
        at_s += _ASKED_AFTER_S + back_s
    return None


class _Leg:
    """What one connection of a server keeps; it is the tap of both its streams."""

    def __init__(self, intake: Intake) -> None:
        self.intake = intake
        self._order: ReorderBuffer[tuple[_Came, float]] = ReorderBuffer()
        self._timelines = {kind: RtpTimeline(rate) for kind, rate in RATES_HZ.items()}
        self._decoders: dict[str, Any] = {
            kind: av.CodecContext.create(name, "r") for kind, name in _DECODERS.items()
        }
        self._reported_s = dict.fromkeys(RATES_HZ, float("-inf"))
        self._arrived_s: dict[int, float] = {}
        self._lost_s = 0.0
        self._anew = self._broken = False
        self._missing = self._misses = False
        self._picture: int | None = None
        self._held: dict[int, tuple[_Came, float]] = {}

    def carry_on(self, before: _Leg | None) -> None:
        """Go on where another connection was lost."""
        if before is not None:
            before.intake.close()
            if (mark := before.intake.mark) is not None:
                self.intake.carry_on(mark)

    def take(self, came: _Came, now_s: float) -> None:
        """Take a packet of sound, or a picture."""
        if came.sent.kind == "audio":
            for due, arrived_s in self._order.push(came.number & 0xFFFF, (came, now_s), now_s):
                self._decode(due, arrived_s)
            return
        self._held[came.number] = (came, now_s)
        self._release(now_s)

    def tend(self, now_s: float) -> None:
        """Give up what was waited for long enough."""
        for due, arrived_s in self._order.expire(now_s):
            self._decode(due, arrived_s)
        self._release(now_s)

    def arrival_s(self, ticks: int) -> float | None:
        """As of a tap."""
        return self._arrived_s.pop(ticks, None)

    def pause_reason(self, _ticks: int) -> str:
        """As of a tap."""
        return "network"

    def lost_s(self, _ticks: int) -> float:
        """As of a tap."""
        return self._lost_s

    def passed_over_s(self) -> float:
        """As of a tap: what comes too late is as long as its hole."""
        return 0.0

    def misses(self, _ticks: int) -> bool:
        """As of a tap."""
        return self._misses

    def turns(self, _ticks: int) -> int:
        """As of a tap."""
        return 0

    def begins_anew(self, _ticks: int) -> bool:
        """As of a tap."""
        return self._anew

    def _release(self, now_s: float) -> None:
        """Decode pictures in order; after a hole, from the next key frame on."""
        for number in sorted(self._held):
            came, arrived_s = self._held[number]
            follows = self._picture is None or number <= self._picture + 1
            if not follows and now_s - arrived_s < _STALL_S:
                return
            del self._held[number]
            if self._picture is not None and number <= self._picture:
                continue
            self._broken = (self._broken or not follows or not came.whole) and not (
                came.sent.key and came.whole
            )
            self._picture = number
            self._missing |= not follows or self._broken
            if not self._broken:
                self._misses, self._missing = self._missing, False
                self._anew = came.sent.key
                self._decode(came, max(arrived_s, now_s if not follows else arrived_s))

    def _decode(self, came: _Came, arrived_s: float) -> None:
        sent = came.sent
        kind, rate = sent.kind, RATES_HZ[sent.kind]
        if kind == "audio":
            self._lost_s = LONGEST_S * self._order.missing_before(came.number & 0xFFFF)
        timeline, clock = self._timelines[kind], self.intake.clock
        ticks = timeline.extend(round(sent.says_s * rate) & 0xFFFFFFFF, arrived_s)
        clock.arrived(kind, ticks, arrived_s)
        self._arrived_s[ticks] = arrived_s
        if arrived_s - self._reported_s[kind] >= _REPORT_EVERY_S:
            self._reported_s[kind] = arrived_s
            clock.report(kind, ticks, came.at_s)
        take = self.intake.take_sound if kind == "audio" else self.intake.take_picture
        for frame in self._frames(kind, sent.data):
            frame.pts = ticks
            take(frame, self)  # type: ignore[arg-type]

    def _frames(self, kind: str, data: bytes) -> Iterator[Any]:
        try:
            yield from self._decoders[kind].decode(av.Packet(data))
        except av.FFmpegError:
            return
