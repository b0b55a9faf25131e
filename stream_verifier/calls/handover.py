"""The connections of one session, one at a time: lost, waited for, replaced, released."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from stream_verifier.calls.connection import Connection, LostReason, Missed
from stream_verifier.errors import MediaError, UnknownSessionError

_MAX_CLOSING = 3

LostHook = Callable[[LostReason], None]
ResumedHook = Callable[[float], None]
FailedHook = Callable[[MediaError], None]


class Handover:
    """Knows the newest connection and releases all earlier ones.

    Args:
        first: the connection that the session began with.
        resume_within_s: how long to wait for another one; 0: not at all.
        on_lost: told when a connection is lost that another may replace.
        on_resumed: told when another has taken over, with the seconds since media came last.
        on_failed: told when the first never came about, which ends the session.
        on_gone: told when none is waited for any more.
    """

    def __init__(
        self,
        *,
        first: Connection,
        resume_within_s: float,
        on_lost: LostHook,
        on_resumed: ResumedHook,
        on_failed: FailedHook,
        on_gone: Callable[[], None],
    ) -> None:
        self.current = first
        self._first = first
        self.resume_within_s = resume_within_s
        self._on_lost = on_lost
        self._on_resumed = on_resumed
        self._on_failed = on_failed
        self._on_gone = on_gone
        self._replacing = asyncio.Lock()
        self._grace: asyncio.TimerHandle | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._retired = False

    def watch(self) -> None:
        """Begin to look after the newest connection."""
        connection = self.current
        connection.watch(lambda: self.lose(connection, "media_stopped"))

    def lose(self, connection: Connection, reason: LostReason) -> None:
        """Note that a connection is gone; wait for another one, where that is allowed."""
        if reason == "socket_closed":
            connection.outbox.close()  # nobody reads it any more
        if connection is not self.current or self._grace is not None or self._retired:
            return
        failure = connection.source.stats.failure
        if connection is self._first and failure is not None:
            self._on_failed(failure)
            return
        if self.resume_within_s <= 0:
            self._on_gone()
            return
        self._part(connection, reason)
        loop = asyncio.get_running_loop()
        self._grace = loop.call_later(self.resume_within_s, self._on_gone)

    async def connect(self, connection: Connection, missed: Callable[[], Missed]) -> str:
        """Start another connection, which then takes over; one client at a time.

        Args:
            connection: the new connection; released if it cannot take over.
            missed: called as it takes over; gives what its client has not got up to then.

        Raises:
            NegotiationError: it cannot be started; the old connection stays.
            UnknownSessionError: the session ended meanwhile.
        """
        async with self._replacing:
            try:
                while len(self._closing) >= _MAX_CLOSING:
                    await asyncio.wait(self._closing, return_when=asyncio.FIRST_COMPLETED)
                answer = await connection.source.start()
                if self._retired:
                    raise UnknownSessionError("This session has ended. Start a new one.")
            except BaseException:
                await connection.close()
                raise
            self._replace(connection, missed)
        return answer

    def retire(self) -> None:
        """Wait for no connection any more and take none; the session ends."""
        self._retired = True
        self._stop_waiting()

    async def close(self) -> None:
        """Release them all; events that wait are still handed out."""
        self.retire()
        await asyncio.gather(self.current.close(), *self._closing, return_exceptions=True)

    def _replace(self, connection: Connection, missed: Callable[[], Missed]) -> None:
        """Change connections between two events: none is lost, none comes twice."""
        old, away_s = self.current, self.current.away_s()
        if self._grace is None:
            self._part(old, "taken_over")
        self._stop_waiting()
        old.taken_over = True
        old.outbox.close()
        if (mark := old.source.mark) is not None:
            connection.source.carry_on(mark)
        connection.missed = missed()
        self.current = connection
        self.watch()
        self._on_resumed(away_s)

    def _part(self, connection: Connection, reason: LostReason) -> None:
        """Take no more media from a connection, and release it while the session goes on."""
        self._on_lost(reason)
        connection.silence()
        task = asyncio.create_task(connection.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _stop_waiting(self) -> None:
        if self._grace is not None:
            self._grace.cancel()
            self._grace = None
