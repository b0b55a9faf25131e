"""Keeps what the server library logs free of what clients must keep secret."""

from __future__ import annotations

import logging


class _WithoutQueries(logging.Filter):
    """Cuts the query off every path in a record: somebody may have put a token there."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let the record pass, its queries cut off; one below INFO quotes frames and stays out."""
        if isinstance(record.args, tuple):
            record.args = tuple(
                item.partition("?")[0] if isinstance(item, str) else item for item in record.args
            )
        return record.levelno >= logging.INFO


_without_queries = _WithoutQueries()


def keep_secrets_out(logger: logging.Logger) -> None:
    """Keep queries, headers and messages out of what this logger writes."""
    logger.addFilter(_without_queries)
