"""Takes what a fleet posts, as a receiver of webhooks does."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from collections import defaultdict
from collections.abc import AsyncIterator

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stream_verifier.webhooks.signature import verify_signature

SECRET = base64.b64encode(bytes(range(32))).decode()


class Hook:
    """Checks each message, and handles it once whatever comes again.

    Attributes:
        events: numbers posted of each session, as they came.
        lost: messages that said that something never came.
        again: messages that came another time under the same id.
    """

    def __init__(self) -> None:
        self.events: dict[str, list[int]] = defaultdict(list)
        self.lost = 0
        self.again = 0
        self._ids: set[str] = set()

    async def take(self, request: Request) -> Response:
        """Take one message."""
        body = await request.body()
        message_id = verify_signature(SECRET, request.headers, body)
        message = json.loads(body)
        if message_id in self._ids:
            self.again += 1
        elif "event" in message:
            self.events[message["event"]["session"]].append(message["event"]["seq"])
        else:
            self.lost += 1
        self._ids.add(message_id)
        return Response(status_code=204)


@contextlib.asynccontextmanager
async def receiving(hook: Hook) -> AsyncIterator[str]:
    """Serve it on loopback; gives its address."""
    app = Starlette(routes=[Route("/hook", hook.take, methods=["POST"])])
    config = uvicorn.Config(app, port=0, lifespan="off", log_config=None, access_log=False)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 (uvicorn has no event for it)
        await asyncio.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/hook"
    finally:
        server.should_exit = True
        await serving
