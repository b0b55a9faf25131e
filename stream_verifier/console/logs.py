"""How a server that runs in the foreground logs."""

from __future__ import annotations

import contextlib
import json
import logging
import re
import sys
import threading
from collections import deque
from datetime import UTC, datetime
from typing import Literal, TextIO

from rich.logging import RichHandler

_PLAIN = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_MOST_WAITING = 1000
_LAST_LINES_S = 1.0
_OF_SESSION = re.compile(r"session %s\b")


class JsonLines(logging.Formatter):
    """One JSON object a line; ``session`` is the id of the call that a line is about."""

    def format(self, record: logging.LogRecord) -> str:
        """Put a record into a line."""
        fields: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if (session := _session(record)) is not None:
            fields["session"] = session
        if record.exc_info:
            fields["error"] = self.formatException(record.exc_info)
        return json.dumps(fields, ensure_ascii=False)


def _session(record: logging.LogRecord) -> str | None:
    """The id of the session that a message begins with, as all do that are about one."""
    about = isinstance(record.msg, str) and _OF_SESSION.match(record.msg)
    return str(record.args[0]) if about and isinstance(record.args, tuple) else None


class _Lines(logging.StreamHandler[TextIO]):
    """Lines for what collects them; that it is gone is told once, and not by a trace for each.

    Once it takes lines again, the log says how many it may lack.
    """

    _failed = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line."""
        failed = self._failed
        super().emit(record)
        if failed and self._failed == failed:
            self._failed = 0
            super().emit(_gap(failed, "before this could not be written"))

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Say on the standard error that there is no log, whatever of it was to be written."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            super().handleError(record)
            return
        self._failed += 1
        if self._failed == 1:
            with contextlib.suppress(OSError):
                print(f"The log cannot be written: {error.strerror}", file=sys.stderr, flush=True)


class Aside(logging.Handler):
    """Has lines written on a thread of its own: whoever reads them may stop, calls must not.

    A terminal that is held, or a collector that hangs, lets no more be written. Lines that do not
    fit are left out, and how many is told once there is room.

    Args:
        writer: writes the lines.
        most: lines that may wait.
    """

    def __init__(self, writer: logging.Handler, *, most: int = _MOST_WAITING) -> None:
        super().__init__()
        self._writer = writer
        self._most = most
        self._waiting: deque[logging.LogRecord] = deque()
        self._changed = threading.Condition()
        self._left_out = 0
        threading.Thread(target=self._write, name="log", daemon=True).start()

    def emit(self, record: logging.LogRecord) -> None:
        """Let a line wait to be written."""
        with self._changed:
            if len(self._waiting) >= self._most:
                self._left_out += 1
                return
            self._waiting.append(record)
            self._changed.notify_all()

    def flush(self) -> None:
        """Wait until all is written, or nobody seems to read it."""
        with self._changed:
            self._changed.wait_for(lambda: not self._waiting, _LAST_LINES_S)

    def _write(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting)
                record = self._waiting[0]
            self._writer.handle(record)
            with self._changed:
                self._waiting.popleft()
                if self._left_out:
                    self._waiting.append(
                        _gap(self._left_out, "are left out here: nobody read the log")
                    )
                    self._left_out = 0
                self._changed.notify_all()


def _gap(lines: int, why: str) -> logging.LogRecord:
    return logging.LogRecord(
        __name__, logging.WARNING, __file__, 0, "%d lines %s", (lines, why), None
    )


def log_to_stdout(form: Literal["text", "json"] = "text") -> None:
    """Log for people on a terminal, in lines for whatever collects them elsewhere.

    Setting a line in colours takes milliseconds of the event loop, which calls would feel.
    """
    writer: logging.Handler
    if form == "text" and sys.stdout.isatty():
        writer = RichHandler(show_path=False)
        writer.setFormatter(logging.Formatter("%(name)s: %(message)s"))
    else:
        writer = _Lines(sys.stdout)
        writer.setFormatter(JsonLines() if form == "json" else logging.Formatter(_PLAIN))
    logging.basicConfig(level=logging.INFO, handlers=[Aside(writer)])
