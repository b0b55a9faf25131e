"""Holds calls to the consent they rest on: tells before it ends, and ends them with it."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from stream_verifier.calls.session import Session
from stream_verifier.errors import StoreError, UnknownIdentityError
from stream_verifier.events.schema import ConsentExpiring
from stream_verifier.identities.consent import Consent
from stream_verifier.identities.store import IdentityStore

_AGAIN_S = 1.0
_DAY_S = 86_400
_LOOK_S = 60.0


class Consents:
    """Used from the event loop only.

    Args:
        store: has the consents.
        notice: so long before a consent ends its calls are told, once each.
        now: gives an aware time.
        look_s: so often at least the end of a consent is held against it: it may be set.
    """

    def __init__(
        self,
        store: IdentityStore,
        *,
        notice: timedelta,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        look_s: float = _LOOK_S,
    ) -> None:
        self._store = store
        self._notice = notice
        self._now = now
        self._look_s = look_s
        self._ends: dict[str, asyncio.TimerHandle] = {}
        self._looking: set[asyncio.Task[None]] = set()

    def begin(self, session: Session, consent: Consent) -> None:
        """Watch over a call that begins; tell it if its consent ends soon."""
        self._arm(session, consent)
        left = None if consent.expires_at is None else consent.expires_at - self._now()
        if left is not None and left <= self._notice and consent.expires_at is not None:
            session.emit(
                ConsentExpiring(
                    media_s=0.0,
                    expires_at=consent.expires_at.astimezone(UTC).isoformat(timespec="seconds"),
                    days_left=max(0, math.floor(left.total_seconds() / _DAY_S)),
                )
            )

    def look_again(self, session: Session) -> None:
        """Find out what became of a call's consent, whose record has changed."""
        task = asyncio.get_running_loop().create_task(self._look(session))
        self._looking.add(task)
        task.add_done_callback(self._looking.discard)

    def end(self, session_id: str) -> None:
        """Watch over a call no more."""
        timer = self._ends.pop(session_id, None)
        if timer is not None:
            timer.cancel()

    def _arm(self, session: Session, consent: Consent) -> None:
        self.end(session.id)
        if consent.expires_at is not None:
            left_s = max(0.0, (consent.expires_at - self._now()).total_seconds())
            loop = asyncio.get_running_loop()
            self._ends[session.id] = (
                loop.call_later(left_s, self.look_again, session)
                if left_s <= self._look_s
                else loop.call_later(self._look_s, self._arm, session, consent)
            )

    async def _look(self, session: Session) -> None:
        while not session.ending:
            try:
                consent = (await self._store.get(session.identity)).consent
            except UnknownIdentityError:
                return  # deleted, of which the call is told
            except StoreError:
                await asyncio.sleep(_AGAIN_S)
                continue
            standing = consent.standing(self._now())
            if standing == "withdrawn":
                session.withdraw("consent_withdrawn")
            elif standing == "expired":
                session.withdraw("consent_expired")
            else:
                self._arm(session, consent)
            return
