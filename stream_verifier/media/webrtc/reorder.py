"""Puts packets back in order without making later ones wait for ever."""

from __future__ import annotations

from typing import Generic, TypeVar

from stream_verifier.media.webrtc.clock import signed

T = TypeVar("T")

RESTART = 1000
"""Sequence numbers this far apart belong to a restarted sender, not to one stream."""


class ReorderBuffer(Generic[T]):
    """Orders packets by their 16-bit sequence numbers.

    In-order packets pass at once. After a hole, packets wait until it fills or ``max_wait_s``
    has passed since the first of them came; then the hole is given up. So a lost packet delays
    its successors briefly, and nothing after them.

    Args:
        max_wait_s: how long a hole is waited for.
        max_packets: packets that may wait; more give the hole up.
    """

    def __init__(self, *, max_wait_s: float = 0.06, max_packets: int = 32) -> None:
        self._max_wait_s = max_wait_s
        self._max_packets = max_packets
        self._next: int | None = None
        self._held: dict[int, T] = {}
        self._since_s = 0.0
        self._holes: dict[int, int] = {}
        self.lost = 0
        """Packets given up."""
        self.late = 0
        """Packets dropped: duplicates, or come after they had been given up."""

    def missing_before(self, sequence: int) -> int:
        """How many packets were given up right before one that was returned; once."""
        return self._holes.pop(sequence, 0)

    def restart(self) -> list[T]:
        """Forget the sequence; return what waited, in order."""
        rest = self._give_up_all()
        self._next = None
        self._holes.clear()
        return rest

    def push(self, sequence: int, packet: T, now_s: float) -> list[T]:
        """Add a packet; return those that are due, in order."""
        ready: list[T] = []
        if self._next is None:
            self._next = sequence
        distance = signed(sequence - self._next, 16)
        if abs(distance) >= RESTART:
            ready = self.restart()
            self._next, distance = sequence, 0
        if distance < 0 or sequence in self._held:
            self.late += 1
            return ready
        if not self._held:
            self._since_s = now_s
        self._held[sequence] = packet
        return ready + self._release() + self.expire(now_s)

    def expire(self, now_s: float) -> list[T]:
        """Return what has waited long enough, its holes given up."""
        ready: list[T] = []
        while self._held and (
            now_s - self._since_s >= self._max_wait_s or len(self._held) > self._max_packets
        ):
            self._skip()
            ready += self._release()
            self._since_s = now_s
        return ready

    def _release(self) -> list[T]:
        ready = []
        while self._next is not None and self._next in self._held:
            ready.append(self._held.pop(self._next))
            self._next = (self._next + 1) & 0xFFFF
        return ready

    def _skip(self) -> None:
        start = self._next or 0
        hole = min((sequence - start) & 0xFFFF for sequence in self._held)
        self.lost += hole
        self._next = (start + hole) & 0xFFFF
        self._holes[self._next] = hole

    def _give_up_all(self) -> list[T]:
        ready: list[T] = []
        while self._held:
            self._skip()
            ready += self._release()
        return ready
