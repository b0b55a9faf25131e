"""Enrolment from pictures and recordings in one request; they stay in memory."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Annotated

from fastapi import Query
from pydantic import ValidationError
from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.responses import Response

from stream_verifier.access.scopes import Scope
from stream_verifier.calls.places import Place
from stream_verifier.calls.uploads import FIELDS, given
from stream_verifier.errors import ConsentError, EnrolmentError, OtherPersonError, ProtocolError
from stream_verifier.events.call_messages import ConsentGiven
from stream_verifier.events.json_object import JsonObject
from stream_verifier.identities.opening import longest_consent
from stream_verifier.web.access import Token, actor_of_request, admit, count_opening
from stream_verifier.web.answers import JsonAnswer
from stream_verifier.web.identities import describe
from stream_verifier.web.models import Name
from stream_verifier.web.problems import on_error
from stream_verifier.web.repeats import IdempotencyKey, fingerprint_of, once
from stream_verifier.web.state import state_of

FORM = "multipart/form-data"
MOST_FILES = 8
_MAX_TEXT_BYTES = 64 * 1024
_CHARSETS = frozenset({b"utf-8", b"utf8", b"us-ascii"})
"""That a form may name; Python has some that take seconds for a text of 64 KiB, such as IDNA's."""
_NO_UTF_8 = "The form cannot be read: send its texts in UTF-8."
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
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Enrol a person from pictures and recordings, of which nothing is kept."""
    if add and replace:
        raise ProtocolError("Say replace or add, not both.")
    grant = admit(request, token, Scope.UPLOAD, identity=name)
    if replace or add:
        admit(request, token, Scope.REPLACE, identity=name)
    await count_opening(request, grant)
    uploads = state_of(request).uploads
    how = f"replace {replace} add {add} {name}"
    # The key first: who asks again while it is done is told so, and not that there is no place.
    async with once(request, grant, idempotency_key) as doing:
        with uploads.place(grant.identity):
            if doing.kept is not None:
                return doing.again(await _fingerprint(how, await _read(request)))
            spelt, old = await uploads.look(name, replaces=replace, adds=add)
            asked = await _read(request)
            consent = asked.consent.record(longest=longest_consent(state_of(request).settings))
            try:
                identity = await uploads.enrol(
                    spelt,
                    [given(*part) for part in asked.parts],
                    consent,
                    enrolled=old,
                    adds=add,
                    place=Place.of(grant, spelt),
                    by=actor_of_request(request, grant),
                )
            except OtherPersonError as error:  # a try, which the same files are but once
                answer = await on_error(request, error)
            else:
                answer = JsonAnswer(describe(identity).model_dump(mode="json"), 201)
            if idempotency_key is not None:
                doing.keep(await _fingerprint(how, asked), answer)
            return answer


@dataclass(frozen=True, slots=True)
class _Asked:
    """A consent, and files by field, number in that field and content."""

    consent: ConsentGiven
    parts: list[tuple[str, int, bytes]]


async def _read(request: Request) -> _Asked:
    """Read the body; raises what `_form` and `_consent` raise."""
    form = await _form(request)
    try:
        parts = [
            (field, number, await part.read())
            for field in FIELDS
            for number, part in enumerate(_files(form, field), start=1)
        ]
        return _Asked(_consent(form), parts)
    finally:
        await form.close()


async def _fingerprint(how: str, asked: _Asked) -> str:
    """Of what is asked for, and not of how a client happens to write it."""
    files = [one for field, _, content in asked.parts for one in (field.encode(), content)]
    consent = asked.consent.model_dump_json()
    return await asyncio.to_thread(fingerprint_of, [how, consent, *files])


async def _form(request: Request) -> FormData:
    """Read the body.

    Raises:
        HTTPException: it is of another media type, or holds what nobody asked for.
        ProtocolError: it is no form.
    """
    kind, said = parse_options_header(request.headers.get("content-type"))
    if kind.decode("latin-1").lower() != FORM:
        raise HTTPException(415, f"Send the files as {FORM}.")
    if said.get(b"charset", b"utf-8").lower() not in _CHARSETS:
        raise ProtocolError(_NO_UTF_8)
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
