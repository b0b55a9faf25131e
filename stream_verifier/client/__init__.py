"""Follow the events of a server from Python, feed calls with decoded media, and enrol from files.

from stream_verifier.client import EventFeed, FeedEvent

async with EventFeed("https://verifier.example", token=TOKEN) as feed:
    async for item in feed:
        if isinstance(item, FeedEvent):
            print(item.session, item.payload)

`DecodedCall` feeds one call; `enrol_files` enrols from pictures and recordings.
"""

from stream_verifier.client.decoded_call import DecodedCall
from stream_verifier.client.enrolling import enrol_files
from stream_verifier.client.feed import EventFeed
from stream_verifier.client.items import FeedEvent, Lost
from stream_verifier.errors import (
    CallError,
    CallRefusedError,
    EnrolmentLostError,
    EnrolmentRefusedError,
    FeedError,
    FeedRefusedError,
)
from stream_verifier.events.envelope import Position

__all__ = [
    "CallError",
    "CallRefusedError",
    "DecodedCall",
    "EnrolmentLostError",
    "EnrolmentRefusedError",
    "EventFeed",
    "FeedError",
    "FeedEvent",
    "FeedRefusedError",
    "Lost",
    "Position",
    "enrol_files",
]
