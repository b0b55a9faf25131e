"""How often somebody else may be tried in a person's name, over all calls.

A *try* is each time that a verdict turns against the person, or that what is to be added to the
reference is rather somebody else's. A token may make a few in its life, a day at most, and all
tokens of a person who signs in elsewhere as many; then they open no more calls in that name. All
tokens together may make a few more in a name before it is *guarded*: from then on its calls tell
whether they are verified, and nothing else, until weeks have gone by. So nobody can keep a person
from being verified, and nobody can compute a template from a thousand refusals, with however many
tokens and calls.

Windows that are in doubt cost a little, too, and calls with any of them more: beside an edge, what
does not cross it tells something. A call that is verified after all gets back what it cost.
Administrators are not counted.
"""

from __future__ import annotations

import math
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from stream_verifier.access.limiter import Buckets
from stream_verifier.calls.places import Place
from stream_verifier.errors import IdentityLockedError, OtherPersonError, StreamVerifierError
from stream_verifier.events.schema import Payload, Reason, Score, State, StateChanged

_DAY_S = 24 * 3600.0
_WEEK_S = 7 * _DAY_S
_AGAINST = {Reason.FACE_MISMATCH, Reason.VOICE_MISMATCH}
_IN_DOUBT = 2.0
"""LLR of a window's face or voice up to which it is in doubt."""
_WINDOW, _CALL = 1 / 300, 1 / 10
"""What such a window costs of a try, and what a call with any."""


class Tries:
    """The account of a server; used from the event loop only, of bounded size.

    Args:
        most: with one token, in one name.
        told: in one name, before it is guarded.
        now_s: a clock that never goes back.
    """

    def __init__(
        self, *, most: int, told: int, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._now_s = now_s
        self._tokens = Buckets(burst=most, refill_s=_DAY_S / most)
        self._names = Buckets(burst=told, refill_s=_WEEK_S)

    def refuse_if_spent(self, place: Place) -> None:
        """Say that no more may be tried with that token in that name.

        Raises:
            IdentityLockedError: the message says for how long.
        """
        seconds = math.ceil(self.wait_s(place))
        if seconds > 0:
            other = "" if place.subject else " get another token,"
            raise IdentityLockedError(
                "Too many others were tried with that token in that name: try again in "
                f"{seconds} s,{other} or have an administrator do it.",
                retry_after_s=seconds,
            )

    async def refresh(self, place: Place) -> None:
        """Learn what others have counted, where the account is shared.

        Raises:
            FleetError: nobody can say now.
        """

    def wait_s(self, place: Place) -> float:
        """In how many seconds that token may be used in that name; 0 if now."""
        return 0.0 if place.trusted else self._tokens.wait_s(_token(place), self._now_s())

    def guards(self, place: Place) -> bool:
        """Whether calls in that name tell only whether they are verified."""
        return not place.trusted and self._names.wait_s(place.identity, self._now_s()) > 0

    @asynccontextmanager
    async def adding(self, place: Place) -> AsyncIterator[None]:
        """Add to a reference inside; a try, where what is added is rather somebody else's.

        Raises:
            IdentityLockedError: no more may be tried with that token in that name.
            FleetError: nobody can say that now.
        """
        await self.refresh(place)
        self.refuse_if_spent(place)
        try:
            yield
        except OtherPersonError as error:
            self.note_failure(place, error)
            raise

    def note_failure(self, place: Place, error: StreamVerifierError) -> None:
        """Count the end of an enrolment as a try, if it was one."""
        if isinstance(error, OtherPersonError):
            self.charge(place, token=1.0, name=1.0)

    def keys_of(self, place: Place) -> tuple[str, str]:
        """What counts against the token, and what against the name."""
        return _token(place), place.identity

    def charge(self, place: Place, *, token: float = 0.0, name: float = 0.0) -> None:
        """Count so much of a try against both; less than nothing gives back."""
        if place.trusted:
            return
        now_s = self._now_s()
        self._tokens.take(_token(place), token, now_s)
        self._names.take(place.identity, name, now_s)


class CallTries:
    """One call's part in the account.

    Args:
        account: the server's.
        place: what the call takes, and of whom.
    """

    def __init__(self, account: Tries, place: Place) -> None:
        self._account, self._place = account, place
        self._cost = {"token": 0.0, "name": 0.0}
        self._verified = self._against = False

    @property
    def spent(self) -> bool:
        """Whether its token may be used no more in that name."""
        return self._account.wait_s(self._place) > 0

    @property
    def guarded(self) -> bool:
        """Whether it may tell no more than whether it is verified."""
        return self._account.guards(self._place)

    def note(self, payload: Payload) -> bool:
        """Count what a call tells; return whether that was one try too many."""
        match payload:
            case StateChanged(state=State.VERIFIED):
                self._verified, self._against = True, False
                self._charge(**{who: -cost for who, cost in self._cost.items()})
            case StateChanged(state=state, reasons=reasons):
                self._verified = False
                return self._turned(state is State.REJECTED or bool(_AGAINST & {*reasons}))
            case Score(face=face, voice=voice) if not self._verified:
                llrs = [one.llr for one in (face, voice) if one is not None]
                if llrs and min(llrs) < _IN_DOUBT:
                    self._doubted()
        return False

    def note_failure(self, error: StreamVerifierError) -> None:
        """Count what a call failed by, as `Tries.note_failure` does."""
        self._account.note_failure(self._place, error)

    def _turned(self, against: bool) -> bool:
        fresh, self._against = against and not self._against, against
        if fresh:
            self._charge(token=1.0, name=1.0)
        return fresh and self.spent

    def _doubted(self) -> None:
        if not self.guarded:
            self._charge(token=0.0, name=_WINDOW if self._cost["name"] else _CALL)
        elif not self._cost["token"]:
            # Nothing is told any more that would end it: all it costs is the next call.
            self._charge(token=1.0, name=0.0)

    def _charge(self, *, token: float, name: float) -> None:
        self._cost["token"] += token
        self._cost["name"] += name
        self._account.charge(self._place, token=token, name=name)


def _token(place: Place) -> str:
    return f"{place.holder} {place.identity}"
