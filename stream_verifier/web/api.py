"""All HTTP routes of the API in one place; their work is in the modules beside it."""

from __future__ import annotations

from functools import cache
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute

from stream_verifier.rooms.requests import RoomDescription, RoomList
from stream_verifier.web import (
    audit,
    calls,
    health,
    ice,
    identities,
    metrics,
    rights,
    room_news,
    rooms,
    tokens,
    uploads,
    whip_described,
)
from stream_verifier.web.access import administrator
from stream_verifier.web.answers import JsonAnswer
from stream_verifier.web.models import (
    AuditPage,
    CallDescription,
    CallEvents,
    CallList,
    ChallengeDescription,
    ConsentHistory,
    Health,
    IceServerList,
    IdentityDescription,
    IdentityList,
    PersonCalls,
    PersonExport,
    Readiness,
    ReceiptDescription,
    SignInOffer,
    TokenAnswer,
)
from stream_verifier.web.problems import Problem, described
from stream_verifier.web.sign_in import show_sign_in

PREFIX = "/api/v1"
OPENAPI_URL = f"{PREFIX}/openapi.json"
_GUARDED = (400, 401, 403, 422, 429, 503)
_ADMIN = [Depends(administrator)]


def add_routes(app: FastAPI) -> None:
    """Give the application the routes of the API."""
    app.router.routes += _routes()
    _describe_the_rest(app)


@cache
def _routes() -> tuple[BaseRoute, ...]:
    """Made once for all applications of a process: what they share hangs on the application.

    To make models of all their signatures takes longer than to make the rest of an application.
    """
    # What asks whether a server is well may add what it likes: the answer decides on its life.
    probes = APIRouter(default_response_class=JsonAnswer)
    _add_health(probes)
    router = APIRouter(
        default_response_class=JsonAnswer, dependencies=[Depends(_refuse_unknown_query)]
    )
    _add_identities(router)
    _add_calls(router)
    _add_rooms(router)
    router.add_api_route(
        f"{PREFIX}/tokens",
        tokens.issue_token,
        methods=["POST"],
        status_code=201,
        response_model=TokenAnswer,
        dependencies=_ADMIN,
        responses=described(*_GUARDED, 409, 413),
        tags=["tokens"],
    )
    router.add_api_route(
        f"{PREFIX}/ice-servers",
        ice.list_ice_servers,
        response_model_exclude_none=True,
        tags=["calls"],
        **_gives(IceServerList),
    )
    router.add_api_route(f"{PREFIX}/audit", audit.show_audit, tags=["audit"], **_gives(AuditPage))
    router.add_api_route(
        f"{PREFIX}/metrics",
        metrics.metrics,
        response_class=PlainTextResponse,
        responses=described(*_GUARDED),
        tags=["health"],
    )
    return (*probes.routes, *router.routes)


async def _refuse_unknown_query(request: Request) -> None:
    """A dependency of routes: a parameter that is misspelt would else be passed over in silence.

    Raises:
        RequestValidationError: the query has one that the route does not know.
    """
    known = [field.alias for field in request.scope["route"].dependant.query_params]
    if set(request.query_params) - set(known):
        told = f"this route knows {', '.join(known) or 'none'}, and no other parameters"
        raise RequestValidationError([{"type": "unknown", "loc": ("query",), "msg": told}])


def _add_health(router: APIRouter) -> None:
    for path, endpoint, model, statuses in (
        ("health", health.health, Health, (400,)),
        ("ready", health.ready, Readiness, (400, 503)),
        ("sign-in", show_sign_in, SignInOffer, (400, 503)),
    ):
        router.add_api_route(
            f"{PREFIX}/{path}",
            endpoint,
            response_model=model,
            responses=described(*statuses),
            tags=["tokens" if model is SignInOffer else "health"],
        )


def _add_identities(router: APIRouter) -> None:
    one = f"{PREFIX}/identities/{{name}}"
    router.add_api_route(
        f"{PREFIX}/identities",
        identities.list_identities,
        dependencies=_ADMIN,
        tags=["identities"],
        **_gives(IdentityList),
    )
    router.add_api_route(
        one,
        identities.show_identity,
        dependencies=_ADMIN,
        tags=["identities"],
        **_gives(IdentityDescription, 404),
    )
    router.add_api_route(
        one,
        identities.delete_identity,
        methods=["DELETE"],
        dependencies=_ADMIN,
        tags=["identities"],
        **_gives(ReceiptDescription, 404),
    )
    router.add_api_route(
        one,
        uploads.enrol_from_files,
        methods=["POST"],
        status_code=201,
        openapi_extra={"requestBody": uploads.BODY},
        tags=["identities"],
        **_gives(IdentityDescription, 404, 408, 409, 413, 415),
    )
    router.add_api_route(
        f"{one}/export",
        rights.export_identity,
        tags=["identities"],
        **_gives(PersonExport, 404),
    )
    router.add_api_route(
        f"{one}/calls", rights.list_calls_of, tags=["identities"], **_gives(PersonCalls)
    )
    for method, consent in (
        ("GET", identities.show_consents),
        ("PUT", identities.renew_consent),
        ("DELETE", identities.withdraw_consent),
    ):
        router.add_api_route(
            f"{one}/consent",
            consent,
            methods=[method],
            tags=["identities"],
            **_gives(ConsentHistory, 404, 413),
        )


def _add_calls(router: APIRouter) -> None:
    one = f"{PREFIX}/calls/{{session}}"
    for path, endpoint, more in (
        (f"{PREFIX}/calls", calls.list_calls, _gives(CallList)),
        (one, calls.show_call, _gives(CallDescription, 404)),
        (f"{one}/events", calls.show_events, _gives(CallEvents, 404)),
        (one, calls.end_call, {**_deletes(404), "dependencies": _ADMIN}),
        (
            f"{one}/challenge",
            calls.challenge_call,
            {
                "methods": ["POST"],
                "status_code": 201,
                **_gives(ChallengeDescription, 404, 409, 413),
            },
        ),
    ):
        router.add_api_route(path, endpoint, tags=["calls"], **more)


def _add_rooms(router: APIRouter) -> None:
    every, one = f"{PREFIX}/rooms", f"{PREFIX}/rooms/{{attachment}}"
    attached = {**_gives(RoomDescription, 409, 413, 502), "status_code": 201}
    for path, endpoint, more in (
        (every, rooms.attach_room, {**attached, "methods": ["POST"]}),
        (every, rooms.list_rooms, _gives(RoomList)),
        (one, rooms.show_room, _gives(RoomDescription, 404)),
        (one, rooms.detach_room, _deletes(404)),
    ):
        router.add_api_route(path, endpoint, tags=["rooms"], **more)
    router.add_api_route(
        f"{PREFIX}{room_news.PATH}",
        room_news.hear_livekit,
        methods=["POST"],
        status_code=204,
        responses=described(400, 401, 404, 413, 422, 503),
        tags=["rooms"],
    )


# Here and below: keyword arguments of FastAPI, and what it makes itself.
def _gives(model: Any, *statuses: int) -> dict[str, Any]:
    return {"response_model": model, "responses": described(*_GUARDED, *statuses)}


def _deletes(*statuses: int) -> dict[str, Any]:
    return {
        "methods": ["DELETE"],
        "status_code": 204,
        "responses": described(*_GUARDED, *statuses),
    }


def _describe_the_rest(app: FastAPI) -> None:
    """Add the schema that every problem refers to, and WHIP, to the API's description."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        description = generate()
        schemas = description["components"]["schemas"]
        schemas["Problem"] = Problem.model_json_schema()
        description["paths"] |= whip_described.paths()
        return description

    app.openapi = openapi  # type: ignore[method-assign]
