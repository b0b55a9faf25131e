"""One timeline of ours for all tracks of a recording, whatever its own clock does.

Recorders that restart, files that were joined and counters that run over make a recording's time
jump. Here each jump begins another epoch: a stretch in which the recording's clock is trusted,
laid behind the one before with a gap between.
"""

from __future__ import annotations

from dataclasses import dataclass, field

JUMP_GAP_S = 1.5
"""How much of our time lies between two epochs; enough to end all trust in what was before."""
_BACK_S = 0.3
"""A track that steps back by more has jumped: no rounding and no reordering does that."""
_BACK_WITH_OTHERS_S = 0.1
"""So does one that steps back by this much when another track has jumped already."""
_NEAR_S = 10.0
"""Tracks whose clocks are so near each other after a jump have jumped to the same epoch."""
_COUNTER_BITS = 33
"""Of the counter of transport streams, in whose ticks a jump may be no more than an overflow."""


@dataclass(slots=True)
class _Epoch:
    shift_s: float
    newest_s: float


@dataclass(slots=True)
class _Track:
    epoch: int
    newest_s: float
    last_s: float


@dataclass(frozen=True, slots=True)
class Place:
    """Where a packet lies.

    Attributes:
        shift_s: to add to its own times.
        jumped: its track's time jumped before it.
    """

    shift_s: float
    jumped: bool


@dataclass(slots=True)
class Timeline:
    """Lays the packets of a recording's tracks on one timeline; pure.

    Attributes:
        origin_s: the recording's own time of its first media.
        start_s: our time for that.
        max_hole_s: if no track has anything for longer, time has jumped ahead.
        end_s: our time at the end of all media so far.
    """

    origin_s: float
    start_s: float
    max_hole_s: float
    end_s: float = field(init=False)
    _epochs: list[_Epoch] = field(init=False, repr=False)
    _tracks: dict[int, _Track] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.end_s = self.start_s
        self._epochs = [_Epoch(self.start_s - self.origin_s, self.origin_s)]

    def place(
        self, track: int, time_s: float, *, length_s: float, tick_s: float, starts: bool = True
    ) -> Place:
        """Take the next packet of a track, in the order of the recording.

        Args:
            track: which one.
            time_s: its decoding time on the recording's clock.
            length_s: how long it lasts, 0 if that is not known.
            tick_s: the clock's resolution.
            starts: decoding can start at it; a picture that depends on others is no new beginning
                unless it is far off.
        """
        known = self._tracks.get(track)
        if known is None:
            known = self._tracks[track] = _Track(0, time_s, time_s)
            known.epoch, jumped = self._first(time_s)
        else:
            jumped = self._jump(known, time_s, tick_s, starts)
        if jumped:
            known.newest_s = time_s
        known.last_s = time_s
        known.newest_s = max(known.newest_s, time_s)
        epoch = self._epochs[known.epoch]
        epoch.newest_s = max(epoch.newest_s, time_s)
        self.end_s = max(self.end_s, time_s + length_s + epoch.shift_s)
        return Place(epoch.shift_s, jumped)

    def _first(self, time_s: float) -> tuple[int, bool]:
        newest = len(self._epochs) - 1
        if abs(time_s - self._epochs[newest].newest_s) <= self.max_hole_s:
            return newest, newest > 0
        return self._begin(time_s), True

    def _jump(self, track: _Track, time_s: float, tick_s: float, starts: bool) -> bool:
        """Move a track on to another epoch if its time jumped, and say whether it did."""
        back_s = track.newest_s - time_s
        ahead_s = time_s - self._epochs[track.epoch].newest_s
        others = track.epoch < len(self._epochs) - 1
        far = back_s > _NEAR_S or ahead_s > self.max_hole_s
        backward = back_s > (_BACK_WITH_OTHERS_S if others else _BACK_S)
        if not far and not (backward and starts):
            return False
        if self._overflowed(track, time_s, tick_s):
            return False
        for index in range(track.epoch + 1, len(self._epochs)):
            if abs(time_s - self._epochs[index].newest_s) <= _NEAR_S:
                track.epoch = index
                return True
        track.epoch = self._begin(time_s)
        return True

    def _overflowed(self, track: _Track, time_s: float, tick_s: float) -> bool:
        """Whether the counter ran over and time goes on; if so, follow it."""
        round_s = tick_s * (1 << _COUNTER_BITS)
        if abs(time_s + round_s - track.last_s) > _NEAR_S / 10:
            return False
        shift_s = self._epochs[track.epoch].shift_s + round_s
        for index in range(track.epoch + 1, len(self._epochs)):
            if abs(self._epochs[index].shift_s - shift_s) < tick_s:
                track.epoch = index
                break
        else:
            self._epochs.append(_Epoch(shift_s, time_s))
            track.epoch = len(self._epochs) - 1
        track.newest_s = time_s
        return True

    def _begin(self, time_s: float) -> int:
        self._epochs.append(_Epoch(self.end_s + JUMP_GAP_S - time_s, time_s))
        return len(self._epochs) - 1
