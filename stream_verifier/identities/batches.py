"""Goes through many records of a store while servers go on using it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncEngine

from stream_verifier.identities import database
from stream_verifier.identities.tables import identities

SIZE = 100
"""Rows in one transaction: long enough to pay for its syncs, short enough to wait for."""

Row: TypeAlias = "Mapping[Any, Any]"


async def batches(engine: AsyncEngine, chosen: ColumnElement[bool]) -> AsyncIterator[Sequence[Row]]:
    """Records as they lie there, in the order of their ids.

    Each is met once, whatever the caller changes of it; what does not fulfil the condition any
    more when its turn comes is left out. Half of the time is the others', who wait for the same
    lock of the database: after a batch, as long as the caller took for it.

    Args:
        engine: of the database.
        chosen: the condition that rows fulfil.

    Raises:
        StoreError: they cannot be read.
    """
    # Whoever writes into the file may put other things than text into that column: they come last.
    after: Any = ""
    while rows := await _next(engine, chosen, after):
        after = rows[-1]["id"]
        began = time.monotonic()
        yield rows
        await asyncio.sleep(time.monotonic() - began)


async def _next(engine: AsyncEngine, chosen: ColumnElement[bool], after: Any) -> Sequence[Row]:
    query = select(identities).where(chosen, identities.c.id > after)
    with database.store_errors(engine.url):
        async with engine.connect() as connection:
            query = query.order_by(identities.c.id).limit(SIZE)
            return (await connection.execute(query)).mappings().all()
