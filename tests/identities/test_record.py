from __future__ import annotations

import dataclasses
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_verifier.errors import KeyMismatchError, RefusedRecordError
from stream_verifier.identities.consent import Consent
from stream_verifier.identities.identity import Identity
from stream_verifier.identities.origin import Origin
from stream_verifier.identities.record import Record, open_identity, open_reference, seal
from tests.support.stores import MODEL, OTHER_KEY, assert_same, made_reference, made_vault

VAULT = made_vault()
COLUMNS = [field.name for field in dataclasses.fields(Record)]


def _identity(name: str, number: int, row_id: str) -> Identity:
    return Identity(
        id=row_id,
        name=name,
        created_at=datetime(2026, 1, number, tzinfo=UTC),
        consent=Consent(name, datetime(2026, 1, 2, tzinfo=UTC), "support", f"{name} agrees."),
        model_id=MODEL,
        face_count=5,
        speech_s=9.5,
        version=number,
        origin=Origin(way="call", by="token-1", supervised=True, replaced_similarity=0.75),
        replaces="0" * 32,
    )


IDENTITIES = [
    _identity("ada", 1, "a" * 32),
    _identity("ada", 2, "b" * 32),  # a newer enrolment of the same person
    _identity("ada", 3, "a" * 32),  # and another of the same id, as no store would write it
    _identity("grace", 4, "c" * 32),
]
RECORDS = [seal(VAULT, one, made_reference(one.version)) for one in IDENTITIES]


@pytest.mark.parametrize(("identity", "record"), list(zip(IDENTITIES, RECORDS, strict=True)))
def test_opens_what_was_sealed(identity: Identity, record: Record) -> None:
    assert open_identity(VAULT, record) == identity
    assert_same(open_reference(VAULT, record), made_reference(identity.version))


@given(st.lists(st.sampled_from(RECORDS), min_size=len(COLUMNS), max_size=len(COLUMNS)))
def test_columns_of_several_records_never_open(sources: list[Record]) -> None:
    mixed = Record(**{name: getattr(one, name) for name, one in zip(COLUMNS, sources, strict=True)})
    if mixed in RECORDS:
        assert open_identity(VAULT, mixed) == IDENTITIES[RECORDS.index(mixed)]
        return
    with pytest.raises(RefusedRecordError, match=f"Record {mixed.id} .*changed"):
        open_identity(VAULT, mixed)


@given(st.sampled_from(COLUMNS), st.data())
def test_no_column_can_be_edited(column: str, data: st.DataObject) -> None:
    record = RECORDS[0]
    edited = data.draw(_edits_of(getattr(record, column)))
    with pytest.raises((RefusedRecordError, KeyMismatchError)):
        open_identity(VAULT, dataclasses.replace(record, **{column: edited}))


def _edits_of(value: Any) -> st.SearchStrategy[Any]:
    if isinstance(value, bytes):
        flips = st.integers(0, 8 * len(value) - 1).map(
            lambda bit: (int.from_bytes(value) ^ 1 << bit).to_bytes(len(value))
        )
        return st.one_of(flips, st.binary(max_size=64).filter(lambda other: other != value))
    drawn: st.SearchStrategy[Any] = st.integers() if isinstance(value, int) else st.text()
    return drawn.filter(lambda other: other != value)


@given(st.sampled_from(COLUMNS), st.one_of(st.none(), st.integers(), st.text(), st.floats()))
def test_a_value_of_another_kind_is_refused(column: str, value: Any) -> None:
    row = {**RECORDS[0].columns(), column: value}
    try:
        record = Record.of(row)
    except RefusedRecordError:
        return
    assert record == Record(**row)
    assert type(value) is type(getattr(RECORDS[0], column))


def test_what_is_sealed_for_one_part_does_not_open_as_the_other() -> None:
    record = RECORDS[0]
    turned = dataclasses.replace(
        record, sealed_profile=record.sealed_reference, sealed_reference=record.sealed_profile
    )
    for opened in (open_identity, open_reference):
        with pytest.raises(RefusedRecordError):
            opened(VAULT, turned)


def test_a_name_sealed_under_another_names_lookup_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No outsider can make such a row; a fault of this program could."""
    forger = made_vault()
    monkeypatch.setattr(forger, "lookup", lambda _: VAULT.lookup("grace"))
    with pytest.raises(RefusedRecordError):
        open_identity(VAULT, seal(forger, IDENTITIES[0], made_reference(1)))


def test_another_key_is_named_as_the_fault() -> None:
    with pytest.raises(KeyMismatchError, match="give back the key"):
        open_identity(made_vault(OTHER_KEY), RECORDS[0])


def test_messages_name_the_record_and_nobody() -> None:
    with pytest.raises(RefusedRecordError) as caught:
        open_identity(VAULT, dataclasses.replace(RECORDS[0], version=9))
    assert "a" * 32 in str(caught.value)
    assert not re.search(r"\bada\b", str(caught.value))


def test_an_id_that_somebody_wrote_is_shown_harmlessly() -> None:
    row = {**RECORDS[0].columns(), "id": "\x1b[2J\n" + "x" * 999, "version": None}
    with pytest.raises(RefusedRecordError) as caught:
        Record.of(row)
    assert "\x1b" not in str(caught.value)
    assert "x" * 40 not in str(caught.value)
