"""How a server that runs in the foreground logs."""

from __future__ import annotations

import logging
import sys

from rich.logging import RichHandler

_PLAIN = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def log_to_stdout() -> None:
    """Log for people on a terminal, in plain lines for whatever collects them elsewhere.

    Setting a line in colours takes milliseconds of the event loop, which calls would feel.
    """
    if sys.stdout.isatty():
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
