"""Every event log holds to the contract: the one that serves, and one on another engine."""

from __future__ import annotations

from pathlib import Path

from stream_verifier.events.log import EventLog, Limits
from stream_verifier.events.memory.log import MemoryEventLog
from tests.support.event_log_contract import EventLogContract
from tests.support.sqlite_event_log import SqliteEventLog


class TestMemoryEventLog(EventLogContract):
    def make(self, folder: Path, limits: Limits) -> EventLog:
        return MemoryEventLog(limits=limits)


class TestSqliteEventLog(EventLogContract):
    def make(self, folder: Path, limits: Limits) -> EventLog:
        return SqliteEventLog(folder / "events.db", limits=limits)
