"""What a token that was read allows its bearer."""

from __future__ import annotations

import math
from dataclasses import dataclass

from stream_verifier.access.scopes import ALL_SCOPES, Scope
from stream_verifier.errors import IdentityError
from stream_verifier.identities.identity import normalise_name


@dataclass(frozen=True, slots=True)
class Grant:
    """What the bearer of one token may do.

    Attributes:
        scopes: what it may do.
        identity: the one enrolled name it may do it with; None: with any.
        session: the one session it may do it with; None: with any.
        token_id: random, safe to log.
        expires_at: Unix time in seconds from which on it counts no more.
        operating_point: one that its calls may choose, however weak; None: none weaker than the
            server's.
        subject: who an identity provider says its bearer is, whichever token is shown; None: only
            the token is known.
    """

    scopes: frozenset[Scope]
    identity: str | None
    session: str | None
    token_id: str
    expires_at: float
    operating_point: str | None = None
    subject: str | None = None

    @property
    def holder(self) -> str:
        """By whom attempts are counted: a person who signs in again is still the same one."""
        return self.subject or self.token_id

    def owns(self, *, token_id: str, identity: str, session: str) -> bool:
        """Whether a call is its bearer's to resume and to end.

        Args:
            token_id: of the token that opened it.
            identity: whom it is about.
            session: its id.
        """
        if self.token_id == token_id or Scope.ADMIN in self.scopes:
            return True
        return session == self.session or (
            self.identity is not None and _spelled_alike(identity, self.identity)
        )

    def allows(
        self, scope: Scope, *, identity: str | None = None, session: str | None = None
    ) -> bool:
        """Whether this use is allowed.

        A grant bound to an identity or a session allows nothing that does not name that one.

        Args:
            scope: what is to be done.
            identity: the enrolled name it is to be done with, as any spelling of it.
            session: the session it is to be done with.
        """
        if scope not in self.scopes and Scope.ADMIN not in self.scopes:
            return False
        if self.session is not None and session != self.session:
            return False
        return self.identity is None or _spelled_alike(identity, self.identity)


def _spelled_alike(name: str | None, stored: str) -> bool:
    try:
        return name is not None and normalise_name(name) == stored
    except IdentityError:
        return False


ANYBODY = Grant(
    scopes=ALL_SCOPES, identity=None, session=None, token_id="anybody", expires_at=math.inf
)
"""What everybody on this machine may do where no key is configured."""
