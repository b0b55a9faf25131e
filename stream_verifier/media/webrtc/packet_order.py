"""Tells packets that come late from such as are newer than their numbers say; pure."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum, auto

from aiortc.rtp import RtpPacket

from stream_verifier.media.webrtc.clock import signed
from stream_verifier.media.webrtc.reorder import RESTART

_SLOTS = 1024
_MOST_BEHIND = 64


class Place(Enum):
    """Where a packet is among those of its source that came before it."""

    AHEAD = auto()
    """Its number is newer than all others."""
    LATE = auto()
    """It was sent before others that are here, and comes for the first time."""
    AGAIN = auto()
    """It is one that is here, once more."""
    BEHIND = auto()
    """Its number is older than its date, or was another packet's."""
    RESTARTED = auto()
    """So many of those came that the sender's numbers must have begun anew."""


class PacketOrder:
    """Remembers numbers, dates and contents of a source's newest packets.

    A network delays packets and repeats them, and changes nothing in them. So one whose number was
    passed long ago, and whose date was not, was made so by its sender: who goes by numbers drops it
    as late, who goes by dates shows it.
    """

    def __init__(self) -> None:
        self._newest: int | None = None
        self._slots: list[tuple[int, int, int] | None] = [None] * _SLOTS
        self._behind = 0

    def place(self, packet: RtpPacket, *, reordered: int = 0) -> Place:
        """Note one packet more.

        Args:
            packet: of that source.
            reordered: ticks by which a picture may be shown after one that is sent later.
        """
        number = packet.sequence_number
        ahead = 1 if self._newest is None else signed(number - self._newest, 16)
        if ahead > 0 or ahead <= -RESTART:
            if ahead <= -RESTART:
                self._slots = [None] * _SLOTS
            self._newest, self._behind = number, 0
            self._keep(packet)
            return Place.AHEAD
        if (there := self._at(number)) is not None:
            if there == _told_apart_by(packet):
                return Place.AGAIN
        elif signed(packet.timestamp - next(self._dates_after(number)), 32) <= reordered:
            self._keep(packet)
            return Place.LATE
        self._behind += 1
        if self._behind < _MOST_BEHIND:
            return Place.BEHIND
        self._newest, self._behind, self._slots = number, 0, [None] * _SLOTS
        self._keep(packet)
        return Place.RESTARTED

    def _at(self, number: int) -> tuple[int, int] | None:
        there = self._slots[number % _SLOTS]
        return there[1:] if there is not None and there[0] == number else None

    def _dates_after(self, number: int) -> Iterator[int]:
        """Timestamps of packets with newer numbers; the newest of all is always there."""
        while True:
            number = number + 1 & 0xFFFF
            if (there := self._at(number)) is not None:
                yield there[0]

    def _keep(self, packet: RtpPacket) -> None:
        number = packet.sequence_number
        self._slots[number % _SLOTS] = (number, *_told_apart_by(packet))


def _told_apart_by(packet: RtpPacket) -> tuple[int, int]:
    return packet.timestamp, hash(packet.payload)
