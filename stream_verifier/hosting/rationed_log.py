"""Keeps strangers from filling a disk with lines of the log: each costs them but a packet."""

from __future__ import annotations

import logging
import time

_PER_MINUTE = 10
_MINUTE_S = 60.0
_MOST_KINDS = 256


class Rationed(logging.Filter):
    """Lets so many lines of a kind through in a minute, and says how many it kept back.

    Of one kind are lines whose text begins alike before anything is put into it: libraries write
    what they are about behind.

    Args:
        per_minute: lines of each kind.
    """

    def __init__(self, per_minute: int = _PER_MINUTE) -> None:
        super().__init__()
        self._per_minute = per_minute
        self.begin_anew()

    def begin_anew(self) -> None:
        """Count from now on, as of a server that has just been made."""
        self._minute_s = float("-inf")
        self._seen: dict[str, int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to log it."""
        now_s = time.monotonic()
        if now_s - self._minute_s >= _MINUTE_S or len(self._seen) > _MOST_KINDS:
            self._minute_s, self._seen = now_s, {}
        kind = str(record.msg).partition("\n")[0][:80]
        seen = self._seen[kind] = self._seen.get(kind, 0) + 1
        if seen == self._per_minute:
            record.msg = f"{record.msg} (no more lines of this kind are logged in this minute)"
        return seen <= self._per_minute


_rationed = Rationed()


def ration(logger: logging.Logger) -> None:
    """Ration what a logger writes, from now on; once is enough, and twice does no harm."""
    _rationed.begin_anew()
    logger.addFilter(_rationed)
