"""Keeps what the server library logs free of what clients must keep secret."""

from __future__ import annotations

import logging

_MOST_CHARS = 200


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
