"""Enrolment from pictures and recordings in one request; they stay in memory."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from pydantic import ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from stream_verifier.access.scopes import Scope
from stream_verifier.calls.places import Place
from stream_verifier.calls.uploads import FIELDS, given
from stream_verifier.errors import ConsentError, EnrolmentError, ProtocolError
from stream_verifier.events.call_messages import ConsentGiven
from stream_verifier.events.json_object import JsonObject
from stream_verifier.identities.opening import longest_consent
from stream_verifier.web.access import Token, actor_of_request, admit, client_of, gate_of
from stream_verifier.web.identities import describe
from stream_verifier.web.models import IdentityDescription, Name
from stream_verifier.web.state import state_of

FORM = "multipart/form-data"
MOST_FILES = 8
_MAX_TEXT_BYTES = 64 * 1024
_CONSENT = tuple(ConsentGiven.model_fields)
_FILES: JsonObject = {
    "type": "array",
    "items": {"type": "string", "format": "binary"},
    "maxItems": MOST_FILES,
}
BODY: JsonObject = {
    "required": True,
    "content": {
        FORM: {
            "schema": {
                "type": "object",
                "required": ["subject", "purpose", "text"],
                "additionalProperties": False,
                "properties": {
                    "subject": {"type": "string", "maxLength": 200, "description": "Who agreed."},
                    "purpose": {"type": "string", "maxLength": 500, "description": "To what."},
                    "text": {"type": "string", "maxLength": 10_000, "description": "The words."},
                    "expires_at": {"type": "string", "format": "date-time"},
                    "face": {**_FILES, "description": "Pictures of the face."},
                    "voice": {**_FILES, "description": "Recordings of the voice."},
                    "video": {**_FILES, "description": "Face and voice together."},
                },
            }
        }
    },
}
"""What FastAPI cannot tell of a body that is read only after the token was looked at."""


class _InMemory(MultiPartParser):
    """Keeps files where no disk sees them: 0 is what a spooled file calls without a limit."""

    spool_max_size = 0


async def enrol_from_files(
    request: Request,
    name: Name,
    token: Token,
    replace: Annotated[
        bool, Query(description="Whether to replace who is enrolled; needs identity:replace too.")
    ] = False,
    add: Annotated[
        bool,
        Query(
            description="Whether to add to the reference of who is enrolled; in place of "
            "`replace`, with the same scopes."
        ),
    ] = False,
) -> IdentityDescription:
    """Enrol a person from pictures and recordings, of which nothing is kept."""
    if add and replace:
        raise ProtocolError("Say replace or add, not both.")
    grant = admit(request, token, Scope.UPLOAD, identity=name)
    if replace or add:
        admit(request, token, Scope.REPLACE, identity=name)
    gate_of(request).count_opening(grant, client_of(request))
    state = state_of(request)
    with state.uploads.place():
        spelt, old = await state.uploads.look(name, replaces=replace, adds=add)
        form = await _form(request)
        try:
            consent = _consent(form).record(longest=longest_consent(state.settings))
            files = [
                given(field, number, await part.read())
                for field in FIELDS
                for number, part in enumerate(_files(form, field), start=1)
            ]
        finally:
            await form.close()
        actor = actor_of_request(request, grant)
        place = Place.of(grant, spelt)
        identity = await state.uploads.enrol(
            spelt, files, consent, enrolled=old, adds=add, place=place, by=actor
        )
    return describe(identity)


async def _form(request: Request) -> FormData:
    """Read the body.

    Raises:
        HTTPException: it is of another media type, or holds what nobody asked for.
        ProtocolError: it is no form.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != FORM:
        raise HTTPException(415, f"Send the files as {FORM}.")
    parser = _InMemory(
        request.headers,
        request.stream(),
        max_files=MOST_FILES,
        max_fields=len(_CONSENT),
        max_part_size=_MAX_TEXT_BYTES,
    )
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise ProtocolError(f"The form cannot be read: {error.message}") from None
    except UnicodeError:  # of a charset that it names itself
        raise ProtocolError("The form cannot be read: send its texts in UTF-8.") from None
    for field, value in form.multi_items():
        if field not in (FIELDS if isinstance(value, UploadFile) else _CONSENT):
            await form.close()
            raise ProtocolError(
                "The form has a field that is none: send files as face, voice or video, and texts "
                "as subject, purpose, text and expires_at."
            )
    return form


def _files(form: FormData, field: str) -> list[UploadFile]:
    return [part for part in form.getlist(field) if isinstance(part, UploadFile)]


def _consent(form: FormData) -> ConsentGiven:
    told = {name: form[name] for name in _CONSENT if form.get(name)}
    if not {"subject", "purpose", "text"} <= told.keys():
        raise ConsentError("Enrolment needs consent: subject, purpose and text of who agrees.")
    try:
        return ConsentGiven.model_validate(told)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise EnrolmentError(f"The consent cannot be read: {where}: {first['msg']}.") from None
