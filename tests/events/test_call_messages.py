from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_verifier.errors import ConsentError, ProtocolError
from stream_verifier.events.call_messages import (
    MAX_MESSAGE_BYTES,
    Resume,
    Start,
    Stop,
    parse_message,
)

CONSENT = {"subject": "Ada", "purpose": "tests", "text": "I agree."}


def start(**fields: Any) -> dict[str, Any]:
    return {"type": "start", "mode": "verify", "identity": "ada", "sdp": "v=0", **fields}


def test_a_start_and_a_stop_are_read() -> None:
    message = parse_message(json.dumps(start()))
    assert isinstance(message, Start)
    assert (message.mode, message.identity, message.replace) == ("verify", "ada", False)
    assert message.operating_point is None
    assert isinstance(parse_message('{"type": "stop"}'), Stop)


def test_a_resume_is_read_and_starts_from_the_first_event_by_default() -> None:
    resume = {"type": "resume", "session": "abc", "resume_key": "k", "sdp": "v=0"}
    message = parse_message(json.dumps(resume))
    assert isinstance(message, Resume)
    assert (message.session, message.after, message.token) == ("abc", 0, None)
    with pytest.raises(ProtocolError, match="after"):
        parse_message(json.dumps({**resume, "after": -1}))


def test_a_start_may_name_an_operating_point() -> None:
    message = parse_message(json.dumps(start(operating_point="alarm_2h")))
    assert isinstance(message, Start)
    assert message.operating_point == "alarm_2h"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "JSON"),
        ("not json", "JSON"),
        ("[]", "message"),
        ('{"type": "dance"}', "dance|type|tag"),
        (json.dumps(start(mode="guess")), "mode"),
        (json.dumps(start(identity="")), "identity"),
        (json.dumps(start(identity="x" * 65)), "identity"),
        (json.dumps(start(surprise=1)), "surprise"),
        (json.dumps(start(operating_point="x" * 65)), "operating_point"),
        ('{"type": "start"}', "mode"),
    ],
)
def test_what_breaks_the_contract_is_refused_and_says_where(text: str, says: str) -> None:
    with pytest.raises(ProtocolError, match=says):
        parse_message(text)


def test_an_oversized_message_is_refused() -> None:
    with pytest.raises(ProtocolError, match="bytes"):
        parse_message(json.dumps(start(sdp="x" * MAX_MESSAGE_BYTES)))


def test_an_error_never_repeats_what_was_sent() -> None:
    with pytest.raises(ProtocolError) as caught:
        parse_message(json.dumps(start(identity="A-very-secret-name" * 10)))
    assert "secret" not in str(caught.value)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parse_message(text)
    except ProtocolError as error:
        assert str(error)


def test_consent_is_a_record_with_a_time() -> None:
    message = parse_message(json.dumps(start(mode="enrol", consent=CONSENT)))
    assert isinstance(message, Start)
    record = message.consent_record()
    assert (record.subject, record.text) == ("Ada", "I agree.")
    assert record.given_at.tzinfo is not None


@pytest.mark.parametrize("consent", [None, {**CONSENT, "text": " "}])
def test_enrolment_without_consent_is_refused(consent: dict[str, str] | None) -> None:
    message = parse_message(json.dumps(start(mode="enrol", consent=consent)))
    assert isinstance(message, Start)
    with pytest.raises(ConsentError):
        message.consent_record()
