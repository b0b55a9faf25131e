"""How much of what was there to be scored, was."""

from __future__ import annotations

from collections import deque

_STEP_S = 0.25
"""Debts closer together are kept as one, so that none who sends more makes the account longer."""


class Coverage:
    """An account of one modality: what is there and not scored is owed, a score pays.

    Args:
        window_s: media time after which a debt is forgotten, as trust has long forgotten it too.
    """

    def __init__(self, *, window_s: float) -> None:
        self._window_s = window_s
        self._owed: deque[tuple[float, float]] = deque()

    @property
    def owed_s(self) -> float:
        """Seconds of the last while that were there and not scored."""
        return sum(seconds for _, seconds in self._owed)

    def update(self, now_s: float, *, there_s: float, scored_s: float) -> None:
        """Take a window in.

        Args:
            now_s: its end.
            there_s: seconds in it that there was something to score.
            scored_s: seconds up to its end that its score rests on; they pay for the newest debts.
        """
        if there_s > 0:
            self._owe(now_s, there_s)
        while scored_s > 0 and self._owed:
            at_s, seconds = self._owed.pop()
            if seconds > scored_s:
                self._owed.append((at_s, seconds - scored_s))
            scored_s -= seconds
        while self._owed and self._owed[0][0] <= now_s - self._window_s:
            self._owed.popleft()

    def _owe(self, now_s: float, seconds: float) -> None:
        if self._owed and now_s - self._owed[-1][0] < _STEP_S:
            at_s, before_s = self._owed.pop()
            self._owed.append((at_s, before_s + seconds))
        else:
            self._owed.append((now_s, seconds))
