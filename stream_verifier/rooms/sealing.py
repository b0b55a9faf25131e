"""Encrypts what is needed to attach a room anew, for those who share the key for tokens."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, ValidationError

from stream_verifier.access.grant import Grant
from stream_verifier.access.scopes import Scope
from stream_verifier.errors import RefusedRecordError, RoomError
from stream_verifier.identities.keys import derived_key
from stream_verifier.identities.vault import seal, unseal
from stream_verifier.rooms.requests import RoomRequest

_INFO = b"stream-verifier rooms 1"


class RoomRecord(BaseModel):
    """What another server needs to attach a room anew; holds secrets.

    Attributes:
        request: as it came.
        client: the address it was attached from.
        since: when, UTC.
        scopes, token_id, expires_at, operating_point, subject: of the token that attached it.
    """

    model_config = ConfigDict(frozen=True, ser_json_inf_nan="constants")

    request: RoomRequest
    client: str
    since: str
    scopes: frozenset[Scope]
    token_id: str
    expires_at: float
    operating_point: str | None
    subject: str | None = None

    @classmethod
    def of(cls, request: RoomRequest, grant: Grant, client: str, since: str) -> RoomRecord:
        """Of a room that is attached here."""
        return cls(
            request=request,
            client=client,
            since=since,
            scopes=grant.scopes,
            token_id=grant.token_id,
            expires_at=grant.expires_at,
            operating_point=grant.operating_point,
            subject=grant.subject,
        )

    @property
    def grant(self) -> Grant:
        """Of the token that attached it."""
        return Grant(
            scopes=self.scopes,
            identity=None,
            session=None,
            token_id=self.token_id,
            expires_at=self.expires_at,
            operating_point=self.operating_point,
            subject=self.subject,
        )


class RoomSeal:
    """Seals records with AES-256-GCM, each bound to its room's id.

    Args:
        token_key: that all servers of a fleet have.
    """

    def __init__(self, token_key: bytes) -> None:
        self._key = derived_key(token_key, _INFO)

    def seal(self, attachment: str, record: RoomRecord) -> bytes:
        """Encrypt a record."""
        text = record.model_dump_json(context={"secrets": True}).encode()
        return seal(self._key, text, context=attachment)

    def open(self, attachment: str, sealed: bytes) -> RoomRecord:
        """Read a record.

        Raises:
            RoomError: it was changed, is another room's, or another key sealed it.
        """
        try:
            return RoomRecord.model_validate_json(unseal(self._key, sealed, context=attachment))
        except (RefusedRecordError, ValidationError):
            raise RoomError("A room's record cannot be read: is TOKEN_KEY the same?") from None
