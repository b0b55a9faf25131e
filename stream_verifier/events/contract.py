"""Writes the wire contract down as JSON Schema and AsyncAPI, from the code that speaks it.

python -m stream_verifier.events.contract [folder]
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Literal, cast

from pydantic import BaseModel, Field, create_model
from pydantic.json_schema import models_json_schema

from stream_verifier.events import feed_messages
from stream_verifier.events.asyncapi import describe_channels
from stream_verifier.events.call_messages import (
    Answer,
    ChallengeRefused,
    ClientMessage,
    GoingAway,
)
from stream_verifier.events.decoded_messages import DecodedClientMessage, Started
from stream_verifier.events.json_object import JsonObject
from stream_verifier.events.kinds import PAYLOADS
from stream_verifier.events.schema import VERSION, Payload
from stream_verifier.events.unions import members

SCHEMA_FILE = "events.schema.json"
ASYNCAPI_FILE = "asyncapi.json"
FOLDER = Path(__file__).parents[2] / "docs" / "protocol"
_LEFT_OUT = {
    *("untold", "presence", "origin", "adapted_from", "camera_signs", "posterior", "sure"),
    *("screen", "bits", "delay_s", "light", "background", "added"),
}
"""Fields that are there only where they say something."""

_FROM_SERVER: tuple[type[BaseModel], ...] = (
    *members(feed_messages.ServerMessage),
    Answer,
    Started,
    GoingAway,
    ChallengeRefused,
)
_FROM_CLIENT: tuple[type[BaseModel], ...] = (
    feed_messages.Subscribe,
    *members(ClientMessage),
    *(one for one in members(DecodedClientMessage) if one not in members(ClientMessage)),
)

_UNTOLD = (
    "To a call's own client alone: how many scores before this event it was not told, on purpose; "
    "they are counted in seq."
)


def event_of(payload: type[Payload]) -> type[Payload]:
    """The payload as it goes over the wire: numbered and dated."""
    return create_model(
        payload.__name__,
        __base__=payload,
        __doc__=payload.__doc__,
        v=(Literal[2], Field(description="Version of the contract.")),
        seq=(int, Field(ge=1, description="Counts the events of one session, without holes.")),
        session=(str, Field(description="The session's id.")),
        wall=(str, Field(description="When it was said: UTC, milliseconds.")),
        untold=(int, Field(0, ge=0, description=_UNTOLD)),
    )


def schema() -> JsonObject:
    """JSON Schema (2020-12) of all messages; its root is any event.

    What the server sends may gain fields within one version, so readers must skip what they do
    not know; what clients send may not have unknown fields.
    """
    events = [event_of(payload) for payload in PAYLOADS]
    sent = _definitions([*events, *_FROM_SERVER], "serialization")
    for definition in sent.values():
        _complete(definition)
    definitions = {**_definitions(_FROM_CLIENT, "validation"), **sent}
    definitions["Event"] = _any_of(events)
    definitions["Envelope"] = _envelope()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Stream Verifier: events and messages, version {VERSION}",
        "$ref": "#/$defs/Event",
        "$defs": dict(sorted(definitions.items())),
    }


def asyncapi() -> JsonObject:
    """The AsyncAPI 3.0 document of all WebSockets and the webhook."""
    return describe_channels(
        call_requests=[model.__name__ for model in members(ClientMessage)],
        decoded_requests=[model.__name__ for model in members(DecodedClientMessage)],
        schema_file=SCHEMA_FILE,
    )


def files() -> dict[str, str]:
    """The contract's files: name and content."""
    return {
        name: json.dumps(content, indent=2, ensure_ascii=False) + "\n"
        for name, content in ((SCHEMA_FILE, schema()), (ASYNCAPI_FILE, asyncapi()))
    }


def _definitions(
    models: list[type[BaseModel]] | tuple[type[BaseModel], ...],
    mode: Literal["validation", "serialization"],
) -> dict[str, JsonObject]:
    _, document = models_json_schema([(model, mode) for model in models])
    definitions: dict[str, JsonObject] = document["$defs"]
    for definition in definitions.values():
        for field in _properties(definition).values():
            # Made from the field's name, which says it better.
            field.pop("title", None)
    return definitions


def _properties(definition: JsonObject) -> dict[str, JsonObject]:
    """Those of a model; an enumeration has none."""
    return cast("dict[str, JsonObject]", definition.get("properties", {}))


def _complete(definition: JsonObject) -> None:
    """What the server sends has every field but those left out, and may gain more."""
    definition.pop("additionalProperties", None)
    if "properties" in definition:
        definition["required"] = [one for one in _properties(definition) if one not in _LEFT_OUT]


def _any_of(events: list[type[Payload]]) -> JsonObject:
    return {
        "description": "Any event; `type` tells which.",
        "oneOf": [{"$ref": f"#/$defs/{model.__name__}"} for model in events],
    }


def _envelope() -> JsonObject:
    cursor: JsonObject = {
        "type": "integer",
        "minimum": 1,
        "description": "Counts the events of all sessions in one run of the server.",
    }
    return {
        "description": "An event as the feed carries it.",
        "type": "object",
        "properties": {"cursor": cursor, "event": {"$ref": "#/$defs/Event"}},
        "required": ["cursor", "event"],
    }


def main() -> None:
    """Write the files."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files().items():
        (folder / name).write_text(content, encoding="utf-8")
        print(folder / name)


if __name__ == "__main__":
    main()
