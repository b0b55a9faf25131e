"""What a person may ask for: all that is held, and the calls there were."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from stream_verifier.access.scopes import Scope
from stream_verifier.audit.call_history import MOST_CALLS, calls_of
from stream_verifier.calls.summary import CallSummary
from stream_verifier.events.audience import Audience
from stream_verifier.events.hub import Hub
from stream_verifier.events.json_object import JsonObject
from stream_verifier.identities.dossier import dossier
from stream_verifier.identities.identity import normalise_name
from stream_verifier.web.access import Token, actor_of_request, admit, client_of, gate_of
from stream_verifier.web.calls import describe
from stream_verifier.web.models import Name, PastCallDescription, PersonCalls, PersonExport
from stream_verifier.web.state import state_of

_WAY = "HTTP"
MOST_EVENTS = 10_000
"""In one export, those of the newest calls."""


async def export_identity(
    request: Request,
    response: Response,
    name: Name,
    token: Token,
    vectors: Annotated[
        bool,
        Query(description="With the numbers that recognise the person; for administrators only."),
    ] = False,
) -> PersonExport:
    """Give all that is held on one person, to be given to that person; that is an entry, too."""
    scope = Scope.ADMIN if vectors else Scope.REPLACE
    grant = admit(request, token, scope, identity=name)
    gate_of(request).count_asking(grant, client_of(request))
    actor = actor_of_request(request, grant)
    state = state_of(request)
    held = await dossier(state.store, name, actor=actor, way=_WAY, vectors=vectors)
    spelt, record_id = held["identity"]["name"], held["identity"]["id"]
    response.headers["content-disposition"] = f'attachment; filename="{record_id}.json"'
    recent = [call for call in state.sessions.calls() if call.identity == spelt]
    events = await _events(state.hub, recent)
    held["complete"] &= len(events) <= MOST_EVENTS
    calls = [describe(call) for call in recent]
    return PersonExport(**held, recent_calls=calls, events=events[:MOST_EVENTS])


async def _events(hub: Hub, calls: Sequence[CallSummary]) -> list[JsonObject]:
    """What is held of these calls' events; no numbers from which a reference could be computed."""
    told: list[JsonObject] = []
    for call in calls:
        if len(told) <= MOST_EVENTS:
            held = await hub.history(call.session)
            told += [event.fields_for(Audience.READER) for event in held]
    return told


async def list_calls_of(
    request: Request,
    name: Name,
    token: Token,
    before: Annotated[
        int | None, Query(ge=1, le=2**53, description="`next` of the answer before.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_CALLS, description="So many at most.")] = 50,
) -> PersonCalls:
    """List a person's calls as the audit trail has them; also of one who was deleted."""
    grant = admit(request, token, Scope.REPLACE, identity=name)
    gate_of(request).count_asking(grant, client_of(request))
    trail, spelt = state_of(request).store.audit, normalise_name(name)
    found = await calls_of(trail, spelt, before=before, limit=limit)
    calls = [PastCallDescription(**asdict(call)) for call in found.calls]
    return PersonCalls(calls=calls, next=found.next)
