"""The committed contract is the code's, and what the pipeline says keeps to it."""

from __future__ import annotations

import asyncio
import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from pydantic import TypeAdapter

from stream_verifier.client import EventFeed, FeedEvent
from stream_verifier.events import contract
from stream_verifier.events import feed_messages as feed
from stream_verifier.events.call_messages import Answer
from stream_verifier.events.decoded_messages import Started
from stream_verifier.events.envelope import Envelope
from stream_verifier.events.kinds import EVENT_TYPES
from stream_verifier.events.schema import AnyPayload
from stream_verifier.events.stamper import Stamper
from stream_verifier.hosting.server import running_server
from tests.support.calls import (
    TIMEOUT_S,
    VERIFIED_S,
    DemoCalls,
    enrol,
    make_settings,
    say,
    start_message,
)
from tests.support.commands import run
from tests.support.feed_media import PAYLOAD_EXAMPLES

SCHEMA = contract.schema()
ANY_PAYLOAD: TypeAdapter[Any] = TypeAdapter(AnyPayload)
_STAMPS = ("v", "seq", "session", "wall", "untold")


@cache
def validator(name: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator({**SCHEMA, "$ref": f"#/$defs/{name}"})


def check(event: dict[str, Any]) -> None:
    """Fail unless an event keeps to the schema and has not one field more."""
    validator("Event").validate(event)
    payload = {key: value for key, value in event.items() if key not in _STAMPS}
    ANY_PAYLOAD.validate_python(payload)


@pytest.mark.parametrize("name", [contract.SCHEMA_FILE, contract.ASYNCAPI_FILE])
def test_the_committed_files_are_those_of_the_code(name: str) -> None:
    committed = (contract.FOLDER / name).read_text(encoding="utf-8")
    assert committed == contract.files()[name], "run: python -m stream_verifier.events.contract"


def test_the_command_writes_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["contract", str(tmp_path / "new")])
    contract.main()
    assert {path.name: path.read_text() for path in (tmp_path / "new").iterdir()} == (
        contract.files()
    )


def test_every_type_of_event_has_an_example_that_fits() -> None:
    assert {payload.type for payload in PAYLOAD_EXAMPLES} == EVENT_TYPES
    for payload in PAYLOAD_EXAMPLES:
        check(json.loads(Stamper("s").stamp(payload).line))


def test_an_event_that_lacks_a_field_or_has_another_version_does_not_fit() -> None:
    for payload in PAYLOAD_EXAMPLES:
        event = Stamper("s").stamp(payload).fields
        for field in event.keys() - {"presence"}:
            assert not validator("Event").is_valid({k: event[k] for k in event if k != field})
        assert not validator("Event").is_valid({**event, "v": 1})
        assert validator("Event").is_valid({**event, "added_later": 1})


def test_messages_fit() -> None:
    started = Started(session="s", resume_key="k", resume_within_s=15, max_frame_bytes=1)
    for message in (
        started,
        feed.Subscribed(epoch="e", cursor=1, lost=None),
        feed.Heartbeat(cursor=1),
        feed.Dropped(scores=2),
        feed.Lost(events=None),
        feed.Refused(code="c", message="m"),
        Answer(sdp="v=0", session="s", resume_key="k", resume_within_s=15),
    ):
        validator(type(message).__name__).validate(json.loads(message.model_dump_json()))
    envelope = Envelope(cursor=1, identity=None, event=Stamper("s").stamp(PAYLOAD_EXAMPLES[0]))
    validator("Envelope").validate(json.loads(envelope.text))


@pytest.mark.parametrize(
    ("message", "fits"),
    [
        ({"type": "subscribe"}, True),
        ({"type": "subscribe", "after": {"cursor": 0}, "types": ["score"]}, True),
        ({"type": "subscribe", "after": {"cursor": -1}}, False),
        ({"type": "subscribe", "sessions": []}, False),
        ({"type": "subscribe", "more": 1}, False),
    ],
)
def test_the_schema_of_a_request_says_what_the_server_takes(
    message: dict[str, Any], fits: bool
) -> None:
    assert validator("Subscribe").is_valid(message) is fits


@pytest.mark.parametrize(
    ("changes", "fits"),
    [({}, True), ({"audio_hz": 48_000}, True), ({"audio_hz": 11_025}, False), ({"sdp": ""}, False)],
)
def test_the_schema_of_a_decoded_start_says_what_the_server_takes(
    changes: dict[str, Any], fits: bool
) -> None:
    start = {"type": "start", "mode": "verify", "identity": "ada", **changes}
    assert validator("StartDecoded").is_valid(start) is fits


def test_every_reference_of_the_asyncapi_document_leads_somewhere() -> None:
    document = contract.asyncapi()
    text = json.dumps(document)
    references = {part.split('"')[0] for part in text.split('"$ref": "')[1:]}
    assert len(references) > 10
    for reference in references:
        file, _, pointer = reference.partition("#/")
        place: Any = SCHEMA if file == contract.SCHEMA_FILE else document
        for part in pointer.split("/"):
            place = place[part]
        assert place


def test_what_a_file_makes_keeps_to_the_contract(
    demo_calls: DemoCalls, enrolled_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREAM_VERIFIER_DATA_DIR", str(enrolled_dir))
    media = demo_calls.get("grace", "grace", VERIFIED_S)
    lines = run("verify", "grace", media, "--json").splitlines()
    events = [json.loads(line) for line in lines]
    assert {"session_started", "score", "state_changed"} <= {event["type"] for event in events}
    for event in events:
        check(event)


async def test_what_a_live_enrolment_makes_keeps_to_the_contract_and_reaches_followers(
    demo_calls: DemoCalls, tmp_path: Path
) -> None:
    async with (
        running_server(make_settings(tmp_path)) as server,
        EventFeed(server.address, identities=["grace"]) as feed,
    ):
        events = await enrol(server, demo_calls.enrolment("grace"), "grace")
        async with asyncio.timeout(TIMEOUT_S):
            followed = [await anext(feed) for _ in events]
        refused = await say(server, start_message(identity="nobody"))
    assert {"media_started", "enrolment_progress"} <= {event["type"] for event in events}
    for event in events:
        check(event)
    validator("Refused").validate(refused)
    told = [{name: event[name] for name in event if name != "untold"} for event in events]
    assert [item.raw for item in followed if isinstance(item, FeedEvent)] == told
