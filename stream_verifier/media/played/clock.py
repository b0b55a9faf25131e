"""When sound and pictures were played, told by when they come; pure.

A player evens out what the network did before it hands anything over, so that arrival is nearly
the time. Only we are late now and then. A stamp tells by how much, where it is worth something;
whoever sends can have an influence on it.
"""

from __future__ import annotations

MOST_LATE_S = 0.5
"""What seems to come later than this after its stamp has another clock."""
_WINDOW_S = 1.0
_SLACK_S = 0.05


class Line:
    """Brings the stamps of one stream to our own clock.

    What came with the least delay says how the two clocks lie: nothing comes before it was played.
    So one's own delays are taken out, and a stamp can move nothing by more than `MOST_LATE_S`.
    """

    def __init__(self) -> None:
        self._base_s: float | None = None
        self._least_s = MOST_LATE_S
        self._until_s = 0.0

    def forget(self) -> None:
        """Take the next stamp for the first one, as after a pause."""
        self._base_s = None

    def place(self, stamp_s: float, arrived_s: float) -> float:
        """Return when it was played, on our clock; at most `MOST_LATE_S` before its arrival.

        Args:
            stamp_s: on the stream's clock.
            arrived_s: monotonic.
        """
        late_s = 0.0 if self._base_s is None else arrived_s - stamp_s - self._base_s
        if self._base_s is None or not 0 <= late_s <= MOST_LATE_S:
            self._begin(arrived_s - stamp_s, arrived_s)
            return arrived_s
        self._least_s = min(self._least_s, late_s)
        if arrived_s >= self._until_s:
            moved_s = self._least_s if self._least_s > _SLACK_S else 0.0
            self._begin(self._base_s + moved_s, arrived_s)
            late_s -= moved_s
        return arrived_s - late_s

    def _begin(self, base_s: float, arrived_s: float) -> None:
        self._base_s, self._until_s = base_s, arrived_s + _WINDOW_S
        self._least_s = MOST_LATE_S


class PlayedClock:
    """Media time of both streams: that of our own clock, from the first that came."""

    def __init__(self) -> None:
        self.origin_s: float | None = None
        """Monotonic time at which media time is 0; None before any media."""
        self.floor_s = 0.0
        """No media lies before this media time."""
        self._lines = {"audio": Line(), "video": Line()}

    def carry_on(self, origin_s: float, *, floor_s: float) -> None:
        """Go on from another clock of the same call; before any media.

        Args:
            origin_s: that clock's.
            floor_s: newest media time there.
        """
        self.origin_s, self.floor_s = origin_s, floor_s

    def forget(self, kind: str) -> None:
        """Note that a stream pauses."""
        self._lines[kind].forget()

    def date(self, kind: str, stamp_s: float, arrived_s: float) -> float:
        """Return the media time of what came.

        Args:
            kind: "audio" or "video".
            stamp_s: on a clock of that stream, whichever.
            arrived_s: monotonic.
        """
        if self.origin_s is None:
            self.origin_s = arrived_s
        played_s = self._lines[kind].place(stamp_s, arrived_s)
        return max(self.floor_s, played_s - self.origin_s)
