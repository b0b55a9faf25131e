"""The calls that run here, each in a task of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

from stream_verifier.calls.ending import EndReason
from stream_verifier.calls.neighbours import GONE, CallRecord
from stream_verifier.calls.places import Place
from stream_verifier.calls.session import Session
from stream_verifier.errors import UnknownSessionError


class RunningCalls:
    """Used from the event loop only.

    Args:
        on_end: told of each session once its task is over.
    """

    def __init__(self, on_end: Callable[[Session, asyncio.Task[None]], None]) -> None:
        self._on_end = on_end
        self._sessions: dict[asyncio.Task[None], Session] = {}
        self._records: dict[str, CallRecord] = {}

    def __len__(self) -> int:
        return len(self._sessions)

    def __iter__(self) -> Iterator[Session]:
        """Sessions in the order in which they began; they may end meanwhile."""
        return iter([*self._sessions.values()])

    @property
    def places(self) -> list[Place]:
        """What is taken by those that do not end."""
        return [session.place for session in self if not session.ending]

    def run(self, session: Session, record: CallRecord) -> None:
        """Run a session until it ends.

        Args:
            session: all set.
            record: what other workers have to know of it.
        """
        task = asyncio.create_task(session.run(), name=f"session-{session.id}")
        self._sessions[task], self._records[session.id] = session, record
        task.add_done_callback(self._end)

    def record(self, session_id: str) -> CallRecord:
        """What other workers have to know of one that runs."""
        return self._records[session_id]

    def get(self, session_id: str) -> Session | None:
        """The session of that id that runs and does not end."""
        return next((one for one in self if one.id == session_id and not one.ending), None)

    def find(self, session_id: str) -> Session:
        """Return the session of that id.

        Raises:
            UnknownSessionError: none runs.
        """
        session = self.get(session_id)
        if session is None:
            raise UnknownSessionError(GONE)
        return session

    def ask_to_end(self, session_id: str, reason: EndReason) -> None:
        """Ask a call to end; nothing happens if none of that id runs."""
        for session in self:
            if session.id == session_id:
                session.request_end(reason)

    async def wait(self, wanted: Callable[[Session], bool] = lambda _: True) -> bool:
        """Wait until those that are wanted have ended; return whether there were any."""
        tasks = [task for task, session in self._sessions.items() if wanted(session)]
        if tasks:
            await asyncio.wait(tasks)
        return bool(tasks)

    async def supersede(self, place: Place) -> None:
        """End the call that a bound token holds already, for its bearer opens another."""
        old = {session.id for session in self if place.supersedes(session.place)}
        for session_id in old:
            self.ask_to_end(session_id, "superseded")
        await self.wait(lambda session: session.id in old)

    def _end(self, task: asyncio.Task[None]) -> None:
        session = self._sessions.pop(task)
        del self._records[session.id]
        self._on_end(session, task)
