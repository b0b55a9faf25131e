"""Whether somebody is before the camera beside the one the call is about."""

from __future__ import annotations

from collections.abc import Sequence

_CLOSE = 0.1
_FAR = 0.0375


class Company:
    """Tells people at the table from faces in the background, look after look.

    Width says distance, since heads are alike: half as wide is twice as far away. A face of half
    the main one's width is company at once. A smaller one is from a quarter of it on, four times as
    far away, or from a tenth of the picture on, about 1.3 m before a usual camera, however close
    the main one is; but only if it is there in two looks, and wider than 24 of 640 pixels, some
    3.5 m away. Smaller ones are posters, screens and passers-by.

    Args:
        large: width relative to the main face that is company at once.
        small: likewise, where it is seen twice.
        lasts_s: the second time must come within this.
    """

    def __init__(self, *, large: float = 0.5, small: float = 0.25, lasts_s: float = 1.1) -> None:
        self._large = large
        self._small = min(small, large)
        self._lasts_s = lasts_s
        self._seen_s: float | None = None

    def reset(self) -> None:
        """Forget what was seen."""
        self._seen_s = None

    def crowds(self, main: float, others: Sequence[float], time_s: float) -> bool:
        """Take the faces of the next look.

        Args:
            main: width of the main face as a fraction of the frame's longer side.
            others: likewise of those beside it that were surely found.
            time_s: media time of the look.

        Returns:
            Whether anybody beside the main person should be named.
        """
        widest = max(others, default=0.0)
        if widest < max(_FAR, min(self._small * main, _CLOSE)) and widest < self._large * main:
            return False
        before_s, self._seen_s = self._seen_s, time_s
        twice = before_s is not None and time_s - before_s <= self._lasts_s
        return twice or widest >= self._large * main
