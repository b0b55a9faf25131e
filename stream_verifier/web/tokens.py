"""Tokens, over HTTP; for administrators."""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response

from stream_verifier.access.actor import token_issued
from stream_verifier.errors import NoTokenKeyError
from stream_verifier.web.access import Administrator, actor_of_request, gate_of
from stream_verifier.web.models import TokenAnswer, TokenRequest
from stream_verifier.web.state import state_of


async def issue_token(
    request: Request, response: Response, wanted: TokenRequest, administrator: Administrator
) -> TokenAnswer:
    """Issue a short-lived token, to be handed to one client."""
    tokens = gate_of(request).tokens
    if tokens is None:
        raise NoTokenKeyError(
            "No key for tokens is configured, so none are needed from this machine: to use them, "
            "set STREAM_VERIFIER_TOKEN_KEY (make one with  stream-verifier key)."
        )
    token = tokens.issue(
        wanted.scopes,
        identity=wanted.identity,
        session=wanted.session,
        operating_point=wanted.operating_point,
        ttl_s=wanted.ttl_s,
    )
    grant = tokens.read(token)
    # Written before anybody has it.
    by = actor_of_request(request, administrator)
    await state_of(request).store.audit.append(token_issued(grant, by))
    response.headers["cache-control"] = "no-store"
    return TokenAnswer(
        token=token,
        token_id=grant.token_id,
        expires_at=datetime.fromtimestamp(grant.expires_at, UTC),
    )
