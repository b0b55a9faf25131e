from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_verifier.errors import KeyMismatchError, LedgerError, RefusedRecordError
from stream_verifier.identities.ledger import Ledger, Pending, from_bytes, to_bytes
from stream_verifier.identities.shards import Entry, Shard, Shards
from stream_verifier.identities.vault import Vault, sign_with
from tests.support.stores import OTHER_KEY, made_vault

VAULT, OTHER = made_vault(), made_vault(OTHER_KEY)
ADA, GRACE = VAULT.lookup("ada").hex(), VAULT.lookup("grace").hex()
FIRST, SECOND = Entry(1, "a" * 32), Entry(2, "b" * 32)


PARTS: dict[str, Shard] = {}
"""As they lie in their files."""


def _load(digest: str) -> Shard:
    return Shard.parse(PARTS[digest].content, digest) if digest else Shard({})


def _written(ledger: Ledger) -> bytes:
    PARTS.update({part.digest: part for part in ledger.live.parts})
    secret = VAULT.wrapped_secret(VAULT.key_id)
    return to_bytes(ledger, key_ids=VAULT.key_ids, secret=secret, sign=VAULT.sign)


def _read(content: bytes, vault: Vault = VAULT) -> Ledger:
    written = from_bytes(content)
    secret = vault.unwrap_secret(written.key_ids[0], written.secret)
    return written.checked(lambda signed: sign_with(secret, signed), _load)


@pytest.mark.parametrize(
    "ledger",
    [
        Ledger(),
        Ledger(7, Shards.of({ADA: FIRST, GRACE: SECOND})),
        Ledger(7, Shards.of({ADA: FIRST}), Pending(ADA, SECOND)),
        Ledger(7, Shards.of({ADA: FIRST}), Pending(ADA, None)),
    ],
)
def test_reads_back_what_it_wrote(ledger: Ledger) -> None:
    assert _read(_written(ledger)) == ledger


@given(st.integers(0), st.integers(0, 255))
def test_one_changed_byte_is_noticed(at: int, value: int) -> None:
    content = bytearray(_written(Ledger(3, Shards.of({ADA: FIRST}), Pending(GRACE, SECOND))))
    at %= len(content)
    if content[at] == value:
        value ^= 1
    content[at] = value
    with pytest.raises((LedgerError, KeyMismatchError, RefusedRecordError)):
        _read(bytes(content))


@pytest.mark.parametrize("length", [0, 1, 40, 89, 90, 107, 120, 200, -1])
def test_one_cut_short_is_noticed(length: int) -> None:
    with pytest.raises((LedgerError, RefusedRecordError)):
        _read(_written(Ledger(3, Shards.of({ADA: FIRST})))[:length])


def test_another_keys_ledger_is_told_apart_from_a_damaged_one() -> None:
    with pytest.raises(KeyMismatchError):
        _read(_written(Ledger()), OTHER)


def test_a_change_is_what_the_database_says_it_is() -> None:
    ledger = Ledger(1, Shards.of({ADA: FIRST}))
    replaced = ledger.begun(ADA, SECOND)
    assert replaced.live == {ADA: FIRST}
    assert replaced.settled(SECOND) == Ledger(2, Shards.of({ADA: SECOND}))
    assert replaced.settled(FIRST) == Ledger(2, Shards.of({ADA: FIRST}))
    assert replaced.settled(None) == Ledger(2, Shards.of({ADA: FIRST}))
    deleted = ledger.begun(ADA, None)
    assert deleted.settled(None) == Ledger(2, Shards.of({}))
    assert deleted.settled(FIRST) == Ledger(2, Shards.of({ADA: FIRST}))
    added = ledger.begun(GRACE, SECOND)
    assert added.settled(SECOND) == Ledger(2, Shards.of({ADA: FIRST, GRACE: SECOND}))
    assert added.settled(None) == Ledger(2, Shards.of({ADA: FIRST}))


def test_says_what_a_record_is() -> None:
    ledger = Ledger(2, Shards.of({ADA: SECOND}))
    assert ledger.standing(ADA, SECOND) == "current"
    assert ledger.standing(ADA, FIRST) == "replaced"
    assert ledger.standing(GRACE, FIRST) == "deleted"
    assert ledger.standing(ADA, Entry(2, "c" * 32)) == "replaced"
    assert ledger.standing(GRACE, Entry(3, "c" * 32)) == "ahead"


def test_of_the_deleted_nothing_is_kept() -> None:
    ledger = Ledger(1, Shards.of({ADA: FIRST})).begun(ADA, None).settled(None)
    assert ADA.encode() not in _written(ledger)
    assert FIRST.id.encode() not in _written(ledger)
