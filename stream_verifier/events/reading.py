"""Reads events back from JSON, as tolerantly as the contract asks of a reader.

Fields and types that this version does not know are skipped. What an older server did not say yet
counts as null, where a field may be null, else as nothing: 0, "", []. A value of a set that has
grown, such as a new reason, stays the string that it is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import Enum
from functools import cache
from types import NoneType
from typing import Any, Literal, TypeVar, cast, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError

from stream_verifier.events.event import Event, UnknownPayload
from stream_verifier.events.kinds import PAYLOAD_OF_TYPE
from stream_verifier.events.schema import AnyPayload, Payload

_Model = TypeVar("_Model", bound=BaseModel)

_UNSAID = object()


def read_payload(event: Mapping[str, object]) -> Payload | None:
    """The typed payload of an event that says all that the contract asks for, else None."""
    model = PAYLOAD_OF_TYPE.get(str(event["type"]))
    if model is None:
        return None
    try:
        return model.model_validate(event, extra="ignore")
    except ValidationError:
        return None


def read_event(event: Mapping[str, object]) -> Event:
    """Read an event as it goes over the wire.

    Raises:
        ValueError: it has no type, or a field is of another kind than the contract says.
    """
    if not isinstance(event.get("type"), str):
        raise ValueError("What has no type is no event.")
    known = read_payload(event)
    return Event(
        seq=cast("int", _value(int, event.get("seq", _UNSAID))),
        session=cast("str", _value(str, event.get("session", _UNSAID))),
        wall=cast("str", _value(str, event.get("wall", _UNSAID))),
        payload=cast("AnyPayload", known) if known is not None else _tolerated(event),
    )


def read_line(line: str) -> Event:
    """Read an event from its line of JSON, which it keeps.

    Raises:
        ValueError: it is none.
    """
    said = json.loads(line)
    if not isinstance(said, dict):
        raise ValueError("What is no JSON object is no event.")
    event = read_event(said)
    event.__dict__["line"] = line  # where a cached property keeps what it made
    return event


def _tolerated(event: Mapping[str, object]) -> AnyPayload | UnknownPayload:
    at_s = event.get("media_s", 0.0)
    said = {"start_s": at_s, "end_s": at_s, **event, "media_s": at_s}
    model = PAYLOAD_OF_TYPE.get(str(event["type"]))
    if model is not None:
        return cast("AnyPayload", _completed(model, said))
    stamps = ("v", "seq", "session", "wall", "untold")
    return UnknownPayload.model_validate(
        {"media_s": 0.0, **{key: value for key, value in event.items() if key not in stamps}}
    )


def _completed(model: type[_Model], said: Mapping[str, object]) -> _Model:
    """A model of what was said, without insisting on anything that was not."""
    fields = {}
    for name, field in model.model_fields.items():
        if name not in said and not field.is_required():
            fields[name] = field.get_default(call_default_factory=True)
        else:
            fields[name] = _value(field.annotation, said.get(name, _UNSAID))
    return model.model_construct(**fields)


def _value(kind: Any, value: object) -> object:
    """A value of that kind, or what stands for it."""
    if value is _UNSAID:
        value = _nothing(kind)
    try:
        return _adapter(kind).validate_python(value, extra="ignore")
    except ValidationError as error:
        return _bent(_without_null(kind), value, error)


def _bent(kind: Any, value: object, error: ValidationError) -> object:
    """What does not fit its kind: parts may be missing, and known values may have become more."""
    if isinstance(value, Mapping) and isinstance(kind, type) and issubclass(kind, BaseModel):
        return _completed(kind, value)
    if isinstance(value, list) and get_origin(kind) is list:
        return [_value(get_args(kind)[0], item) for item in value]
    if isinstance(value, str) and _is_a_choice(kind):
        return value
    raise error


def _is_a_choice(kind: Any) -> bool:
    return get_origin(kind) is Literal or (isinstance(kind, type) and issubclass(kind, Enum))


def _without_null(kind: Any) -> Any:
    kinds = [each for each in get_args(kind) if each is not NoneType]
    return kinds[0] if NoneType in get_args(kind) else kind


def _nothing(kind: Any) -> object:
    if NoneType in get_args(kind):
        return None
    if get_origin(kind) is list:
        return []
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return {}
    return kind() if kind in (int, float, bool) else ""


@cache
def _adapter(kind: Any) -> TypeAdapter[object]:
    return TypeAdapter(kind)
