"""Requests with an ``Idempotency-Key``: the same one once more gets the answer of the first."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Header
from starlette.requests import Request
from starlette.responses import Response

from stream_verifier.access.grant import Grant
from stream_verifier.calls.repeats import Answer, Repeats
from stream_verifier.errors import FleetError, KeyReusedError, ProtocolError
from stream_verifier.web.state import state_of

_logger = logging.getLogger(__name__)

MOST_KEY_CHARS = 255
_STRING = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\])+)"')
_BARE = re.compile(r"[\w.:+/=~-]+", re.ASCII)

IdempotencyKey = Annotated[
    str | None,
    Header(
        description="Names the request, such as a UUID in double quotes: sent again within an hour "
        "it is answered as at first, and done once."
    ),
]
"""``Idempotency-Key`` of draft-ietf-httpapi-idempotency-key-header, as it was sent."""


class Once:
    """A request that may be one sent again; made by `once`.

    Attributes:
        kept: how it was answered, if it was.
        answer: what is to be kept of it.
    """

    def __init__(self, kept: Answer | None = None) -> None:
        self.kept = kept
        self.answer: Answer | None = None

    def again(self, fingerprint: str) -> Response:
        """The answer of the first time.

        Raises:
            KeyReusedError: that was to another request.
        """
        if self.kept is None or self.kept.fingerprint != fingerprint:
            raise KeyReusedError(
                "That Idempotency-Key was sent with another request: take a new one for each."
            )
        return Response(self.kept.body, self.kept.status, media_type=self.kept.media_type)

    def keep(self, fingerprint: str, response: Response) -> None:
        """Have whoever sends it again answered so."""
        self.answer = Answer(
            fingerprint=fingerprint,
            status=response.status_code,
            media_type=response.media_type or "",
            body=bytes(response.body).decode(),
        )


@asynccontextmanager
async def once(request: Request, grant: Grant, sent: str | None) -> AsyncIterator[Once]:
    """Do a request inside, unless its key says that it was done; without a key it is done.

    What raises, or keeps no answer, may be tried anew with the same key.

    Args:
        request: of the client.
        grant: what its token grants; a key is its holder's, whichever token is shown, or of those
            whose tokens are bound to the same name.
        sent: the key as it was sent.

    Raises:
        ProtocolError: it is no key.
        RequestUnderWayError: the same one is being done.
        FleetError: other servers cannot be asked.
    """
    if sent is None:
        yield Once()
        return
    repeats, key = state_of(request).repeats, fingerprint_of([_owner(grant), _read(sent)])
    done = Once(await repeats.begin(key))
    try:
        yield done
    finally:
        if done.kept is None:
            await _close(repeats, key, done.answer)


async def _close(repeats: Repeats, key: str, answer: Answer | None) -> None:
    """Say what became of a request; what was done is done, whoever can be told."""
    try:
        await (repeats.forget(key) if answer is None else repeats.keep(key, answer))
    except FleetError as error:
        _logger.warning("a request counts as under way for a while: %s", error)


def fingerprint_of(parts: Iterable[str | bytes]) -> str:
    """Tells requests apart by what was asked for, each part with its length."""
    digest = hashlib.sha256()
    for part in parts:
        content = part.encode() if isinstance(part, str) else part
        digest.update(b"%d:" % len(content))
        digest.update(content)
    return digest.hexdigest()


def _owner(grant: Grant) -> str:
    return f"{grant.subject or ''} {grant.identity or ''}"


def _read(sent: str) -> str:
    """The key, which the draft has in double quotes; much that is in use has none."""
    quoted = _STRING.fullmatch(sent)
    if len(sent) > MOST_KEY_CHARS or not (quoted or _BARE.fullmatch(sent)):
        raise ProtocolError(
            "Idempotency-Key is no such thing: send a new UUID in double quotes with each request, "
            "and the same one when you send it again."
        )
    return re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else sent
