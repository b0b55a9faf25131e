"""The AsyncAPI 3.0 document: which messages go which way on which channel."""

from __future__ import annotations

from collections.abc import Iterable

from stream_verifier.events.json_object import JsonObject
from stream_verifier.events.schema import VERSION

_FORMAT = "application/schema+json;version=draft-2020-12"
_FEED_REPLIES = ("Subscribed", "Envelope", "Heartbeat", "Dropped", "Refused")
_CALL_REPLIES = ("Answer", "Event", "GoingAway", "ChallengeRefused", "Refused")
_DECODED_REPLIES = ("Started", "Event", "GoingAway", "ChallengeRefused", "Refused")
_WEBHOOKS = ("Envelope", "Dropped", "Lost")

_HEADER = (
    "Binary: {first}, three bytes 0, microseconds on the sender's clock as int64 big-endian; from "
    "byte 12 on {rest}."
)
_MEDIA: JsonObject = {
    "Sound": {
        "name": "Sound",
        "contentType": "application/octet-stream",
        "description": _HEADER.format(
            first="byte 1",
            rest="samples, int16 little-endian, mono, a second of them at most; the time is that "
            "of the first",
        ),
    },
    "Picture": {
        "name": "Picture",
        "contentType": "application/octet-stream",
        "description": _HEADER.format(first="byte 2", rest="a JPEG or PNG file"),
    },
}


def describe_channels(
    *, call_requests: list[str], decoded_requests: list[str], schema_file: str
) -> JsonObject:
    """Describe the feed, calls and the webhook; payloads refer to the schema file.

    Args:
        call_requests: names of the messages that a client of a call may send.
        decoded_requests: of those that one may send whose media comes decoded, beside media.
        schema_file: where all messages are defined, beside the document.
    """
    channels = {
        "feed": ("/api/v1/events", "Events of all sessions.", ("Subscribe", *_FEED_REPLIES)),
        "call": ("/api/v1/call", "One call.", (*call_requests, *_CALL_REPLIES)),
        "decoded": (
            "/api/v1/decoded",
            "One call, whose media comes decoded over this socket.",
            (*decoded_requests, *_MEDIA, *_DECODED_REPLIES),
        ),
        "webhook": (None, "POST to the configured address, signed.", _WEBHOOKS),
    }
    names = sorted({name for _, _, messages in channels.values() for name in messages})
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Stream Verifier",
            "version": f"{VERSION}.0.0",
            "description": "Continuous face-and-voice verification of video calls.",
        },
        "defaultContentType": "application/json",
        "channels": {name: _channel(*about) for name, about in channels.items()},
        "operations": {
            "subscribe": _operation("receive", "feed", ("Subscribe",)),
            "follow": _operation("send", "feed", _FEED_REPLIES),
            "direct": _operation("receive", "call", call_requests),
            "report": _operation("send", "call", _CALL_REPLIES),
            "feed": _operation("receive", "decoded", (*decoded_requests, *_MEDIA)),
            "tell": _operation("send", "decoded", _DECODED_REPLIES),
            "notify": _operation("send", "webhook", _WEBHOOKS),
        },
        "components": {
            "messages": {
                name: _MEDIA[name] if name in _MEDIA else _message(name, schema_file)
                for name in names
            }
        },
    }


def _channel(address: str | None, description: str, messages: Iterable[str]) -> JsonObject:
    channel: JsonObject = {
        "address": address,
        "description": description,
        "messages": {item: {"$ref": f"#/components/messages/{item}"} for item in messages},
    }
    if address is not None:
        channel["bindings"] = {"ws": {"method": "GET", "bindingVersion": "0.1.0"}}
    return channel


def _operation(action: str, channel: str, messages: Iterable[str]) -> JsonObject:
    """An operation as the server sees it: it receives what clients send."""
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": [{"$ref": f"#/channels/{channel}/messages/{name}"} for name in messages],
    }


def _message(name: str, schema_file: str) -> JsonObject:
    return {
        "name": name,
        "payload": {
            "schemaFormat": _FORMAT,
            "schema": {"$ref": f"{schema_file}#/$defs/{name}"},
        },
    }
