"""The event log of one server that comes back.

It serves from memory and never waits: what it tells is kept a moment later, so that a full disk
holds up nobody who follows. What a crash takes with it is told as unknown, not as nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from stream_verifier.errors import StreamVerifierError
from stream_verifier.events.envelope import Envelope, Filter
from stream_verifier.events.event import Event
from stream_verifier.events.kept.content import age_s, kept, read_back
from stream_verifier.events.kept.numbering import Numbering
from stream_verifier.events.log import HoleListener, Limits, Listener, Stretch
from stream_verifier.events.memory.log import MemoryEventLog
from stream_verifier.identities.kept_events import KeptEvent, KeptEvents
from stream_verifier.identities.store import Change, IdentityStore

_logger = logging.getLogger(__name__)
MOST_CALLS, MOST_EVENTS = 2_000, 50_000
"""Of calls that ended: so many are kept."""
MOST_WAITING = 10_000
"""Events that wait for the store; the oldest go then, and are told as unknown after a restart."""
RESERVE = 100_000
"""Numbers set aside at once."""
_BATCH = 500
_EVERY_S = 0.5
_LONGEST_RETRY_S = 30.0
_TIDY_EVERY_S = 3600.0
_TIDY_EVERY = 20_000
_LAST_WORDS_S = 3.0


def limits_for(hours: int) -> Limits:
    """How much of the past is kept."""
    return Limits(ended_sessions=MOST_CALLS, ended_events=MOST_EVENTS, ended_for_s=hours * 3600.0)


class KeptEventLog:
    """An `EventLog` of one process at a time, which goes on where the one before it stopped.

    Args:
        store: tells who is deleted; whoever made it closes it.
        kept_events: where events are kept, in that store.
        place: file that says which log is this server's.
        limits: how much is kept.

    Attributes:
        failing: whether the store takes no events now, which a restart would lose.
    """

    def __init__(
        self,
        store: IdentityStore,
        kept_events: KeptEvents,
        *,
        place: Path,
        limits: Limits | None = None,
    ) -> None:
        self.failing = False
        self._store = store
        self._kept = kept_events
        self._numbering = Numbering(place)
        self._copy = MemoryEventLog(limits=limits)
        self._waiting: dict[int, KeptEvent] = {}
        self._unkept = 0
        self._gone: set[str] = set()
        self._forgotten: set[str] = set()
        self._wake, self._closing = asyncio.Event(), asyncio.Event()
        self._reserving = asyncio.Lock()
        self._tidied_s, self._kept_since = 0.0, 0
        self._keeping: asyncio.Task[None] | None = None

    @property
    def epoch(self) -> str:
        """Names this numbering, over restarts."""
        return self._numbering.epoch

    @property
    def cursor(self) -> int:
        """Number of the newest event."""
        return self._copy.cursor

    async def start(self) -> None:
        """Learn what was kept.

        Raises:
            SettingsError: another process has this log.
            StoreError: the store cannot be read.
        """
        await asyncio.to_thread(self._numbering.claim)
        self._stop_watching = self._store.watch(self._on_change)
        try:
            past = await self._kept.read(self.epoch)
            self._replay(await asyncio.to_thread(read_back, past.events))
            await self._reserve()
        except BaseException:
            self._stop_watching()
            self._numbering.release()
            raise
        if past.refused:
            _logger.error("%d kept events are damaged or were changed: passed over", past.refused)
        self._copy.follow(self._note)
        self._tidied_s = asyncio.get_running_loop().time()
        self._keeping = asyncio.create_task(self._keep_for_ever())

    def follow(self, listener: Listener, on_hole: HoleListener | None = None) -> None:
        """Call back for every event from now on."""
        self._copy.follow(listener, on_hole)

    def sessions(self) -> list[str]:
        """Ids of all that is held: ended sessions in the order of their ends, then running ones."""
        return self._copy.sessions()

    async def append(self, events: Sequence[Event]) -> None:
        """Number and keep these events, and tell of each.

        Raises:
            StoreError: no number is left that a restart would not give again.
        """
        if self.cursor + len(events) > self._numbering.reserved:
            await self._reserve()
        await self._copy.append(events)

    async def catch_up(self) -> None:
        """Nobody else appends."""

    async def end(self, session: str) -> None:
        """Count a session among the ended ones."""
        await self._copy.end(session)

    async def read(self, wanted: Filter, *, after: int, through: int) -> Stretch:
        """What is wanted of the events numbered above ``after`` and up to ``through``."""
        return await self._copy.read(wanted, after=after, through=through)

    async def history(self, session: str, after_seq: int = 0) -> list[Event]:
        """The held events of a session with a higher number in it, in order."""
        return await self._copy.history(session, after_seq)

    async def close(self) -> None:
        """Keep the rest and let go; what the store does not take now is told by the log."""
        keeping, self._keeping = self._keeping, None
        if keeping is not None:
            self._stop_watching()
            self._closing.set()
            self._wake.set()
            await asyncio.wait([keeping], timeout=_LAST_WORDS_S)
            if self._waiting:
                _logger.error("%d events were not kept", len(self._waiting))
            elif not self._unkept:
                # All that was told is kept: nobody has to wonder about the numbers set aside.
                await asyncio.to_thread(self._numbering.reserve, self.cursor)
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
        await asyncio.to_thread(self._numbering.release)
        await self._copy.close()

    def _replay(self, envelopes: Sequence[Envelope]) -> None:
        now = datetime.now(UTC)
        for envelope in envelopes:
            self._copy.keep(envelope, age_s=age_s(envelope.event, now))
        unseen = _highest_hole([one.cursor for one in envelopes], self._numbering.reserved)
        if unseen:
            self._copy.skip(unseen, told=False)

    def _note(self, envelope: Envelope) -> None:
        """Have an event kept, unless the person was deleted."""
        if envelope.session in self._forgotten:
            return
        if len(self._waiting) >= MOST_WAITING:
            del self._waiting[next(iter(self._waiting))]
            if not self._unkept:
                _logger.error("events are lost to a restart: more than %d wait", MOST_WAITING)
            self._unkept += 1
        self._waiting[envelope.cursor] = kept(envelope)
        self._wake.set()

    def _on_change(self, change: Change) -> None:
        if change.what == "deleted":
            self._gone.add(change.lookup)
            self._wake.set()

    async def _keep_for_ever(self) -> None:
        retry_s = _EVERY_S
        while not self._closing.is_set() or self._waiting:
            try:
                await self._keep()
                if self.failing:
                    _logger.error("events are kept again; %d are not", self._unkept)
                self.failing, retry_s = False, _EVERY_S
            except Exception as error:  # it must go on: the next time it may succeed
                if not self.failing or not isinstance(error, StreamVerifierError):
                    why = str(error) if isinstance(error, StreamVerifierError) else repr(error)
                    _logger.error("events cannot be kept, and are told all the same: %s", why)
                self.failing, retry_s = True, min(2 * retry_s, _LONGEST_RETRY_S)
                if self._closing.is_set():
                    return
            if not (self.failing or self._waiting or self._gone or self._forgotten):
                self._wake.clear()
                if not self._closing.is_set():
                    await self._wake.wait()
            # A moment more, so that much is written at once.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), retry_s if self.failing else _EVERY_S)

    async def _keep(self) -> None:
        """One round: what was said, who was deleted, numbers for what comes, and what may go."""
        while batch := [*islice(self._waiting.values(), _BATCH)]:
            await self._kept.add(self.epoch, batch)
            for one in batch:
                self._waiting.pop(one.cursor, None)
            self._kept_since += len(batch)
        for lookup in [*self._gone]:
            self._forget(lookup)
            await self._kept.erase(lookup)
            self._gone.discard(lookup)
        self._forgotten -= {*self._copy.forget(self._forgotten)}
        if self._numbering.reserved - self.cursor < RESERVE // 2:
            await self._reserve()
        now_s = asyncio.get_running_loop().time()
        if self._kept_since > _TIDY_EVERY or now_s - self._tidied_s > _TIDY_EVERY_S:
            through, held = self.cursor, self._copy.held()
            await self._kept.keep_only(self.epoch, held, through=through)
            self._tidied_s, self._kept_since = now_s, 0

    async def _reserve(self) -> None:
        async with self._reserving:
            await asyncio.to_thread(self._numbering.reserve, self.cursor + RESERVE)

    def _forget(self, lookup: str) -> None:
        """Let go of calls about a person who was deleted; of those that run at their end."""
        about = {
            session
            for session, name in self._copy.names().items()
            if name is not None and self._store.lookup(name) == lookup
        }
        self._forgotten |= about
        for cursor in [one.cursor for one in self._waiting.values() if one.session in about]:
            del self._waiting[cursor]


def _highest_hole(cursors: Sequence[int], reserved: int) -> int:
    """The highest number up to the reserved one that is not among these rising ones; 0 for none."""
    expected = max([reserved, *cursors[-1:]])
    for cursor in reversed(cursors):
        if cursor != expected:
            break
        expected -= 1
    return expected
