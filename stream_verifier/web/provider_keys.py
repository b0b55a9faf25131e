"""Keeps the keys of an identity provider as it publishes them."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import httpx

from stream_verifier.access.provider import Provider
from stream_verifier.access.sign_in import SignIn
from stream_verifier.access.tokens import LEEWAY_S
from stream_verifier.events.json_object import JsonObject
from stream_verifier.settings import is_loopback

EVERY_S = 300.0
LEAST_S = 10.0
"""So often at most, whatever keys are named by whoever writes tokens of his own."""
_WITHIN_S = 10.0
_MAX_BYTES = 256 * 1024
_DISCOVERY = "/.well-known/openid-configuration"

_logger = logging.getLogger(__name__)


async def follow_keys(
    provider: Provider, *, every_s: float = EVERY_S, least_s: float = LEAST_S
) -> None:
    """Fetch the keys for ever: at once, every five minutes, and soon after one was unknown."""
    wanted = asyncio.Event()
    provider.on_unknown_key = wanted.set
    failed: str | None = None
    hooks = {"response": [_ClockWatch().compare]}
    async with httpx.AsyncClient(
        timeout=_WITHIN_S, follow_redirects=False, event_hooks=hooks
    ) as client:
        while True:
            wanted.clear()
            try:
                async with asyncio.timeout(_WITHIN_S):
                    said = await _said(client, provider.issuer)
                    provider.sign_in = SignIn.of(said)
                    provider.adopt(await _published(client, said))
                failed = None
            except (httpx.HTTPError, TimeoutError, ValueError) as error:
                why = f"{type(error).__name__}: {error}"
                if why != failed:
                    _logger.error("the identity provider's keys cannot be had: %s", why)
                failed = why
            except Exception:  # it must go on: the next time it may succeed
                _logger.exception("the identity provider's keys cannot be had")
            await asyncio.sleep(least_s)
            try:
                async with asyncio.timeout(max(0.0, every_s - least_s)):
                    await wanted.wait()
            except TimeoutError:
                pass


class _ClockWatch:
    """Tells the log when this machine's clock and the provider's part so far that tokens fail."""

    def __init__(self) -> None:
        self._is_off = False

    async def compare(self, answer: httpx.Response) -> None:
        """Hold the time of an answer against this machine's."""
        try:
            theirs_s = parsedate_to_datetime(answer.headers["date"]).timestamp()
            theirs_s += int(answer.headers.get("age", "0"))  # of one that a cache has kept
        except (KeyError, ValueError):
            return
        ahead_s = time.time() - theirs_s
        was_off, self._is_off = self._is_off, abs(ahead_s) > LEEWAY_S
        if self._is_off and not was_off:
            _logger.warning(
                "this machine's clock is %+.0f s from the identity provider's: have both set by "
                "NTP, or its tokens are refused as expired or not valid yet",
                ahead_s,
            )


async def _said(client: httpx.AsyncClient, issuer: str) -> JsonObject:
    """What the provider says of itself (OpenID Connect Discovery 1.0).

    Raises:
        ValueError: it says that it is another.
        httpx.HTTPError: it cannot be reached.
    """
    said = await _fetch(client, issuer.rstrip("/") + _DISCOVERY)
    if not isinstance(said, dict) or said.get("issuer") != issuer:
        raise ValueError("it calls itself by another name than STREAM_VERIFIER_OIDC_ISSUER")
    return said


async def _published(client: httpx.AsyncClient, said: JsonObject) -> Any:
    """The provider's key set.

    Raises:
        ValueError: it lies where anybody could change it.
        httpx.HTTPError: it cannot be reached.
    """
    address = said.get("jwks_uri")
    if not isinstance(address, str) or not _is_private(address):
        raise ValueError("its keys are not published by https")
    return await _fetch(client, address)


async def _fetch(client: httpx.AsyncClient, address: str) -> Any:
    content = b""
    async with client.stream("GET", address, headers={"accept": "application/json"}) as answer:
        if answer.status_code != httpx.codes.OK:
            raise ValueError(f"it answers with status {answer.status_code}")
        async for part in answer.aiter_bytes():
            content += part
            if len(content) > _MAX_BYTES:
                raise ValueError("it answers without end")
    return json.loads(content)


def _is_private(address: str) -> bool:
    parts = urlsplit(address)
    return parts.scheme == "https" or parts.scheme == "http" and is_loopback(parts.hostname or "")
