"""Calls that run and that ended, over HTTP."""

from __future__ import annotations

import dataclasses
from typing import Annotated
from urllib.parse import quote

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from stream_verifier.access.grant import Grant
from stream_verifier.access.scopes import Scope
from stream_verifier.calls.deeds import challenge_asked
from stream_verifier.calls.registry import SessionRegistry
from stream_verifier.calls.summary import CallSummary
from stream_verifier.errors import ChallengeError, UnknownCallError
from stream_verifier.events.audience import Audience
from stream_verifier.events.json_object import JsonObject
from stream_verifier.web.access import (
    Token,
    actor_of_request,
    admit,
    audience_of,
    refuse_strangers,
)
from stream_verifier.web.models import (
    CallDescription,
    CallEvents,
    CallList,
    ChallengeDescription,
    ChallengeRequest,
    SessionId,
)
from stream_verifier.web.passing_on import post_on, was_passed_on
from stream_verifier.web.state import state_of


def describe(call: CallSummary) -> CallDescription:
    """A call as the API tells it."""
    totals = None if call.totals is None else call.totals.model_dump(mode="json")
    return CallDescription.model_validate(dataclasses.asdict(call) | {"totals": totals})


def _sessions(request: Request) -> SessionRegistry:
    return state_of(request).sessions


async def _history(
    request: Request, session: str, after: int, audience: Audience
) -> list[JsonObject]:
    """What is kept of a call's events."""
    held = await state_of(request).hub.history(session, after_seq=after)
    return [event.fields_for(audience) for event in held if event.is_for(audience)]


def _readable(request: Request, token: str | None, session: str) -> tuple[CallSummary, Grant]:
    """The call, for one who may read its events, and what his token grants.

    Whether there is such a call is told only to one who might read it.
    """
    call = next((call for call in _sessions(request).calls() if call.session == session), None)
    identity = None if call is None else call.identity
    grant = admit(request, token, Scope.READ, identity=identity, session=session)
    if call is None:
        raise UnknownCallError("No such call runs, and none that ended lately had that id.")
    return call, grant


async def list_calls(request: Request, token: Token) -> CallList:
    """List calls that run and the last ones that ended, newest first.

    A token bound to one identity or call does not allow this: it may show that one.
    """
    admit(request, token, Scope.READ)
    return CallList(calls=[describe(call) for call in _sessions(request).calls()])


async def show_call(request: Request, session: SessionId, token: Token) -> CallDescription:
    """Show one call."""
    call, _ = _readable(request, token, session)
    return describe(call)


async def show_events(
    request: Request,
    session: SessionId,
    token: Token,
    after: Annotated[int, Query(ge=0, le=2**53, description="Only those after this number.")] = 0,
) -> CallEvents:
    """Show what is kept of a call's events: state changes all, scores the newest."""
    _, grant = _readable(request, token, session)
    events = await _history(request, session, after, audience_of(grant))
    return CallEvents(session=session, events=events)


async def end_call(request: Request, session: SessionId) -> None:
    """End a call; one that ended already stays so."""
    sessions = _sessions(request)
    if all(call.session != session for call in sessions.calls()):
        raise UnknownCallError("No such call runs, and none that ended lately had that id.")
    await sessions.end(session)


async def challenge_call(
    request: Request, session: SessionId, wanted: ChallengeRequest, token: Token
) -> ChallengeDescription | Response:
    """Have the person in a call asked for something, now; the result comes as an event.

    For an administrator, and for whose call it is: the token that opened it, or one with
    `call:publish` that is bound to its name or session.
    """
    call = next((call for call in _sessions(request).calls() if call.session == session), None)
    identity = None if call is None else call.identity
    # Whether there is such a call is told only to one who might ask.
    grant = admit(request, token, Scope.PUBLISH, identity=identity, session=session)
    if call is None:
        raise UnknownCallError("No such call runs, and none that ended lately had that id.")
    here = _sessions(request).here.get(session)
    if here is None:
        return await _ask_elsewhere(request, session, wanted)
    refuse_strangers(grant, here.place, session)
    trusted = Scope.ADMIN in grant.scopes
    here.asking.refuse(wanted.kind, trusted=trusted, shown=wanted.asker_tells)
    # Written before anybody is asked.
    deed = challenge_asked(session, here.identity, wanted.kind, actor_of_request(request, grant))
    await state_of(request).store.audit.append(deed)
    asked = here.asking.ask(wanted.kind, by="api", trusted=trusted)
    return ChallengeDescription.model_validate(asked.model_dump(exclude={"type", "media_s"}))


async def _ask_elsewhere(request: Request, session: str, wanted: ChallengeRequest) -> Response:
    """Have the worker ask that has the call; it knows by the same token who asks."""
    record = None
    if not was_passed_on(request, session):
        record = await state_of(request).neighbours.find(session)
    if record is None or record.address is None:
        raise ChallengeError("That call has ended, or just goes from one server to another.")
    path = f"/api/v1/calls/{quote(session, safe='')}/challenge"
    body = wanted.model_dump_json()
    return await post_on(request, session, record.address, path=path, body=body)
