"""Enrolment from files over HTTP, from Python; sent again until it is known what became of it."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias
from urllib.parse import quote

import httpx

from stream_verifier.client.answers import not_ours
from stream_verifier.client.backoff import Backoff
from stream_verifier.client.connection import http_url
from stream_verifier.errors import EnrolmentLostError, EnrolmentRefusedError
from stream_verifier.events.json_object import JsonObject

_WITHIN_S = 180.0
_PASSES = frozenset({"rate_limited", "request_under_way"})
"""Codes that pass by themselves, beside those of status 500 and more."""
_PASSING = frozenset({408, 429})
"""Statuses of which that is so whoever answers."""
_LONGEST_S = 60.0
_WAITS = Backoff(first_s=0.5, longest_s=10.0)

Field: TypeAlias = Literal["video", "face", "voice"]


async def enrol_files(  # noqa: PLR0913
    url: str,
    name: str,
    files: Sequence[tuple[Field, bytes]],
    *,
    token: str,
    consent: Mapping[str, str],
    replaces: bool = False,
    adds: bool = False,
    key: str | None = None,
    attempts: int = 5,
    backoff: Backoff | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
) -> JsonObject:
    """Enrol a person, or add to a reference, once, however often it takes to get through.

    Args:
        url: the server's http address, with its path prefix if it has one.
        name: whom.
        files: what each is of, and its content; 8 and 32 MiB at most.
        token: with the scope to upload, and to replace where it replaces or adds.
        consent: subject, purpose and text, and expires_at if wanted.
        replaces: whether the reference that is there may go.
        adds: whether it is added to, in place of ``replaces``.
        key: names the request where it is sent again by another run of yours, such as a row's id;
            made up without.
        attempts: so often it is sent at most.
        backoff: waits in between, unless the server asks for longer ones.
        transport: how it is sent; over the network by default.

    Returns:
        Who is enrolled, as the API describes it.

    Raises:
        EnrolmentRefusedError: the server says no; its ``server_code`` says why, and is empty where
            something in between says so, such as a proxy that lets no such body through.
        EnrolmentLostError: nobody answers; ask again with the same key.
        SettingsError: that is no server's address.
    """
    named = key or uuid.uuid4().hex
    request = httpx.Request(
        "POST",
        f"{http_url(url)}/api/v1/identities/{quote(name, safe='')}",
        params={"replace": str(replaces).lower(), "add": str(adds).lower()},
        headers={"authorization": f"Bearer {token.strip()}", "idempotency-key": f'"{named}"'},
        data=dict(consent),
        files=[(field, (field, content)) for field, content in files],
    )
    await request.aread()  # so that it can be sent more than once
    lost: _NotNowError | None = None
    async with httpx.AsyncClient(timeout=_WITHIN_S, transport=transport) as client:
        for attempt in range(attempts):
            if lost is not None:
                await asyncio.sleep(max(lost.wait_s, (backoff or _WAITS).delay_s(attempt)))
            try:
                return await _send(client, request)
            except _NotNowError as error:
                lost = error
    raise EnrolmentLostError(
        f"It is not known what became of the enrolment ({lost}): ask again with the key {named!r}, "
        "and it is done once."
    )


class _NotNowError(Exception):
    """It is worth another attempt, after so many seconds at least."""

    def __init__(self, why: str, *, wait_s: float = 0.0) -> None:
        super().__init__(why)
        self.wait_s = min(wait_s, _LONGEST_S)


async def _send(client: httpx.AsyncClient, request: httpx.Request) -> JsonObject:
    try:
        answer = await client.send(request)
    except httpx.TransportError as error:
        raise _NotNowError(type(error).__name__) from error
    try:
        told = answer.json()
    except ValueError:
        told = None
    if answer.is_success and isinstance(told, dict):
        return told
    problem = told if isinstance(told, dict) else {}
    stranger = not_ours(str(request.url.copy_with(raw_path=b"/")), answer.status_code)
    code, why = str(problem.get("code", "")), str(problem.get("detail", stranger))
    if code in _PASSES or answer.status_code in _PASSING or answer.status_code >= 500:
        after = answer.headers.get("retry-after", "")
        raise _NotNowError(why, wait_s=float(after) if after.isdecimal() else 0.0)
    raise EnrolmentRefusedError(code, why)
