"""How often somebody else may be tried in a person's name, over all calls.

A *try* is each time that evidence turns against the person in a call. A token may make a few in
its life, a day at most; whoever has a name to himself can be asked for by many tokens, so that one
name is given ten times as many an hour. Administrators are not counted: nobody can keep a person
from being checked.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable

from stream_verifier.calls.places import Place
from stream_verifier.errors import IdentityLockedError
from stream_verifier.events.schema import Payload, Score, State, StateChanged

_DAY_S = 24 * 3600.0
_HOUR_S = 3600.0
_OF_A_NAME = 10
_REMEMBERED = 4096


class Tries:
    """The account of a server; used from the event loop only, of bounded size.

    Args:
        most: with one token, in one name.
        now_s: a clock that never goes back.
    """

    def __init__(self, *, most: int, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._tokens = _Buckets(burst=most, refill_s=_DAY_S / most)
        self._names = _Buckets(burst=_OF_A_NAME * most, refill_s=_HOUR_S / (_OF_A_NAME * most))

    def refuse_if_spent(self, place: Place) -> None:
        """Say that no more may be tried with that token or in that name.

        Raises:
            IdentityLockedError: the message says for how long.
        """
        if place.trusted:
            return
        wait_s = self._wait_s(place)
        if wait_s > 0:
            seconds = math.ceil(wait_s)
            raise IdentityLockedError(
                "Too many calls in that name were with somebody else: try again in "
                f"{seconds} s, or have an administrator open the call.",
                retry_after_s=seconds,
            )

    def count(self, place: Place) -> bool:
        """Count one try; return whether it was the last that may be."""
        if place.trusted:
            return False
        now_s = self._now_s()
        self._tokens.take(_token(place), now_s)
        self._names.take(place.identity, now_s)
        return self._wait_s(place) > 0

    def _wait_s(self, place: Place) -> float:
        now_s = self._now_s()
        return max(
            self._tokens.wait_s(_token(place), now_s), self._names.wait_s(place.identity, now_s)
        )


class CallTries:
    """Tells which events of one call are tries."""

    def __init__(self) -> None:
        self._against: frozenset[str] = frozenset()

    def is_try(self, payload: Payload) -> bool:
        """Whether evidence, or the verdict, has just turned against the person."""
        match payload:
            case Score(bar=bar) if bar is not None:
                sides = {"face": bar.face, "voice": bar.voice}
                now = frozenset(side for side, at in sides.items() if at == -1)
                fresh = now - self._against
                self._against = now
                return bool(fresh)
            case StateChanged(state=State.REJECTED, previous=previous):
                # The first comes with the evidence that was counted already.
                return previous is not State.REJECTED and not self._against
        return False


class _Buckets:
    """Token buckets by name; the one not used for longest is forgotten."""

    def __init__(self, *, burst: float, refill_s: float) -> None:
        self._burst = float(burst)
        self._refill_s = refill_s
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, name: str, now_s: float) -> float:
        return max(0.0, (1.0 - self._now(name, now_s)) * self._refill_s)

    def take(self, name: str, now_s: float) -> None:
        self._left[name] = max(0.0, self._now(name, now_s) - 1.0), now_s
        self._left.move_to_end(name)
        if len(self._left) > _REMEMBERED:
            self._left.popitem(last=False)

    def _now(self, name: str, now_s: float) -> float:
        left, then_s = self._left.get(name, (self._burst, now_s))
        return min(self._burst, left + (now_s - then_s) / self._refill_s)


def _token(place: Place) -> str:
    return f"{place.token_id} {place.identity}"
