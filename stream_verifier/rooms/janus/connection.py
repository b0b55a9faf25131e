"""A session with Janus over its WebSocket API: requests, events of handles, keep-alives."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self, TypeAlias

import websockets
from pydantic import SecretStr
from websockets.asyncio.client import ClientConnection
from websockets.typing import Subprotocol

from stream_verifier.errors import RoomError, RoomHostError
from stream_verifier.rooms.janus.refusals import refusal_of

_logger = logging.getLogger(__name__)
_wire_logger = logging.getLogger(f"{__name__}.wire")
# Below that the library writes whole messages, with secrets and names in them.
_wire_logger.setLevel(logging.INFO)
_PROTOCOL = Subprotocol("janus-protocol")
_OPEN_S = 5.0
_ANSWER_S = 10.0
_CLOSE_S = 0.5
_DETACH_S = 2.0
_PING_S = 5.0
# Janus drops a session of which it hears nothing for 60 s unless configured otherwise.
_KEEP_ALIVE_S = 15.0
_MOST_BYTES = 4 * 1024 * 1024
_MOST_WAITING = 10_000

Message: TypeAlias = Mapping[str, object]
"""JSON as Janus speaks it; whatever comes from there may be anything."""

Listener = Callable[[Message], None]


class _Straight(websockets.connect):
    """Goes where it is told to and nowhere else: whoever may redirect us is in our network."""

    def process_redirect(self, exc: Exception) -> Exception:
        return exc


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """What Janus may ask for with every request.

    Attributes:
        api_secret: of the whole server.
        token: of its token authentication.
    """

    api_secret: SecretStr | None = field(default=None, repr=False)
    token: SecretStr | None = field(default=None, repr=False)

    @property
    def fields(self) -> Message:
        """As they go with a request."""
        given = {"apisecret": self.api_secret, "token": self.token}
        return {name: key.get_secret_value() for name, key in given.items() if key is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """A request that was sent; what plugins do, Janus acknowledges before they answer."""

    to_be_noted: bool
    answer: asyncio.Future[Message] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    def hear(self, message: Message) -> None:
        if not self.answer.done() and (self.to_be_noted or message.get("janus") != "ack"):
            self.answer.set_result(message)


class Handle:
    """One use of a plugin; made by `JanusConnection.attach`.

    Args:
        connection: that it belongs to.
        number: Janus's id of it.

    Attributes:
        hear: told of every event of it that answers nothing, also that it or Janus is gone.
    """

    def __init__(self, connection: JanusConnection, number: int) -> None:
        self.number = number
        self.hear: Listener = lambda _: None
        self._connection = connection

    async def ask(self, body: Message, jsep: Message | None = None) -> Message:
        """Send the plugin a request and wait for what comes of it.

        Returns:
            Janus's whole message, whose ``plugindata`` has the plugin's answer.

        Raises:
            RoomError: Janus or the plugin refuse, or Janus is gone.
        """
        more = {} if jsep is None else {"jsep": jsep}
        answer = await self._connection.ask(
            {"janus": "message", "handle_id": self.number, "body": body, **more}
        )
        if (error := refusal_of(said_by_plugin(answer))) is not None:
            raise error
        return answer

    async def detach(self) -> None:
        """Give it back; what cannot be said now is not said."""
        await self._connection.detach(self)


def said_by_plugin(message: Message) -> Message:
    """What a message says in the plugin's words; empty where it says nothing."""
    wrapped = message.get("plugindata")
    data = wrapped.get("data") if isinstance(wrapped, dict) else None
    return data if isinstance(data, dict) else {}


class JanusConnection:
    """Made by `JanusConnection.open`; used from one event loop.

    Args:
        socket: that is open.
        keys: what goes with every request.

    Attributes:
        gone: set once it is of no more use, whoever ended it.
    """

    def __init__(self, socket: ClientConnection, keys: Keys) -> None:
        self.gone = asyncio.Event()
        self._socket = socket
        self._keys = keys
        self._session: int | None = None
        self._waiting: dict[str, _Question] = {}
        self._handles: dict[int, Handle] = {}
        self._tasks = [asyncio.create_task(self._read())]

    @classmethod
    async def open(cls, url: str, keys: Keys) -> Self:
        """Connect and begin a session.

        Raises:
            RoomHostError: nobody answers there, or not as Janus does.
            RoomRefusedError: a secret or token is missing or wrong.
        """
        try:
            socket = await _Straight(
                url,
                subprotocols=[_PROTOCOL],
                open_timeout=_OPEN_S,
                close_timeout=_CLOSE_S,
                ping_interval=_PING_S,
                ping_timeout=_PING_S,
                max_size=_MOST_BYTES,
                compression=None,
                logger=_wire_logger,
                proxy=None,  # none of the environment's
            )
        except (OSError, TimeoutError, ValueError, websockets.WebSocketException) as error:
            raise RoomHostError(
                f"Janus does not answer ({type(error).__name__}). Check its address, and that its "
                "WebSocket transport is on."
            ) from error
        connection = cls(socket, keys)
        try:
            await connection._begin()
        except BaseException:
            await connection.close()
            raise
        return connection

    async def attach(self, plugin: str) -> Handle:
        """Begin to use a plugin.

        Raises:
            RoomError: Janus has it not, does not let us, or is gone.
        """
        answer = await self.ask({"janus": "attach", "plugin": plugin})
        handle = Handle(self, _number(answer))
        self._handles[handle.number] = handle
        return handle

    async def ask(self, message: Message, *, to_be_noted: bool = False) -> Message:
        """Send a request and wait for what comes of it.

        Args:
            message: the request, without what all have.
            to_be_noted: whether an acknowledgement is all that comes.

        Raises:
            RoomHostError: Janus is gone, or does not answer in time.
            RoomError: it refuses.
        """
        if self.gone.is_set() or len(self._waiting) >= _MOST_WAITING:
            raise _gone()
        transaction = secrets.token_hex(8)
        question = self._waiting[transaction] = _Question(to_be_noted=to_be_noted)
        try:
            await self._send({**message, "transaction": transaction})
            async with asyncio.timeout(_ANSWER_S):
                answer = await question.answer
        except TimeoutError:
            raise RoomHostError(f"Janus did not answer within {_ANSWER_S:g} s.") from None
        finally:
            del self._waiting[transaction]
        if (error := refusal_of(answer.get("error"))) is not None:
            raise error
        return answer

    async def detach(self, handle: Handle) -> None:
        """Give a handle back; what cannot be said now is not said."""
        if self._handles.pop(handle.number, None) is None or self.gone.is_set():
            return
        try:
            async with asyncio.timeout(_DETACH_S):
                await self.ask({"janus": "detach", "handle_id": handle.number})
        except (RoomError, TimeoutError) as error:
            _logger.debug("a handle of Janus was not given back: %s", error)

    async def close(self) -> None:
        """End the session; without a word to one that is gone. Idempotent."""
        if not self.gone.is_set() and self._session is not None:
            try:
                async with asyncio.timeout(_CLOSE_S):
                    await self.ask({"janus": "destroy"})
            except (RoomError, TimeoutError):
                pass
        self._end()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._socket.close()

    async def _begin(self) -> None:
        self._session = _number(await self.ask({"janus": "create"}))
        self._tasks.append(asyncio.create_task(self._keep_alive()))

    async def _send(self, message: Message) -> None:
        session = {} if self._session is None else {"session_id": self._session}
        try:
            await self._socket.send(json.dumps({**message, **session, **self._keys.fields}))
        except websockets.ConnectionClosed as error:
            raise _gone() from error

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(_KEEP_ALIVE_S)
            try:
                await self.ask({"janus": "keepalive"}, to_be_noted=True)
            except RoomError as error:
                _logger.warning("a session with Janus is lost: %s", error)
                self._end()
                return

    async def _read(self) -> None:
        """Hand out what comes until nothing comes any more."""
        try:
            async for text in self._socket:
                self._take(text)
        except websockets.ConnectionClosed:
            pass
        except Exception:
            _logger.exception("reading from Janus failed")
        finally:
            self._end()

    def _take(self, text: str | bytes) -> None:
        try:
            message: Any = json.loads(text)
        except (ValueError, RecursionError):
            message = None
        if not isinstance(message, dict):
            _logger.warning("Janus said something that is no JSON object: %d bytes", len(text))
            return
        said, transaction = message.get("janus"), message.get("transaction")
        question = self._waiting.get(transaction) if isinstance(transaction, str) else None
        if question is not None:
            question.hear(message)
        elif said == "timeout":  # of the session: Janus has not heard us for too long
            self._end()
        elif (handle := self._handle_of(message)) is not None:
            self._hear(handle, message)

    def _handle_of(self, message: Message) -> Handle | None:
        sender = message.get("sender")
        return self._handles.get(sender) if isinstance(sender, int) else None

    def _hear(self, handle: Handle, message: Message) -> None:
        """Tell a handle; what goes wrong there is not the others' matter."""
        try:
            handle.hear(message)
        except Exception:
            _logger.exception("an event of Janus could not be taken")

    def _end(self) -> None:
        """Tell everybody that waits, once."""
        if self.gone.is_set():
            return
        self.gone.set()
        for question in self._waiting.values():
            if not question.answer.done():
                question.answer.set_exception(_gone())
        handles, self._handles = [*self._handles.values()], {}
        for handle in handles:
            self._hear(handle, {"janus": "gone"})


def _number(answer: Message) -> int:
    data = answer.get("data")
    number = data.get("id") if isinstance(data, dict) else None
    if not isinstance(number, int):
        raise RoomHostError("What answers there is no Janus.")
    return number


def _gone() -> RoomHostError:
    return RoomHostError("The connection to Janus is lost.")
