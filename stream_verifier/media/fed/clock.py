"""A sender's own times, brought to a call's media time."""

from __future__ import annotations

TRUSTED_S = 10.0
"""Media that is dated further from its arrival than this is dated by its arrival."""


class FeedClock:
    """Maps the one clock of a sender to media time; pure.

    Its first media came when it arrived, whatever it says, and its clock counts from there.
    `verify.pace` holds what comes of it to our own clock; here a clock that jumps, or never was
    one, is kept from leading far astray: media time and arrival are never `TRUSTED_S` apart.
    """

    def __init__(self) -> None:
        self.origin_s: float | None = None
        """Monotonic time at which media time is 0; None before any media."""
        self.floor_s = 0.0
        """No media lies before this media time."""
        self._base_s: float | None = None
        self._bases_s: dict[str, float] = {}

    @property
    def synchronised(self) -> bool:
        """Whether sound and pictures are dated by the sender's one clock still."""
        return len(set(self._bases_s.values())) == 1

    def carry_on(self, origin_s: float, *, floor_s: float) -> None:
        """Go on from another clock of the same call; before any media.

        Args:
            origin_s: that clock's.
            floor_s: newest media time there.
        """
        self.origin_s, self.floor_s = origin_s, floor_s

    def date(self, kind: str, at_s: float, arrived_s: float) -> tuple[float, bool]:
        """Return the media time of what came, and whether its clock jumped to get there.

        Args:
            kind: "audio" or "video".
            at_s: on the sender's clock.
            arrived_s: monotonic.
        """
        if self.origin_s is None:
            self.origin_s = arrived_s
        now_s = max(self.floor_s, arrived_s - self.origin_s)
        if self._base_s is None:
            self._base_s = now_s - at_s
        base_s = self._bases_s.setdefault(kind, self._base_s)
        if jumped := abs(at_s + base_s - now_s) > TRUSTED_S:
            base_s = self._bases_s[kind] = now_s - at_s
        return at_s + base_s, jumped
