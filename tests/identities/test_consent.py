from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from stream_verifier.errors import ConsentError
from stream_verifier.identities.consent import Consent

GIVEN_AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_digest_is_of_the_text_in_utf8() -> None:
    consent = Consent("Ada", GIVEN_AT, "calls", "Ich stimme zu – ja.")
    assert consent.text_sha256 == hashlib.sha256("Ich stimme zu – ja.".encode()).hexdigest()


def test_round_trip() -> None:
    consent = Consent("Ada", GIVEN_AT, "calls", "I agree.")
    assert Consent.from_dict(consent.to_dict()) == consent


@pytest.mark.parametrize("blank", ["subject", "purpose", "text"])
def test_blank_fields_are_refused(blank: str) -> None:
    fields: dict[str, Any] = {"subject": "Ada", "purpose": "calls", "text": "I agree."} | {
        blank: " "
    }
    with pytest.raises(ConsentError, match=blank):
        Consent(given_at=GIVEN_AT, **fields)


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ConsentError, match="time zone"):
        Consent("Ada", datetime(2026, 1, 2), "calls", "I agree.")


def test_a_changed_text_is_noticed() -> None:
    record = Consent("Ada", GIVEN_AT, "calls", "I agree.").to_dict()
    with pytest.raises(ConsentError, match="changed"):
        Consent.from_dict(record | {"text": "I agree to everything."})


@pytest.mark.parametrize("broken", [{}, {"subject": "Ada"}, {"given_at": 3}])
def test_a_record_that_lacks_fields_is_refused(broken: dict[str, object]) -> None:
    with pytest.raises(ConsentError, match="cannot be read"):
        Consent.from_dict(broken)


BEGAN = datetime(2026, 1, 2, tzinfo=UTC)
GIVEN = Consent("Ada", BEGAN, "calls", "I agree.")


def test_a_consent_is_in_force_until_it_expires_or_is_withdrawn() -> None:
    end = BEGAN + timedelta(days=30)
    until = replace(GIVEN, expires_at=end)
    assert GIVEN.standing(BEGAN + timedelta(days=10_000)) == "in_force"
    assert until.standing(end - timedelta(seconds=1)) == "in_force"
    assert until.standing(end) == "expired"
    withdrawn = replace(until, withdrawn_at=BEGAN)
    assert withdrawn.standing(BEGAN) == "withdrawn"
    assert (GIVEN.ended_at, until.ended_at, withdrawn.ended_at) == (None, end, BEGAN)


def test_no_consent_counts_longer_than_allowed() -> None:
    month = timedelta(days=30)
    assert GIVEN.within(None) is GIVEN
    assert GIVEN.within(month).expires_at == BEGAN + month
    soon = replace(GIVEN, expires_at=BEGAN + timedelta(days=1))
    assert soon.within(month) is soon
    assert replace(GIVEN, expires_at=BEGAN + 2 * month).within(month).expires_at == BEGAN + month


def test_a_consent_that_ends_before_it_begins_is_none() -> None:
    with pytest.raises(ConsentError, match="end before it was given"):
        replace(GIVEN, expires_at=BEGAN)
    with pytest.raises(ConsentError, match="time zone"):
        replace(GIVEN, withdrawn_at=datetime(2026, 1, 2))


def test_a_consent_ends_at_a_time_that_the_calendar_has_everywhere() -> None:
    last = "9999-12-31T23:59:59"
    assert replace(GIVEN, expires_at=datetime.fromisoformat(f"{last}+00:00")).ended_at is not None
    with pytest.raises(ConsentError, match="after the year 9999"):
        replace(GIVEN, expires_at=datetime.fromisoformat(f"{last}-14:00"))


def test_all_of_a_consent_is_kept_and_old_records_are_read() -> None:
    whole = replace(
        GIVEN,
        expires_at=BEGAN + timedelta(days=1),
        version=3,
        recorded_by="0123",
        way="call",
        withdrawn_at=BEGAN,
    )
    assert Consent.from_dict(whole.to_dict()) == whole
    old = {
        key: GIVEN.to_dict()[key]
        for key in ("subject", "given_at", "purpose", "text", "text_sha256")
    }
    assert Consent.from_dict(old) == GIVEN
