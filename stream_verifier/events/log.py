"""The event log: where the events of all sessions are numbered and kept for a while.

What it must hold to is in ``tests/support/event_log_contract.py``, and how to add one in
``docs/contributing/event-log.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from stream_verifier.events.envelope import Envelope, Filter
from stream_verifier.events.event import Event

Listener: TypeAlias = Callable[[Envelope], None]
HoleListener: TypeAlias = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of the past is kept.

    Attributes:
        scores: of one session.
        lasting: other events of one session: a guard against one that never ends, as even a
            state that changes every second takes hours to get there.
        ended_sessions: how many stay after their end.
        ended_events: how many events of ended sessions stay, in all.
        ended_for_s: for how long.
    """

    scores: int = 300
    lasting: int = 10_000
    ended_sessions: int = 200
    ended_events: int = 10_000
    ended_for_s: float = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Stretch:
    """What a log still holds of a part of its past.

    Attributes:
        envelopes: in order.
        lost: how many more were wanted and are no longer held; None if nobody knows.
    """

    envelopes: list[Envelope]
    lost: int | None


class EventLog(Protocol):
    """Numbers events across sessions, keeps them within `Limits`, and tells who follows.

    What a server asks in passing is answered from what its own process knows: ``epoch``,
    ``cursor``, ``failing`` and `sessions`. All else may wait for an engine elsewhere. It is used
    from one event loop.
    """

    @property
    def epoch(self) -> str:
        """Names this numbering: cursors of another one mean nothing here."""

    @property
    def cursor(self) -> int:
        """Number of the newest event that listeners were told of, 0 before the first."""

    @property
    def failing(self) -> bool:
        """Whether it tells events that it cannot keep as long as it should."""

    async def start(self) -> None:
        """Begin; nothing else is asked before.

        Raises:
            NotReadyError: the engine cannot be reached.
        """

    def follow(self, listener: Listener, on_hole: HoleListener | None = None) -> None:
        """Call back for every event that comes after the present cursor, whoever appended it.

        In order, once each, on the event loop, and never for one that `read` does not find unless
        limits have let it go.

        Args:
            listener: is told of each event.
            on_hole: told when there may be events that listeners were not told of and never will.
        """

    def sessions(self) -> list[str]:
        """Ids of all that is held: ended sessions in the order of their ends, then running ones."""

    async def append(self, events: Sequence[Event]) -> None:
        """Number and keep these events, all or none, in this order. Numbers rise, by ones or more.

        ``SessionStarted`` says whom its session is about, ``SessionEnded`` ends it. An event that
        its session already has is passed over, so that a writer who does not know whether it was
        heard may say it again.

        Raises:
            Exception: nothing was kept; the same events come again.
        """

    async def catch_up(self) -> None:
        """Tell listeners of all that anybody appended before; at once in a log of one process.

        Raises:
            NotReadyError: the engine cannot be asked now.
        """

    async def end(self, session: str) -> None:
        """Say that nothing more comes from a session; harmless when said twice."""

    async def read(self, wanted: Filter, *, after: int, through: int) -> Stretch:
        """What is wanted of the events numbered above ``after`` and up to ``through``.

        Args:
            wanted: what to let through.
            after: a cursor, 0 for all that is held.
            through: a cursor that listeners were told of.

        Raises:
            StoreError: the engine cannot be asked now.
        """

    async def history(self, session: str, after_seq: int = 0) -> list[Event]:
        """The held events of a session with a higher number in it, in order.

        Raises:
            StoreError: the engine cannot be asked now.
        """

    async def close(self) -> None:
        """Release everything; what was appended stays wherever the engine keeps it.

        Harmless when said twice.
        """
