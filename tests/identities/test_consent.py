from __future__ import annotations

import hashlib
from datetime import UTC, datetime

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
    fields = {"subject": "Ada", "purpose": "calls", "text": "I agree."} | {blank: " "}
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
