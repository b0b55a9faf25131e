"""What Janus says, word for word, from a script: for what a real one rarely does."""

from __future__ import annotations

import asyncio
import contextlib
import http
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import websockets
from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request, Response

Said = dict[str, Any]
Reply = Callable[[Said], list[Said | str | bytes] | None]


class JanusDouble:
    """Answers as Janus does; whoever tests may answer in its place.

    Attributes:
        reply: gives what is said to a request instead of the usual; None for the usual.
        asked: all requests, without their transactions.
        sockets: that are open.
    """

    def __init__(self) -> None:
        self.reply: Reply = lambda _: None
        self.asked: list[Said] = []
        self.sockets: list[ServerConnection] = []
        self.url = ""
        self._handle = 100

    async def say(self, *messages: Said | str | bytes) -> None:
        """Say something that answers nothing."""
        for socket in self.sockets:
            for message in messages:
                text = json.dumps(message) if isinstance(message, dict) else message
                await socket.send(text)

    def event(self, data: Said, handle: int = 101, **more: Any) -> Said:
        """Something that the VideoRoom says of a handle."""
        wrapped = {"plugin": "janus.plugin.videoroom", "data": data}
        return {"janus": "event", "session_id": 1, "sender": handle, "plugindata": wrapped, **more}

    async def serve(self, socket: ServerConnection) -> None:
        self.sockets.append(socket)
        try:
            async for text in socket:
                asked = json.loads(text)
                transaction = asked.pop("transaction")
                self.asked.append(asked)
                answers = self.reply(asked)
                for answer in self._usual(asked) if answers is None else answers:
                    if isinstance(answer, dict):
                        answer = json.dumps({"transaction": transaction, **answer})
                    await socket.send(answer)
        except websockets.ConnectionClosed:
            pass
        finally:
            self.sockets.remove(socket)

    def _usual(self, asked: Said) -> list[Said]:
        match asked["janus"]:
            case "create":
                return [{"janus": "success", "data": {"id": 1}}]
            case "attach":
                self._handle += 1
                return [{"janus": "success", "session_id": 1, "data": {"id": self._handle}}]
            case "keepalive":
                return [{"janus": "ack", "session_id": 1}]
            case "message" if asked["body"]["request"] == "join":
                joined = {"videoroom": "joined", "room": 1234, "id": 9, "private_id": 77}
                return [
                    {"janus": "ack", "session_id": 1},
                    self.event({**joined, "publishers": []}, asked["handle_id"]),
                ]
        return [{"janus": "success", "session_id": 1}]


@contextlib.asynccontextmanager
async def janus_double(**options: Any) -> AsyncIterator[JanusDouble]:
    """Listen until the block ends."""
    double = JanusDouble()
    options = {"subprotocols": ["janus-protocol"], **options}
    async with websockets.serve(double.serve, "127.0.0.1", 0, **options) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        double.url = f"ws://127.0.0.1:{port}"
        yield double


def sends_on(elsewhere: str) -> Callable[[ServerConnection, Request], Response]:
    """A server that redirects."""

    def process(connection: ServerConnection, request: Request) -> Response:
        response = connection.respond(http.HTTPStatus.FOUND, "there")
        response.headers["Location"] = elsewhere
        return response

    return process


async def soon(fits: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not fits():  # noqa: ASYNC110 (another task)
            await asyncio.sleep(0.01)
