"""Asks the integrator's back end who a publisher is: a signed POST to one configured address."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import time
from collections.abc import Awaitable, Callable

import httpx
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stream_verifier.client.backoff import Backoff
from stream_verifier.errors import IdentityError, MappingError
from stream_verifier.identities.identity import MAX_NAME_CHARS, normalise_name
from stream_verifier.rooms.host import Publisher
from stream_verifier.webhooks.signature import (
    ID_HEADER,
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
    sign,
)

_logger = logging.getLogger(__name__)
_WITHIN_S = 5.0
_ATTEMPTS = 4
_BACKOFF = Backoff(first_s=0.5, longest_s=5.0)
_MOST_BYTES = 4096
_AT_ONCE = 8
_NOBODY = {204, 404}


class Question(BaseModel):
    """What is posted; part of the wire contract."""

    host: str
    attachment: str
    room: str
    feed: str
    display: str | None


class Reply(BaseModel):
    """What is answered, beside 204 and 404 for nobody; part of the wire contract."""

    model_config = ConfigDict(extra="ignore")

    identity: str | None = Field(max_length=4 * MAX_NAME_CHARS)


class Backend:
    """One a server; its questions wait for each other where they are many.

    Args:
        url: where to post to.
        key: signs, as webhooks are signed.
        transport: of tests.
        sleep: waits for so many seconds.
    """

    def __init__(
        self,
        url: str,
        key: bytes,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._url, self._key, self._transport, self._sleep = url, key, transport, sleep
        self._client: httpx.AsyncClient | None = None
        self._places = asyncio.Semaphore(_AT_ONCE)

    async def ask(self, question: Question) -> str | None:
        """Who it is; None: nobody.

        Raises:
            MappingError: no answer could be had; ask again later.
        """
        body = question.model_dump_json().encode()
        async with self._places:
            for attempt in range(1, _ATTEMPTS + 1):
                try:
                    async with asyncio.timeout(_WITHIN_S):
                        return await self._post(body)
                except (TimeoutError, httpx.HTTPError, MappingError) as error:
                    # No word of the answer or the question: they name people.
                    _logger.warning("who a publisher is: attempt %d: %s", attempt, _why(error))
                if attempt < _ATTEMPTS:
                    await self._sleep(_BACKOFF.delay_s(attempt))
        raise MappingError("The back end that says who publishers are does not answer.")

    async def close(self) -> None:
        """Release its connections."""
        if self._client is not None:
            await self._client.aclose()

    async def _post(self, body: bytes) -> str | None:
        if self._client is None:
            # Reads certificates, which takes a moment. Neither redirects nor the environment's
            # proxies lead anywhere else.
            self._client = await asyncio.to_thread(
                httpx.AsyncClient,
                follow_redirects=False,
                timeout=_WITHIN_S,
                transport=self._transport,
                trust_env=False,
            )
        async with self._client.stream(
            "POST", self._url, content=body, headers=self._headers(body)
        ) as response:
            if response.status_code in _NOBODY:
                return None
            if response.status_code != httpx.codes.OK:
                raise MappingError(f"HTTP {response.status_code}")
            text = b""
            async for part in response.aiter_bytes():
                text += part
                if len(text) > _MOST_BYTES:
                    raise MappingError("the answer is too long")
        return _read(text)

    def _headers(self, body: bytes) -> dict[str, str]:
        message_id, timestamp_s = f"who_{secrets.token_hex(12)}", int(time.time())
        signature = sign(self._key, message_id=message_id, timestamp_s=timestamp_s, body=body)
        return {
            "content-type": "application/json",
            "accept-encoding": "identity",
            ID_HEADER: message_id,
            TIMESTAMP_HEADER: str(timestamp_s),
            SIGNATURE_HEADER: signature,
        }


class ByBackend:
    """The rule of a room whose publishers a back end knows.

    Args:
        backend: to ask.
        host, attachment, room: of the room, as the question has them.
    """

    def __init__(self, backend: Backend, *, host: str, attachment: str, room: str) -> None:
        self._backend = backend
        self._host, self._attachment, self._room = host, attachment, room

    async def who(self, publisher: Publisher) -> str | None:
        """What the back end answers."""
        question = Question(
            host=self._host,
            attachment=self._attachment,
            room=self._room,
            feed=publisher.feed,
            display=publisher.display,
        )
        return await self._backend.ask(question)


def _read(text: bytes) -> str | None:
    try:
        reply = Reply.model_validate(json.loads(text))
        return None if reply.identity is None else normalise_name(reply.identity)
    except (ValueError, RecursionError, ValidationError, IdentityError):
        raise MappingError("the answer makes no sense") from None


def _why(error: Exception) -> str:
    return str(error) if isinstance(error, MappingError) else type(error).__name__
