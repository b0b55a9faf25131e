"""Says events until it is killed: python -m tests.support.killed_log FOLDER.

Each number that listeners were told of is a line of its output.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from stream_verifier.events.envelope import Envelope
from stream_verifier.events.kept.log import KeptEventLog
from stream_verifier.events.log import Limits
from tests.support.event_log_contract import Speaker
from tests.support.feed_media import score
from tests.support.stores import store_at


def kept_log(folder: Path, limits: Limits | None = None) -> KeptEventLog:
    """The log of a folder, over its store."""
    store = store_at(folder / "identities.db")
    place = folder / "events.log-id"
    return KeptEventLog(store, store.kept_events, place=place, limits=limits)


async def main(folder: Path, session: str) -> None:
    log = kept_log(folder)
    await log.start()

    def told(envelope: Envelope) -> None:
        print(log.epoch, envelope.cursor, flush=True)

    log.follow(told)
    speaker = Speaker(session)
    while True:
        await log.append(speaker.say(score()))
        await asyncio.sleep(0.001)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
