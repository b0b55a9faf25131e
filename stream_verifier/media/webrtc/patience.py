"""How long to wait for what is missing of a picture; pure."""

from __future__ import annotations

LEAST_S = 0.3
MOST_S = 1.0
_MARGIN_S = 0.1
_REMEMBERED_S = 20.0


class Patience:
    """Waits as long as packets came late in the last 20 s, as players' jitter buffers do.

    Who gives up sooner than players sees none of what they show in the meantime: neither what a
    slow line brings again, nor what a sender holds back on purpose.
    """

    def __init__(self) -> None:
        self._learnt_s = LEAST_S
        self._late_s: float | None = None
        self._gave_up: tuple[float, float] | None = None

    def wait_s(self, now_s: float) -> float:
        """How long what came since is to wait, now."""
        if self._late_s is None or now_s - self._late_s > _REMEMBERED_S:
            self._learnt_s = LEAST_S
        return self._learnt_s

    def gave_up(self, now_s: float) -> None:
        """Note that what is missing is not waited for any more."""
        self._gave_up = now_s, self.wait_s(now_s)

    def came_late(self, now_s: float) -> None:
        """Note that a packet came which was not waited for any more."""
        if self._gave_up is None:
            return
        since_s, waited_s = self._gave_up
        late_s = min(MOST_S, now_s - since_s + waited_s + _MARGIN_S)
        self._learnt_s = max(self.wait_s(now_s), late_s)
        self._late_s = now_s
