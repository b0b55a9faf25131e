"""The end of a session: why it came, and how long it may take until all media is scored."""

from __future__ import annotations

import asyncio
import logging
from typing import Literal

from stream_verifier.errors import OverloadedError
from stream_verifier.events.schema import ToldEnd

_logger = logging.getLogger(__name__)

EndReason = ToldEnd | Literal["moved"]
"""Of a call that moved, another worker says the last word."""

UNHEARD: frozenset[EndReason] = frozenset(
    {
        "client_gone",
        "server_stopping",
        "error",
        "ended_by_admin",
        "no_media",
        "superseded",
        "identity_deleted",
        "identity_replaced",
        "too_many_people",
        "consent_withdrawn",
        "consent_expired",
        "server_lost",
        "moved",
    }
)
"""Ends after which nothing more is scored and no enrolment is stored."""

# Well below the five seconds in which a stopped server must be gone.
_VERIFY_S = 2.0
# What a person talked ten seconds for is worth a longer wait than the last score of a call.
_ENROL_S = 10.0


class Ending:
    """Asked for once, then waited for; used on the event loop only.

    Args:
        session_id: safe to log.
        enrols: whether the session is an enrolment, which must not lose its rest.
    """

    def __init__(self, *, session_id: str, enrols: bool) -> None:
        self._session_id = session_id
        self._enrols = enrols
        self._patience_s = _ENROL_S if enrols else _VERIFY_S
        self._reason: asyncio.Future[EndReason] = asyncio.get_running_loop().create_future()
        self._scored = asyncio.Event()
        self._stopping = False
        self._deadline: asyncio.Timeout | None = None

    @property
    def asked(self) -> bool:
        """Whether the end was asked for."""
        return self._reason.done()

    def ask(self, reason: EndReason) -> None:
        """Ask for the end; the first reason counts, but a stopping server always has no time."""
        if not self.asked:
            self._reason.set_result(reason)
        if reason == "server_stopping" and not self._stopping:
            self._stopping = True
            self._hurry()

    async def reason(self) -> EndReason:
        """Wait until the end is asked for; return why."""
        return await asyncio.shield(self._reason)

    def all_scored(self) -> None:
        """Say that no more scores come."""
        self._scored.set()

    async def catch_up(self) -> None:
        """Wait until all media is scored; a verified call can do without its rest.

        Raises:
            OverloadedError: an enrolment's took too long.
        """
        try:
            async with asyncio.timeout(self._patience_s) as self._deadline:
                if self._stopping:
                    self._hurry()
                await self._scored.wait()
        except TimeoutError:
            _logger.warning("session %s: scoring did not catch up at the end", self._session_id)
            if self._enrols:
                raise OverloadedError(
                    "The server was too busy to finish: nothing was stored. Enrol again."
                ) from None
        finally:
            self._deadline = None

    def _hurry(self) -> None:
        if self._deadline is not None and (due := self._deadline.when()) is not None:
            soon = asyncio.get_running_loop().time() + _VERIFY_S
            self._deadline.reschedule(min(due, soon))
