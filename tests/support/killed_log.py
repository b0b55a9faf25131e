"""Kills servers in the middle of telling events.

Each number that listeners were told of is a line of its output, with the log's name. One
process forks them all, one after the other, each going on with the log of the one before.
"""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

from stream_verifier.events.envelope import Envelope
from stream_verifier.events.kept.log import KeptEventLog
from stream_verifier.events.log import Limits
from stream_verifier.events.schema import SessionStarted, State, StateChanged
from stream_verifier.events.stamper import Stamper
from tests.support.forking import fork
from tests.support.stores import store_at

TOLD = (50, 90, 130, 170)
"""So many events each server tells before it is killed."""


def kept_log(folder: Path, limits: Limits | None = None) -> KeptEventLog:
    """The log of a folder, over its store."""
    store = store_at(folder / "identities.db")
    place = folder / "events.log-id"
    return KeptEventLog(store, store.kept_events, place=place, limits=limits)


def main(folder: Path) -> None:
    for run, count in enumerate(TOLD):
        child = fork()
        if child == 0:
            try:
                asyncio.run(_tell(folder, f"s{run}", count))
            finally:
                os._exit(1)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL, status


async def _tell(folder: Path, session: str, count: int) -> None:
    log = kept_log(folder)
    await log.start()
    left = count

    def told(envelope: Envelope) -> None:
        nonlocal left
        print(log.epoch, envelope.cursor, flush=True)
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

    log.follow(told)
    stamper = Stamper(session)
    started = SessionStarted(media_s=0, mode="verify", identity="ada", model="m", comparator="c")
    await log.append([stamper.stamp(started)])
    changed = StateChanged(
        media_s=1, state=State.VERIFIED, previous=State.WAITING, reasons=[], llr=None
    )
    while True:
        await log.append([stamper.stamp(changed)])
        await asyncio.sleep(0.01)
