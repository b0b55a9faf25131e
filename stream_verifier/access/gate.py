"""The one place that lets a request in or turns it away."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

from stream_verifier.access.grant import ANYBODY, Grant
from stream_verifier.access.limiter import Limiter
from stream_verifier.access.provider import Provided, Provider
from stream_verifier.access.scopes import Scope
from stream_verifier.access.tokens import Tokens
from stream_verifier.errors import (
    AccessError,
    ForbiddenError,
    InvalidTokenError,
    MissingTokenError,
    RateLimitedError,
)
from stream_verifier.identities.keys import parse_key
from stream_verifier.settings import Settings, is_loopback

ASKS_PER_MINUTE = 10


@dataclass(frozen=True, slots=True)
class Limits:
    """What is limited, and for whom.

    Attributes:
        bad_tokens: tokens that this server never signed, for each client address.
        openings: calls being opened or resumed, whether or not it comes to one, for each holder of
            tokens, so that nobody uses up what others behind the same address have.
        asks: for what is held on somebody, likewise: each looks through the whole audit trail, and
            may add an entry to it.
    """

    bad_tokens: Limiter
    openings: Limiter
    asks: Limiter = field(default_factory=lambda: Limiter(per_minute=ASKS_PER_MINUTE))


class Gate:
    """Admits uses that a token grants; used from the event loop only.

    Args:
        tokens: reads tokens; None: no key is configured, and whoever is on this machine may do
            everything.
        limiter: limits on attempts.
        provider: reads tokens of an identity provider; None: none is taken.
        now_s: a clock that never goes back.
    """

    def __init__(
        self,
        *,
        tokens: Tokens | None,
        limiter: Limits,
        provider: Provider | None = None,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.tokens = tokens
        self.provider = provider
        self._limits = limiter
        self._now_s = now_s

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Make the gate that the settings ask for.

        Raises:
            SettingsError: the key for tokens is none.
        """
        key = settings.token_key
        return cls(
            tokens=Tokens(parse_key(key.get_secret_value(), what="token key")) if key else None,
            limiter=Limits(
                bad_tokens=Limiter(per_minute=settings.bad_tokens_per_minute),
                openings=Limiter(per_minute=settings.openings_per_minute),
            ),
            provider=_provider(settings),
        )

    def admit(
        self,
        token: str | None,
        scope: Scope,
        *,
        identity: str | None = None,
        session: str | None = None,
        client: str,
    ) -> Grant:
        """Let one use in.

        Args:
            token: what the client showed.
            scope: what it wants to do.
            identity: the enrolled name it wants to do it with.
            session: the session it wants to do it with.
            client: its address.

        Raises:
            MissingTokenError, InvalidTokenError, ExpiredTokenError: nobody it knows.
            ForbiddenError: a valid token for something else.
            RateLimitedError: another bad token, after too many from that address.
        """
        try:
            grant = self.identify(token, client=client)
            if not grant.allows(scope, identity=identity, session=session):
                raise ForbiddenError(
                    f"The token does not allow {scope.value} here: ask for one with that scope, "
                    "for this identity or call.",
                    token_id=grant.token_id,
                )
        except AccessError as error:
            error.scope, error.identity = scope.value, identity
            raise
        return grant

    def identify(self, token: str | None, *, client: str) -> Grant:
        """Read what a token grants without asking for a use.

        Raises:
            MissingTokenError, InvalidTokenError, ExpiredTokenError: nobody it knows.
            ForbiddenError: no key is configured, and the client is on another machine.
            RateLimitedError: another bad token, after too many from that address.
            NotReadyError: a token of the identity provider, whose keys are not here yet.
        """
        if self.tokens is None:
            return _neighbour(client)
        if not token:
            raise MissingTokenError(
                "A token is needed: send it as  Authorization: Bearer TOKEN,  on a WebSocket as "
                "the field token of the first message."
            )
        try:
            if self.provider is not None and self.provider.signed(token):
                return self.provider.read(token)
            return self.tokens.read(token)
        except InvalidTokenError:
            # Good tokens are heard whatever comes from the address: others may be behind it.
            wait_s = self._limits.bad_tokens.take(client, self._now_s())
            _refuse_if(wait_s, "bad tokens came from this address")
            raise

    def bearer_of(self, grant: Grant, client: str) -> str:
        """For whom openings are counted: a holder, or an address where no key is configured."""
        return client if self.tokens is None else f"token {grant.holder}"

    def count_opening(self, grant: Grant, client: str) -> None:
        """Count that a call is opened or resumed, before anything slow is done for it.

        Args:
            grant: what its token grants.
            client: its address, which counts where no key is configured.

        Raises:
            RateLimitedError: too many were in the last minute.
        """
        wait_s = self._limits.openings.take(self.bearer_of(grant, client), self._now_s())
        _refuse_if(wait_s, "calls were opened with this token")

    def count_asking(self, grant: Grant, client: str) -> None:
        """Count that somebody asks for what is held on a person; administrators ask for many.

        Args:
            grant: what the token grants.
            client: its address, which counts where no key is configured.

        Raises:
            RateLimitedError: too many were in the last minute.
        """
        if Scope.ADMIN not in grant.scopes:
            wait_s = self._limits.asks.take(self.bearer_of(grant, client), self._now_s())
            _refuse_if(wait_s, "requests for what is held were made with this token")


def _provider(settings: Settings) -> Provider | None:
    if settings.oidc_issuer is None:
        return None
    return Provider(
        Provided(
            issuer=settings.oidc_issuer,
            audience=settings.oidc_audience,
            roles_claim=settings.oidc_roles_claim,
            roles=settings.oidc_roles,
            identity_claim=settings.oidc_identity_claim,
        )
    )


def _neighbour(client: str) -> Grant:
    if is_loopback(client):
        return ANYBODY
    raise ForbiddenError(
        "This server has no key for tokens and so answers its own machine only: "
        "set STREAM_VERIFIER_TOKEN_KEY (make one with  stream-verifier key)."
    )


def _refuse_if(wait_s: float, what: str) -> None:
    if wait_s > 0.0:
        seconds = math.ceil(wait_s)
        raise RateLimitedError(f"Too many {what}: try again in {seconds} s.", retry_after_s=seconds)
