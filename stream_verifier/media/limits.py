"""How much one call may send, and what counts it; pure, time passed in."""

from __future__ import annotations

from dataclasses import dataclass

MAX_SIDE_PX = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaLimits:
    """What is taken of one call; what is more is dropped and counted.

    Attributes:
        frame_pixels: width times height of a picture, either way round.
        side_px: its longer side.
        frames_per_s: pictures.
        pixels_per_s: of all pictures together, which is what decoding costs.
        packets_per_s: datagrams, over all streams.
        bytes_per_s: in them.
    """

    frame_pixels: int = 1920 * 1080
    side_px: int = MAX_SIDE_PX
    frames_per_s: float = 70.0
    pixels_per_s: float = 1920 * 1080 * 60.0
    packets_per_s: float = 2500.0
    bytes_per_s: float = 2_500_000.0

    def fits(self, width: int, height: int) -> bool:
        """Whether a picture is small enough to be decoded."""
        return width * height <= self.frame_pixels and max(width, height) <= self.side_px


class Budget:
    """A token bucket: so much a second, and what was saved up since.

    Args:
        per_s: what comes in.
        burst_s: seconds of it that may be saved, as after a freeze of the network.
    """

    def __init__(self, per_s: float, *, burst_s: float) -> None:
        self._per_s = per_s
        self._most = self._left = per_s * burst_s
        self._at_s: float | None = None

    def left(self, now_s: float) -> float:
        """What may be spent now; below 0 where more was spent than was there."""
        elapsed_s = 0.0 if self._at_s is None else max(0.0, now_s - self._at_s)
        self._at_s = now_s
        self._left = min(self._most, self._left + elapsed_s * self._per_s)
        return self._left

    def spend(self, amount: float) -> None:
        """Spend an amount that was known only afterwards: what was overdrawn is paid first."""
        self._left -= amount

    def take(self, amount: float, now_s: float) -> bool:
        """Spend an amount, all or nothing; whether it was there."""
        if amount > self.left(now_s):
            return False
        self.spend(amount)
        return True
