"""Errors as problem details (RFC 9457)."""

from __future__ import annotations

from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Match, Route

from stream_verifier import errors
from stream_verifier.web.refusals import note_refusal

MEDIA_TYPE = "application/problem+json"

# The first kind that fits counts.
_STATUS: tuple[tuple[type[errors.StreamVerifierError], int], ...] = (
    (errors.MissingTokenError, 401),
    (errors.InvalidTokenError, 401),
    (errors.ExpiredTokenError, 401),
    (errors.RateLimitedError, 429),
    (errors.AccessError, 403),
    (errors.NoTokenKeyError, 409),
    (errors.TokenRequestError, 422),
    (errors.UnknownCallError, 404),
    (errors.ChallengeError, 409),
    (errors.UnknownSessionError, 404),
    (errors.ProtocolError, 400),
    (errors.MediaError, 400),
    (errors.CapacityError, 503),
    (errors.UnknownIdentityError, 404),
    (errors.IdentityExistsError, 409),
    (errors.StaleReferenceError, 409),
    (errors.IdentityError, 422),
    (errors.AlreadyAddedError, 409),
    (errors.EnrolmentError, 422),
    (errors.CursorError, 422),
    (errors.StoreError, 503),
    (errors.NotReadyError, 503),
    (errors.RequestUnderWayError, 409),
    (errors.KeyReusedError, 422),
    (errors.UnknownAttachmentError, 404),
    (errors.AttachedAlreadyError, 409),
    (errors.RoomAddressError, 422),
    (errors.UnknownRoomError, 422),
    (errors.RoomRefusedError, 422),
    (errors.RoomError, 502),
    (errors.SettingsError, 422),
)
_TITLES = {
    400: "The request cannot be understood.",
    401: "A token is missing, garbled, forged or expired.",
    403: "The token does not allow this.",
    404: "There is no such thing.",
    408: "The request came too slowly.",
    409: "It contradicts what is there or how the server is set up.",
    413: "The body is too long.",
    414: "The path and its query are too long.",
    415: "The body is of another media type.",
    422: "A part of the request breaks the contract.",
    429: "Too many attempts from this address.",
    502: "The host of a room does not answer, or not as it should.",
    503: "The store cannot be used, or the server is full or not ready.",
}
_HTTP_CODES = {
    408: "too_slow",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_long",
    415: "unsupported_media_type",
}
_OF_THE_FRAMEWORK = {
    "Not Found": "Nothing is at this path: check it. A name in it is percent-encoded.",
    "Method Not Allowed": "This path takes other methods: the header Allow names them.",
}
"""Names of a status, which do not say what to do."""


class Problem(BaseModel):
    """What went wrong and what to do about it."""

    type: str = Field(description="about:blank: `code` says what kind it is.")
    status: int
    code: str = Field(description="Machine-readable; never changes its meaning.")
    detail: str = Field(description="For people.")


# The result is of the very type that FastAPI asks for: its dictionaries may be written to.
def described(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """These problems, and what the guard says of any path, as the API's description tells them."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        status: {"description": _TITLES[status], "content": {MEDIA_TYPE: {"schema": schema}}}
        for status in (*statuses, 414)
    }


def status_of(error: errors.StreamVerifierError) -> int:
    """The HTTP status of an expected error."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


async def on_error(request: Request, error: Exception) -> Response:
    """Turn an expected error into problem details."""
    if isinstance(error, HTTPException):
        code = _HTTP_CODES.get(error.status_code, "http_error")
        headers = _allowed(request, error) if error.status_code == 405 else error.headers
        detail = _OF_THE_FRAMEWORK.get(error.detail, error.detail)
        return problem(error.status_code, code, detail, headers)
    if isinstance(error, RequestValidationError):
        return problem(422, "bad_request", _where(error))
    if not isinstance(error, errors.StreamVerifierError):
        raise error
    note_refusal(request, error)
    status = status_of(error)
    return problem(status, error.code, error.told, _headers(error, status))


async def on_gone(request: Request, error: Exception) -> Response:
    """Pass over a sender that was gone before its body was whole: nothing of ours failed."""
    return Response(status_code=400)  # that nobody hears


async def on_failure(request: Request, error: Exception) -> Response:
    """Tell of an error that nobody expected; the server's log has it."""
    return problem(500, "internal_error", "The server failed; its log says why. Try again later.")


def problem(status: int, code: str, detail: str, headers: Any = None) -> JSONResponse:
    """A response with problem details."""
    body = Problem(type="about:blank", status=status, code=code, detail=detail)
    return JSONResponse(body.model_dump(), status, headers, MEDIA_TYPE)


def _headers(error: errors.StreamVerifierError, status: int) -> dict[str, str]:
    if isinstance(error, errors.PassingError):
        return {"retry-after": str(error.retry_after_s)}
    if status != 401:
        return {}
    reason = "" if isinstance(error, errors.MissingTokenError) else ' error="invalid_token"'
    return {"www-authenticate": f"Bearer{reason}"}


def _allowed(request: Request, error: HTTPException) -> dict[str, str]:
    """All methods of a path: the error names those of the first route or endpoint alone."""
    told = (error.headers or {}).get("Allow", "").split(", ")
    methods = {method for method in told if method} | _methods_at(request)
    return {"allow": ", ".join(sorted(methods))}


def _methods_at(request: Request) -> set[str]:
    routes = [route for route in request.app.routes if isinstance(route, Route)]
    at_path = [route for route in routes if route.matches(request.scope)[0] is not Match.NONE]
    return {method for route in at_path for method in route.methods or ()}


def _where(error: RequestValidationError) -> str:
    """Say where and what is wrong, never what was sent: it may be a name or a token."""
    first = error.errors()[0]
    if first["type"] == "json_invalid" or (
        first["loc"] == ("body",) and first["type"] in ("model_attributes_type", "missing")
    ):
        return "body: send a JSON object, with Content-Type: application/json"
    place = ".".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0])
    return f"{place}: {first['msg']}"[:300]
