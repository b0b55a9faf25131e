from __future__ import annotations

import pytest

from stream_verifier.errors import SettingsError, StoreError
from stream_verifier.identities.vault import Vault

VAULT = Vault(bytes(range(32)))


def test_opens_what_it_sealed() -> None:
    sealed = VAULT.seal(b"secret", context="row 1")
    assert b"secret" not in sealed
    assert VAULT.open(sealed, context="row 1") == b"secret"


def test_the_same_text_is_never_sealed_the_same_way() -> None:
    sealed = {VAULT.seal(b"secret", context="row 1") for _ in range(100)}
    assert len({record[:12] for record in sealed}) == 100


def test_a_record_moved_to_another_row_does_not_open() -> None:
    sealed = VAULT.seal(b"secret", context="row 1")
    with pytest.raises(StoreError, match="damaged or was changed"):
        VAULT.open(sealed, context="row 2")


@pytest.mark.parametrize("position", [0, 12, -1])
def test_one_changed_bit_is_noticed(position: int) -> None:
    sealed = bytearray(VAULT.seal(b"secret", context="row 1"))
    sealed[position] ^= 1
    with pytest.raises(StoreError):
        VAULT.open(bytes(sealed), context="row 1")


def test_a_record_cut_short_is_noticed() -> None:
    with pytest.raises(StoreError):
        VAULT.open(b"short", context="row 1")


def test_another_secret_opens_nothing_and_finds_nothing() -> None:
    other = Vault(b"o" * 32)
    assert other.key_id != VAULT.key_id
    assert other.lookup("ada") != VAULT.lookup("ada")
    with pytest.raises(StoreError):
        other.open(VAULT.seal(b"secret", context="row 1"), context="row 1")


def test_the_key_id_does_not_hold_the_secret() -> None:
    assert VAULT.key_id == Vault(bytes(range(32))).key_id
    assert bytes.fromhex(VAULT.key_id) not in bytes(range(32))


def test_a_secret_of_another_length_is_refused() -> None:
    with pytest.raises(SettingsError, match="16 bytes"):
        Vault(b"k" * 16)
