"""Who did something, as the audit trail tells it."""

from __future__ import annotations

from datetime import UTC, datetime

from stream_verifier.access.grant import Grant
from stream_verifier.access.scopes import Scope
from stream_verifier.audit.deed import Actor, Deed, Kind, network_of
from stream_verifier.audit.entry import written


def actor_of(grant: Grant, client: str) -> Actor:
    """The bearer of a token.

    Args:
        grant: what the token grants.
        client: the address it was shown from; only its network is kept.
    """
    scopes = {Scope.ADMIN} if Scope.ADMIN in grant.scopes else grant.scopes
    return Actor(grant.token_id, " ".join(sorted(scopes)), network_of(client))


def token_issued(grant: Grant, by: Actor) -> Deed:
    """A token that was signed.

    Args:
        grant: what it grants.
        by: who asked for it.
    """
    until = datetime.fromtimestamp(grant.expires_at, UTC)
    return Deed(
        Kind.TOKEN_ISSUED,
        by,
        grant.identity,
        details={
            "token": grant.token_id,
            "scopes": " ".join(sorted(grant.scopes)),
            "session": grant.session,
            "operating_point": grant.operating_point,
            "until": written(until),
        },
    )
