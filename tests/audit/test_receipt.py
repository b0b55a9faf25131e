from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from stream_verifier.audit.deed import SYSTEM, Deed, Kind
from stream_verifier.audit.entry import NO_HASH, Entry, canonical
from stream_verifier.audit.receipt import Receipt, signed
from stream_verifier.audit.seal import Sealer
from stream_verifier.errors import AuditError

SEALER, OTHER = Sealer(bytes(32)), Sealer(b"x" * 32)
NOW = datetime(2026, 1, 2, tzinfo=UTC)


def receipt(name: str = "Zoë", sealer: Sealer = SEALER, kind: Kind = Kind.DELETED) -> Receipt:
    deed = Deed(kind, SYSTEM, name, details={"identity": "a" * 32})
    entry = Entry.after(6, NO_HASH, deed, whom=sealer.pseudonym(name), now=NOW)
    head = sealer.sign(entry.number, entry.hash, entry.at)
    return Receipt(name, entry, head, sealer.sign_bytes(signed(name, entry.hash)))


def test_holds_as_it_was_given_however_it_is_laid_out() -> None:
    given = receipt()
    for text in (given.text, json.dumps(given.fields, indent=3, ensure_ascii=False)):
        again = Receipt.parse(text)
        again.check(SEALER.public_key)
        assert again == given


@pytest.mark.parametrize(
    ("where", "value", "why"),
    [
        (("name",), "Ada", "issued on another name"),
        (("signature",), "00" * 64, "issued on another name"),
        (("signature",), "zz", "issued on another name"),
        (("signature",), None, "issued on another name"),
        (("entry", "kind"), "enrolled", "damaged or was changed"),
        (("entry", "at"), "2027-01-02T00:00:00.000Z", "damaged or was changed"),
        (("head", "number"), 8, "not signed with this key"),
        (("head", "hash"), "0" * 64, "not signed with this key"),
        (("name",), 7, "no receipt"),
        (("format",), "another", "no receipt"),
        (("more",), 1, "no receipt"),
    ],
)
def test_whatever_is_changed_in_it_is_noticed(where: tuple[str, ...], value: Any, why: str) -> None:
    fields = json.loads(receipt().text)
    part = fields if len(where) == 1 else fields[where[0]]
    part[where[-1]] = value
    with pytest.raises(AuditError, match=why):
        Receipt.parse(json.dumps(fields)).check(SEALER.public_key)


def test_parts_of_two_receipts_make_none() -> None:
    mine, other = receipt(), receipt("Ada", kind=Kind.ENROLLED)
    for part in ("entry", "head", "signature"):
        with pytest.raises(AuditError):
            Receipt.parse(canonical({**mine.fields, part: other.fields[part]})).check(
                SEALER.public_key
            )


def test_another_keys_trail_is_another_trail() -> None:
    with pytest.raises(AuditError, match="not signed with this key"):
        receipt(sealer=OTHER).check(SEALER.public_key)


@pytest.mark.parametrize("text", ["", "{}", "[]", "nonsense", "1", "[" * 9999, '{"entry": {}}'])
def test_what_is_no_receipt_is_said(text: str) -> None:
    with pytest.raises(AuditError, match="no receipt|does not hold"):
        Receipt.parse(text)
