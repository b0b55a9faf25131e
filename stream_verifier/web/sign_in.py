"""Tells pages where to sign in."""

from __future__ import annotations

from starlette.requests import Request

from stream_verifier.errors import NotReadyError
from stream_verifier.web.models import SignInDescription, SignInOffer
from stream_verifier.web.state import state_of

_RETRY_AFTER_S = 10


async def show_sign_in(request: Request) -> SignInOffer:
    """Where people sign in, for pages; open to all, as a sign-in page is."""
    state = state_of(request)
    client_id, provider = state.settings.oidc_client_id, state.gate.provider
    if provider is None or client_id is None:
        return SignInOffer(sign_in=None)
    offered = provider.sign_in
    if offered is None:
        raise NotReadyError(
            "The identity provider cannot be reached now: try again soon.",
            retry_after_s=_RETRY_AFTER_S,
        )
    described = SignInDescription(
        issuer=offered.issuer,
        client_id=client_id,
        scope=state.settings.oidc_scope,
        audience=state.settings.oidc_audience,
        authorization_endpoint=offered.authorization_endpoint,
        token_endpoint=offered.token_endpoint,
        end_session_endpoint=offered.end_session_endpoint,
    )
    return SignInOffer(sign_in=described)
