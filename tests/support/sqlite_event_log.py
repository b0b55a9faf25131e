"""An event log on an engine that must be waited for: SQLite behind a thread.

It shows that the seam holds, and how little a log is; nothing serves it.
"""

from __future__ import annotations

import asyncio
import secrets
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path

from stream_verifier.events.envelope import Envelope, Filter
from stream_verifier.events.event import Event
from stream_verifier.events.kinds import is_dispensable
from stream_verifier.events.log import HoleListener, Limits, Listener, Stretch
from stream_verifier.events.reading import read_line
from stream_verifier.events.schema import SessionEnded, SessionStarted

_TABLES = """
CREATE TABLE session (id TEXT PRIMARY KEY, identity TEXT, ended INTEGER, ended_at REAL);
CREATE TABLE event (
    cursor INTEGER PRIMARY KEY AUTOINCREMENT, session TEXT, seq INTEGER, type TEXT, score INTEGER,
    line TEXT, UNIQUE (session, seq)
);
CREATE TABLE past (evicted_through INTEGER);
INSERT INTO past VALUES (0);
"""
# An event whose line is null had to go, and is counted.
_TRIM = """
UPDATE event SET line = NULL WHERE cursor IN (
    SELECT cursor FROM event WHERE session = ? AND score = ? AND line IS NOT NULL
    ORDER BY cursor DESC LIMIT -1 OFFSET ?
)
"""
_ENDED = "SELECT id FROM session WHERE ended IS NOT NULL ORDER BY ended"
_HELD_OF_ENDED = """
SELECT count(line) FROM event JOIN session ON session = id WHERE ended IS NOT NULL
"""


class SqliteEventLog:
    """An `EventLog` in a file."""

    failing = False

    def __init__(self, path: Path, *, limits: Limits) -> None:
        self.epoch = secrets.token_hex(8)
        self.cursor = 0
        self._limits = limits
        self._listeners: list[Listener] = []
        self._held: list[tuple[str, float | None]] = []
        self._one_at_a_time = asyncio.Lock()
        self._db = sqlite3.connect(path, check_same_thread=False)
        self._db.executescript(_TABLES)

    async def start(self) -> None:
        pass

    def follow(self, listener: Listener, on_hole: HoleListener | None = None) -> None:
        self._listeners.append(listener)

    def sessions(self) -> list[str]:
        return [id_ for id_, ended_at in self._held if ended_at is None or not self._old(ended_at)]

    async def append(self, events: Sequence[Event]) -> None:
        async with self._one_at_a_time:
            for envelope in await asyncio.to_thread(self._append, events):
                self.cursor = envelope.cursor
                for listener in self._listeners:
                    listener(envelope)

    async def catch_up(self) -> None:
        pass

    async def end(self, session: str) -> None:
        async with self._one_at_a_time:
            await asyncio.to_thread(self._end_alone, session)

    async def read(self, wanted: Filter, *, after: int, through: int) -> Stretch:
        async with self._one_at_a_time:
            return await asyncio.to_thread(self._read, wanted, after, through)

    async def history(self, session: str, after_seq: int = 0) -> list[Event]:
        async with self._one_at_a_time:
            return await asyncio.to_thread(self._history, session, after_seq)

    async def close(self) -> None:
        async with self._one_at_a_time:
            self._db.close()

    def _append(self, events: Sequence[Event]) -> list[Envelope]:
        with self._db:
            envelopes = [made for event in events if (made := self._add(event)) is not None]
            self._look()
        return envelopes

    def _add(self, event: Event) -> Envelope | None:
        self._db.execute("INSERT OR IGNORE INTO session (id) VALUES (?)", [event.session])
        if isinstance(event.payload, SessionStarted):
            identity = [event.payload.identity, event.session]
            self._db.execute("UPDATE session SET identity = ? WHERE id = ?", identity)
        score = is_dispensable(event.payload)
        row = self._db.execute(
            "INSERT OR IGNORE INTO event (session, seq, type, score, line) VALUES (?, ?, ?, ?, ?)"
            " RETURNING cursor",
            [event.session, event.seq, event.type, score, event.line],
        ).fetchone()
        if row is None:
            return None
        most = self._limits.scores if score else self._limits.lasting
        self._db.execute(_TRIM, [event.session, score, most])
        envelope = self._seal(row[0], event)
        if isinstance(event.payload, SessionEnded):
            self._end(event.session)
        return envelope

    def _seal(self, cursor: int, event: Event) -> Envelope:
        query = "SELECT identity FROM session WHERE id = ?"
        (identity,) = self._db.execute(query, [event.session]).fetchone()
        return Envelope(cursor=cursor, identity=identity, event=event)

    def _end_alone(self, session: str) -> None:
        with self._db:
            self._end(session)
            self._look()

    def _end(self, session: str) -> None:
        self._db.execute(
            "UPDATE session SET ended_at = ?, ended = (SELECT 1 + count(ended) + coalesce("
            "max(ended), 0) FROM session) WHERE id = ? AND ended IS NULL",
            [time.monotonic(), session],
        )
        while len(ended := self._db.execute(_ENDED).fetchall()) > self._limits.ended_sessions:
            self._evict(*ended[0])
        for (oldest,) in ended:
            if self._count_of_ended() > self._limits.ended_events:
                self._db.execute(_TRIM, [oldest, True, 0])
        for (oldest,) in ended:
            if self._count_of_ended() > self._limits.ended_events:
                self._evict(oldest)

    def _count_of_ended(self) -> int:
        (count,) = self._db.execute(_HELD_OF_ENDED).fetchone()
        return int(count)

    def _evict(self, session: str) -> None:
        self._db.execute(
            "UPDATE past SET evicted_through = max(evicted_through, "
            "(SELECT max(cursor) FROM event WHERE session = ?))",
            [session],
        )
        self._db.execute("DELETE FROM event WHERE session = ?", [session])
        self._db.execute("DELETE FROM session WHERE id = ?", [session])

    def _look(self) -> None:
        """Let go of what is too old, and remember what is held."""
        for id_, ended_at in self._db.execute("SELECT id, ended_at FROM session").fetchall():
            if ended_at is not None and self._old(ended_at):
                self._evict(id_)
        query = "SELECT id, ended_at FROM session ORDER BY ended NULLS LAST, rowid"
        self._held = self._db.execute(query).fetchall()

    def _old(self, ended_at: float) -> bool:
        return ended_at < time.monotonic() - self._limits.ended_for_s

    def _read(self, wanted: Filter, after: int, through: int) -> Stretch:
        with self._db:
            self._look()
        rows = self._db.execute(
            "SELECT cursor, session, type, line, identity FROM event JOIN session ON session = id"
            " WHERE cursor > ? AND cursor <= ? ORDER BY cursor",
            [after, through],
        ).fetchall()
        fitting = [
            (cursor, line)
            for cursor, session, type_, line, identity in rows
            if wanted.wants_type(type_) and wanted.wants_session(session, identity)
        ]
        held = [self._seal(cursor, read_line(line)) for cursor, line in fitting if line is not None]
        return Stretch(held, self._lost(wanted, after, len(fitting) - len(held)))

    def _lost(self, wanted: Filter, after: int, counted: int) -> int | None:
        (evicted_through,) = self._db.execute("SELECT evicted_through FROM past").fetchone()
        all_held = wanted.sessions is not None and wanted.sessions <= {id_ for id_, _ in self._held}
        return None if after < evicted_through and not all_held else counted

    def _history(self, session: str, after_seq: int) -> list[Event]:
        with self._db:
            self._look()
        query = "SELECT line FROM event WHERE session = ? AND seq > ? AND line IS NOT NULL"
        rows = self._db.execute(f"{query} ORDER BY seq", [session, after_seq]).fetchall()
        return [read_line(line) for (line,) in rows]
