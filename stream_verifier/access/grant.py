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
    """

    scopes: frozenset[Scope]
    identity: str | None
    session: str | None
    token_id: str
    expires_at: float

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
