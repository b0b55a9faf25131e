"""Who is enrolled, over HTTP; for administrators."""

from __future__ import annotations

from starlette.requests import Request

from stream_verifier.identities.identity import Identity
from stream_verifier.identities.store import IdentityStore
from stream_verifier.web.models import (
    ConsentDescription,
    IdentityDescription,
    IdentityList,
    Name,
    OriginDescription,
)
from stream_verifier.web.state import state_of


def describe(identity: Identity) -> IdentityDescription:
    """An identity as the API tells it."""
    origin = identity.origin
    return IdentityDescription(
        id=identity.id,
        name=identity.name,
        created_at=identity.created_at,
        model=identity.model_id,
        faces=identity.face_count,
        speech_s=round(identity.speech_s, 1),
        consent=ConsentDescription(
            given_at=identity.consent.given_at,
            purpose=identity.consent.purpose,
            text_sha256=identity.consent.text_sha256,
        ),
        origin=None if origin is None else OriginDescription(**origin.to_dict()),
        replaces=identity.replaces,
    )


def _store(request: Request) -> IdentityStore:
    return state_of(request).store


async def list_identities(request: Request) -> IdentityList:
    """List who is enrolled."""
    return IdentityList(identities=[describe(item) for item in await _store(request).list()])


async def show_identity(request: Request, name: Name) -> IdentityDescription:
    """Show one who is enrolled."""
    return describe(await _store(request).get(name))


async def delete_identity(request: Request, name: Name) -> None:
    """Delete a reference and its consent, beyond recovery."""
    await _store(request).delete(name)
