"""What LiveKit's webhooks say of its rooms: signed, and of now; pure.

LiveKit signs a token that holds the digest of what it posts. Participants have tokens of the same
key, but none with a digest.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass

import jwt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stream_verifier.errors import InvalidTokenError, ProtocolError
from stream_verifier.rooms.livekit.keys import Keys

STARTED, FINISHED = "room_started", "room_finished"
NEW_S = 300.0
"""What is older than this, or has so long to come, is not news."""
_LEEWAY_S = 60.0
_DIGEST_BYTES = 32
_lax = ConfigDict(extra="ignore", frozen=True)


class _Room(BaseModel):
    model_config = _lax

    name: str = Field("", max_length=128)


class _Posted(BaseModel):
    model_config = _lax

    event: str = Field(max_length=64)
    id: str = Field(min_length=1, max_length=128)
    created_at: int = Field(alias="createdAt")
    room: _Room = _Room(name="")


@dataclass(frozen=True, slots=True)
class News:
    """One thing that LiveKit told.

    Attributes:
        id: another one each; the same when it is told again.
        event: what happened, in LiveKit's word.
        room: its name; empty where it is about none.
    """

    id: str
    event: str
    room: str


def read_news(body: bytes, token: str | None, keys: Keys, now_s: float) -> News:
    """Read what was posted.

    Args:
        body: as it came.
        token: of the header Authorization.
        keys: of LiveKit's API.
        now_s: since the epoch.

    Raises:
        InvalidTokenError: LiveKit has not signed this, or not just now.
        ProtocolError: it signed what makes no sense.
    """
    signed = read_digest(token, keys)
    if not hmac.compare_digest(signed, hashlib.sha256(body).digest()):
        raise InvalidTokenError("The token was not made for this body.")
    try:
        posted = _Posted.model_validate(json.loads(body))
    except (ValueError, RecursionError, ValidationError):
        raise ProtocolError("That is no webhook of LiveKit.") from None
    if abs(now_s - posted.created_at) > NEW_S:
        raise InvalidTokenError("That is no news any more: do both clocks agree?")
    return News(posted.id, posted.event, posted.room.name)


def read_digest(token: str | None, keys: Keys) -> bytes:
    """The digest of the body that a token was made for.

    Raises:
        InvalidTokenError: LiveKit has not signed it, it is over, or it has none.
    """
    try:
        claims: Mapping[str, object] = jwt.decode(
            (token or "").removeprefix("Bearer "),
            keys.secret.get_secret_value(),
            algorithms=["HS256"],
            issuer=keys.key,
            leeway=_LEEWAY_S,
            options={"require": ["exp", "iss"]},
        )
        digest = base64.b64decode(str(claims.get("sha256", "")), validate=True)
    except (jwt.InvalidTokenError, binascii.Error, ValueError):
        digest = b""
    if len(digest) != _DIGEST_BYTES:
        raise InvalidTokenError("LiveKit has not signed this.")
    return digest
