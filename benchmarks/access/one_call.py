"""A register of calls in which one more seems to run, so that tokens can be tried on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from benchmarks.access.ways import IDENTITY, SESSION
from stream_verifier.calls.places import Place
from stream_verifier.calls.registry import SessionRegistry
from stream_verifier.calls.summary import CallSummary
from stream_verifier.errors import UnknownSessionError
from stream_verifier.events.call_messages import Resume


@dataclass(frozen=True)
class RunningCall:
    """As much of a session as is asked for; it runs on whatever it is told."""

    id: str = SESSION
    identity: str = IDENTITY
    enrols: bool = False

    @property
    def place(self) -> Place:
        """Some other token of that identity opened it."""
        return Place(self.identity, "another", bound=True)

    def begun_by(self, *, socket: bool, way: str = "webrtc") -> bool:  # noqa: ARG002
        """Say that it was begun in whichever way is asked for."""
        return True

    def request_end(self, reason: str) -> None:
        """Take note of nothing."""


class OneCall:
    """Stands before the register of an application.

    Args:
        sessions: answers for all other calls.
    """

    def __init__(self, sessions: SessionRegistry) -> None:
        self._sessions = sessions

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sessions, name)

    def calls(self) -> list[CallSummary]:
        """The call that seems to run."""
        return [CallSummary(SESSION, "verify", IDENTITY)]

    def find(self, session_id: str) -> Any:
        """The call that seems to run, whatever id is asked for."""
        return RunningCall(session_id)

    async def resume(self, message: Resume) -> Any:  # noqa: ARG002
        """Say that it just ended."""
        raise UnknownSessionError("This session has ended. Start a new one.")
