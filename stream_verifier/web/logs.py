"""Keeps what libraries log free of what is secret, and of whom it is about."""

from __future__ import annotations

import logging

_MOST_CHARS = 200
# From INFO on these tell every address of every peer, and all of the URL of every request of ours:
# some receivers of webhooks want a secret in it. At DEBUG they tell what is written to the store,
# and the tokens that are passed on.
_TALKATIVE = ("aioice", "aiortc", "aiosqlite", "httpx", "websockets.client")


class _WithoutQueries(logging.Filter):
    """Cuts the query off every path in a record: somebody may have put a token there.

    What is left of a path is cut, too: strangers choose it, up to kilobytes.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Let the record pass, its queries cut off; one below INFO quotes frames and stays out."""
        if isinstance(record.args, tuple):
            record.args = tuple(map(_cut, record.args))
        return record.levelno >= logging.INFO


def _cut(told: object) -> object:
    return told.partition("?")[0][:_MOST_CHARS] if isinstance(told, str) else told


_without_queries = _WithoutQueries()


def keep_secrets_out(logger: logging.Logger) -> None:
    """Keep queries, headers and messages out of what this logger writes."""
    logger.addFilter(_without_queries)


def quiet_libraries() -> None:
    """Have the libraries that media, store and requests of ours use log no less than warnings.

    One that the process has given a level of its own keeps it.
    """
    for name in _TALKATIVE:
        logger = logging.getLogger(name)
        if logger.level == logging.NOTSET:
            logger.setLevel(logging.WARNING)
