"""WHIP as the API's description tells it: its endpoints take and give SDP, which no model holds."""

from __future__ import annotations

from pydantic import JsonValue

from stream_verifier.events.json_object import JsonObject
from stream_verifier.identities.identity import MAX_NAME_CHARS
from stream_verifier.web.problems import described

_SDP: JsonObject = {"application/sdp": {"schema": {"type": "string"}}}
_SECURITY: list[JsonValue] = [{"token": []}]


def paths() -> JsonObject:
    """The paths of WHIP with their operations."""
    return {
        "/api/v1/whip/{identity}": {"post": _post()},
        "/api/v1/whip/sessions/{session}": {"delete": _delete()},
    }


def _post() -> JsonObject:
    return {
        "tags": ["whip"],
        "summary": "Publish Call",
        "description": "Open a verified call with an SDP offer (RFC 9725); all candidates in it.",
        "operationId": "publish_call",
        "security": _SECURITY,
        "parameters": [_parameter("identity", "Whom the call is checked against.", MAX_NAME_CHARS)],
        "requestBody": {"required": True, "content": _SDP},
        "responses": {
            "201": {
                "description": "The SDP answer, all candidates in it.",
                "headers": _headers("Location", "ETag", "Link"),
                "content": _SDP,
            },
            **_problems(400, 401, 403, 404, 409, 413, 415, 422, 429, 503),
        },
    }


def _delete() -> JsonObject:
    return {
        "tags": ["whip"],
        "summary": "End Published Call",
        "description": "End a call that was published.",
        "operationId": "end_published_call",
        "security": _SECURITY,
        "parameters": [_parameter("session", "The last part of its Location.", None)],
        "responses": {
            "200": {"description": "It is about to end."},
            **_problems(400, 401, 403, 404, 429),
        },
    }


def _parameter(name: str, description: str, max_chars: int | None) -> JsonObject:
    schema: JsonObject = {"type": "string", "minLength": 1}
    if max_chars is not None:
        schema["maxLength"] = max_chars
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": schema,
    }


def _headers(*names: str) -> JsonObject:
    return {name: {"schema": {"type": "string"}} for name in names}


def _problems(*statuses: int) -> JsonObject:
    return {str(status): told for status, told in described(*statuses).items()}
