"""Where people sign in whose tokens this server takes, as pages are told it.

Pages are public clients (RFC 6749, RFC 7636): they hold no secret, and the code that a provider
sends back is of use to nobody but the page that asked for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from stream_verifier.access.urls import is_loopback


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """What a provider says of itself (OpenID Connect Discovery 1.0) that a page needs.

    Attributes:
        issuer: its address, as its tokens name it.
        authorization_endpoint: where a person signs in.
        token_endpoint: where a page gets the token for its code.
        end_session_endpoint: where a person signs out; None where it has no such place.
    """

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    end_session_endpoint: str | None

    @classmethod
    def of(cls, said: Mapping[str, object]) -> Self | None:
        """Read it; None of one where nobody could sign in unheard by others."""
        asked, given = said.get("authorization_endpoint"), said.get("token_endpoint")
        left, issuer = said.get("end_session_endpoint"), said.get("issuer")
        if not (isinstance(issuer, str) and _is_private(asked) and _is_private(given)):
            return None
        return cls(
            issuer=issuer,
            authorization_endpoint=str(asked),
            token_endpoint=str(given),
            end_session_endpoint=str(left) if _is_private(left) else None,
        )

    @property
    def connects_to(self) -> str:
        """The origin that a page asks for its token."""
        parts = urlsplit(self.token_endpoint)
        return f"{parts.scheme}://{parts.netloc}"


def _is_private(address: object) -> bool:
    """Whether it is by https, or here, and could stand in a policy as it is."""
    if not isinstance(address, str) or not address.isascii() or not address.isprintable():
        return False
    parts = urlsplit(address)
    if set(parts.netloc) & set(" ;,'\"@*") or not parts.hostname:
        return False
    return parts.scheme == "https" or parts.scheme == "http" and is_loopback(parts.hostname)
