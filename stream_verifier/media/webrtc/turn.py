"""Short-lived credentials for a TURN server that shares a secret with us.

coturn calls the scheme ``use-auth-secret``: the username is the time at which it stops to hold,
the password its HMAC (draft-uberti-behave-turn-rest-00). The TURN server keeps no list of users.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass

from stream_verifier.media.webrtc.ice import IceServer


@dataclass(frozen=True, slots=True)
class TurnCredential:
    """What a client shows to the TURN server.

    Attributes:
        username: when it expires, in seconds since 1970, and for whom it is.
        password: base64.
    """

    username: str
    password: str


def turn_credential(secret: str, *, user: str, expires_s: float) -> TurnCredential:
    """Make a credential.

    Args:
        secret: what coturn has as ``static-auth-secret``.
        user: an opaque id; it stands in the TURN server's log, so never a name.
        expires_s: seconds since 1970.
    """
    username = f"{int(expires_s)}:{user}"
    digest = hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
    return TurnCredential(username, base64.b64encode(digest).decode())


def with_credential(urls: Sequence[str], credential: TurnCredential) -> list[IceServer]:
    """Make ICE servers of TURN URLs."""
    return [IceServer(url, credential.username, credential.password) for url in urls]
