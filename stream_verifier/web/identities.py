"""Who is enrolled, over HTTP, for administrators; and consents, for whoever may enrol anew."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Query
from starlette.requests import Request

from stream_verifier.access.scopes import Scope
from stream_verifier.events.call_messages import ConsentGiven
from stream_verifier.identities.consent import Consent, Standing
from stream_verifier.identities.identity import MAX_NAME_CHARS, Identity
from stream_verifier.identities.opening import longest_consent
from stream_verifier.identities.pages import MAX_CURSOR_CHARS
from stream_verifier.identities.store import MOST_LISTED, IdentityStore
from stream_verifier.web.access import Administrator, Token, actor_of_request, admit
from stream_verifier.web.models import (
    ConsentDescription,
    ConsentHistory,
    IdentityDescription,
    IdentityList,
    Name,
    OriginDescription,
    ReceiptDescription,
)
from stream_verifier.web.state import state_of

_WAY = "HTTP"


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
        consent=_describe_consent(identity.consent),
        origin=None if origin is None else OriginDescription(**origin.to_dict()),
        replaces=identity.replaces,
        adapted_from=list(identity.adapted_from),
        widened=identity.widened,
    )


def _describe_consent(consent: Consent) -> ConsentDescription:
    return ConsentDescription(
        version=consent.version,
        given_at=consent.given_at,
        purpose=consent.purpose,
        text_sha256=consent.text_sha256,
        expires_at=consent.expires_at,
        withdrawn_at=consent.withdrawn_at,
        in_force=consent.standing(datetime.now(UTC)) == "in_force",
        recorded_by=consent.recorded_by,
        way=consent.way,
    )


def _history(identity: Identity) -> ConsentHistory:
    newest_first = [identity.consent, *reversed(identity.earlier_consents)]
    return ConsentHistory(consents=[_describe_consent(one) for one in newest_first])


def _store(request: Request) -> IdentityStore:
    return state_of(request).store


async def list_identities(
    request: Request,
    cursor: Annotated[
        str | None, Query(max_length=MAX_CURSOR_CHARS, description="`next` of the page before.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_LISTED, description="So many at most.")] = 100,
    search: Annotated[
        str,
        Query(
            max_length=4 * MAX_NAME_CHARS,
            description="The beginning of an id, or a whole name; no part of a name is ever found.",
        ),
    ] = "",
    consent: Annotated[
        Standing | None, Query(description="Only those whose consent is so now.")
    ] = None,
) -> IdentityList:
    """List who is enrolled, page by page."""
    page = await _store(request).page(cursor, limit=limit, search=search, standing=consent)
    return IdentityList(
        identities=[describe(item) for item in page.identities],
        next=page.next,
        enrolled=page.enrolled,
        refused=len(page.refused),
    )


async def show_identity(request: Request, name: Name) -> IdentityDescription:
    """Show one who is enrolled."""
    return describe(await _store(request).get(name))


async def delete_identity(request: Request, name: Name, grant: Administrator) -> ReceiptDescription:
    """Delete a reference and its consent, beyond recovery; the answer is the person's receipt."""
    receipt = await _store(request).delete(name, actor=actor_of_request(request, grant))
    return ReceiptDescription(**receipt.fields)


async def show_consents(request: Request, name: Name, token: Token) -> ConsentHistory:
    """Show what a person agreed to: the newest and some before it."""
    admit(request, token, Scope.REPLACE, identity=name)
    return _history(await _store(request).get(name))


async def renew_consent(
    request: Request, name: Name, given: ConsentGiven, token: Token
) -> ConsentHistory:
    """Record that a person agreed again; the reference stays."""
    actor = actor_of_request(request, admit(request, token, Scope.REPLACE, identity=name))
    consent = given.record(longest=longest_consent(state_of(request).settings))
    recorded = replace(consent, recorded_by=actor.token_id, way=_WAY)
    return _history(await _store(request).renew_consent(name, recorded, actor=actor))


async def withdraw_consent(request: Request, name: Name, token: Token) -> ConsentHistory:
    """Take a person's consent back: calls end now, the reference goes within two hours."""
    actor = actor_of_request(request, admit(request, token, Scope.REPLACE, identity=name))
    return _history(await _store(request).withdraw_consent(name, actor=actor))
