"""Identities and health over HTTP; errors as problem details (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from stream_verifier import errors
from stream_verifier.identities.identity import Identity
from stream_verifier.identities.store import IdentityStore

_STATUS: dict[type[errors.StreamVerifierError], int] = {
    errors.UnknownSessionError: 404,
    errors.ProtocolError: 400,
    errors.MediaError: 400,
    errors.CapacityError: 503,
    errors.UnknownIdentityError: 404,
    errors.IdentityExistsError: 409,
    errors.StaleReferenceError: 409,
    errors.IdentityError: 422,
    errors.StoreError: 503,
}


def describe(identity: Identity) -> dict[str, Any]:
    """An identity as JSON: no vectors, and of the consent only when and to what."""
    return {
        "id": identity.id,
        "name": identity.name,
        "created_at": identity.created_at.isoformat(),
        "model": identity.model_id,
        "faces": identity.face_count,
        "speech_s": round(identity.speech_s, 1),
        "consent": {
            "given_at": identity.consent.given_at.isoformat(),
            "purpose": identity.consent.purpose,
            "text_sha256": identity.consent.text_sha256,
        },
    }


def _store(request: Request) -> IdentityStore:
    store: IdentityStore = request.app.state.store
    return store


async def list_identities(request: Request) -> Response:
    """GET /api/v1/identities."""
    return JSONResponse({"identities": [describe(item) for item in await _store(request).list()]})


async def show_identity(request: Request) -> Response:
    """GET /api/v1/identities/{name}."""
    return JSONResponse(describe(await _store(request).get(request.path_params["name"])))


async def delete_identity(request: Request) -> Response:
    """DELETE /api/v1/identities/{name}."""
    await _store(request).delete(request.path_params["name"])
    return Response(status_code=204)


async def health(request: Request) -> Response:
    """GET /api/v1/health: alive, and how full."""
    sessions, settings = request.app.state.sessions, request.app.state.settings
    return JSONResponse({"status": "ok", "calls": sessions.count, "max_calls": settings.max_calls})


async def on_error(request: Request, error: Exception) -> Response:
    """Turn an expected error into problem details."""
    if isinstance(error, HTTPException):
        return _problem(error.status_code, "http_error", str(error.detail), error.headers)
    if not isinstance(error, errors.StreamVerifierError):
        raise error
    status = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 500)
    return _problem(status, error.code, str(error))


def _problem(
    status: int, code: str, detail: str, headers: Mapping[str, str] | None = None
) -> Response:
    return JSONResponse(
        {"type": "about:blank", "status": status, "code": code, "detail": detail},
        status_code=status,
        media_type="application/problem+json",
        headers=headers,
    )
