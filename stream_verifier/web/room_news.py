"""Where LiveKit posts what happens to its rooms."""

from __future__ import annotations

import time

from starlette.exceptions import HTTPException
from starlette.requests import Request

from stream_verifier.web.state import state_of

PATH = "/rooms/livekit/webhook"
"""Under the API's."""


def is_news(request: Request) -> bool:
    """Whether this goes where LiveKit posts."""
    path: str = request.scope["path"]
    return path.endswith(PATH)  # the application may be mounted anywhere


async def hear_livekit(request: Request) -> None:
    """Take a webhook of LiveKit: rooms that begin are attached, those that end detached.

    It is signed as LiveKit signs, with the API key in the settings, and takes no token of ours.
    """
    livekit = state_of(request).livekit
    if livekit is None:
        raise HTTPException(404, "This server follows no LiveKit: see livekit_follow_url.")
    livekit.hear(await request.body(), request.headers.get("authorization"), time.time())
