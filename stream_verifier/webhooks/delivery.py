"""Delivers one message: signs it, sends it, and tries again until it is taken."""

from __future__ import annotations

import asyncio
import logging
import ssl
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum, auto

import httpx

from stream_verifier.client.backoff import Backoff
from stream_verifier.webhooks.signature import (
    ID_HEADER,
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
    sign,
)

_logger = logging.getLogger(__name__)
_GONE = 410
_MAX_RETRY_AFTER_S = 300
ATTEMPT_S = 20.0
"""For one attempt in all: the client bounds each wait for a byte, and they may come for ever."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent.

    Attributes:
        id: the same at every attempt, so that a receiver handles it once.
        text: the body, JSON.
    """

    id: str
    text: str


class Outcome(Enum):
    """How a delivery ended."""

    TAKEN = auto()
    GIVEN_UP = auto()
    GONE = auto()


@dataclass(frozen=True, slots=True)
class _Failure:
    """An attempt that was not taken, with what the receiver asks to wait, in seconds."""

    what: str
    wait_s: float = 0.0


class Delivery:
    """Sends messages to one address.

    Args:
        client: follows no redirects.
        url: where to.
        key: signs.
        attempts: after so many the message is given up.
        backoff: waits between attempts.
        sleep: waits for so many seconds; a parameter so that tests need no clock.
        within_s: how long an attempt may take.
    """

    def __init__(
        self,
        *,
        client: httpx.AsyncClient,
        url: str,
        key: bytes,
        attempts: int,
        backoff: Backoff,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        within_s: float = ATTEMPT_S,
    ) -> None:
        self._in_vain: set[str] = set()
        self._within_s = within_s
        self._client = client
        self._url = url
        self._key = key
        self._attempts = attempts
        self._backoff = backoff
        self._sleep = sleep

    @property
    def retrying(self) -> int:
        """Messages that were tried in vain and are tried again."""
        return len(self._in_vain)

    async def deliver(self, message: Message) -> Outcome:
        """Send until it is taken, given up, or the receiver says that it is gone for good."""
        try:
            for attempt in range(1, self._attempts + 1):
                result = await self._attempt(message)
                if isinstance(result, Outcome):
                    return result
                self._in_vain.add(message.id)
                _logger.warning(
                    "webhook %s, attempt %d of %d: %s",
                    message.id,
                    attempt,
                    self._attempts,
                    result.what,
                )
                if attempt < self._attempts:
                    await self._sleep(max(self._backoff.delay_s(attempt), result.wait_s))
        finally:
            self._in_vain.discard(message.id)
        return Outcome.GIVEN_UP

    async def _attempt(self, message: Message) -> Outcome | _Failure:
        body = message.text.encode()
        try:
            # Streamed and left unread: the answer's body is nobody's concern, however long.
            async with (
                asyncio.timeout(self._within_s),
                self._client.stream(
                    "POST", self._url, content=body, headers=self._headers(message.id, body)
                ) as response,
            ):
                return _judge(response)
        except (httpx.HTTPError, TimeoutError) as error:
            return _Failure(_named(error))
        except Exception as error:  # whatever it answered must not end all deliveries
            _logger.exception("webhook %s: an answer that nobody expected", message.id)
            return _Failure(type(error).__name__)

    def _headers(self, message_id: str, body: bytes) -> dict[str, str]:
        timestamp_s = int(time.time())
        return {
            "content-type": "application/json",
            ID_HEADER: message_id,
            TIMESTAMP_HEADER: str(timestamp_s),
            SIGNATURE_HEADER: sign(
                self._key, message_id=message_id, timestamp_s=timestamp_s, body=body
            ),
        }


def _judge(response: httpx.Response) -> Outcome | _Failure:
    if response.is_success:
        return Outcome.TAKEN
    if response.status_code == _GONE:
        return Outcome.GONE
    asked = response.headers.get("retry-after", "")
    wait_s = float(asked) if asked.isascii() and asked.isdigit() else 0.0  # int() has an end
    return _Failure(f"HTTP {response.status_code}", min(wait_s, _MAX_RETRY_AFTER_S))


def _named(error: BaseException) -> str:
    """What failed, and of a certificate why; nothing that may hold the address."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLCertVerificationError):
        cause = cause.__cause__ or cause.__context__
    name = type(error).__name__
    return name if cause is None else f"{name} ({cause.verify_message})"
