"""How a server that runs in the foreground logs."""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Literal

from rich.logging import RichHandler

_PLAIN = "%(asctime)s %(levelname)s %(name)s: %(message)s"
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


def log_to_stdout(form: Literal["text", "json"] = "text") -> None:
    """Log for people on a terminal, in lines for whatever collects them elsewhere.

    Setting a line in colours takes milliseconds of the event loop, which calls would feel.
    """
    if form == "json":
        handler = logging.StreamHandler(sys.stdout)
        handler.setFormatter(JsonLines())
        logging.basicConfig(level=logging.INFO, handlers=[handler])
    elif sys.stdout.isatty():
        logging.basicConfig(
            level=logging.INFO,
            format="%(name)s: %(message)s",
            handlers=[RichHandler(show_path=False)],
        )
    else:
        logging.basicConfig(level=logging.INFO, format=_PLAIN, stream=sys.stdout)
    # At INFO these tell every address of every peer.
    for name in ("aioice", "aiortc"):
        logging.getLogger(name).setLevel(logging.WARNING)
