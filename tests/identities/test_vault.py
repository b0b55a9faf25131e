from __future__ import annotations

import pytest

from stream_verifier.errors import KeyMismatchError, RefusedRecordError, StoreError
from stream_verifier.identities import vault as vaults
from stream_verifier.identities.vault import Vault
from tests.support.stores import KEY, OTHER_KEY, SECRET, made_vault, ring

DATA_KEY = bytes(range(50, 82))


def test_opens_what_it_sealed() -> None:
    sealed = vaults.seal(DATA_KEY, b"secret", context="row 1")
    assert b"secret" not in sealed
    assert vaults.unseal(DATA_KEY, sealed, context="row 1") == b"secret"


def test_the_same_text_is_never_sealed_the_same_way() -> None:
    sealed = {vaults.seal(DATA_KEY, b"secret", context="row 1") for _ in range(100)}
    assert len({record[:12] for record in sealed}) == 100


def test_a_record_moved_to_another_row_does_not_open() -> None:
    sealed = vaults.seal(DATA_KEY, b"secret", context="row 1")
    with pytest.raises(RefusedRecordError, match="damaged or was changed"):
        vaults.unseal(DATA_KEY, sealed, context="row 2")


@pytest.mark.parametrize("position", [0, 12, -1])
def test_one_changed_bit_is_noticed(position: int) -> None:
    sealed = bytearray(vaults.seal(DATA_KEY, b"secret", context="row 1"))
    sealed[position] ^= 1
    with pytest.raises(RefusedRecordError):
        vaults.unseal(DATA_KEY, bytes(sealed), context="row 1")


def test_a_record_cut_short_is_noticed() -> None:
    with pytest.raises(RefusedRecordError):
        vaults.unseal(DATA_KEY, b"short", context="row 1")


def test_names_are_found_under_any_master_key_and_only_with_the_secret() -> None:
    assert made_vault(OTHER_KEY).lookup("ada") == made_vault().lookup("ada")
    other = made_vault()
    other.adopt(b"f" * 32)
    assert other.lookup("ada") != made_vault().lookup("ada")
    assert other.sign(b"ledger") != made_vault().sign(b"ledger")


def test_a_store_that_was_not_opened_knows_no_names() -> None:
    with pytest.raises(StoreError, match="not opened"):
        Vault(ring()).lookup("ada")


def test_the_secret_is_given_back_by_the_key_that_wrapped_it_alone() -> None:
    wrapped = made_vault().wrapped_secret(KEY.key_id)
    fresh = Vault(ring())
    assert fresh.unwrap_secret(KEY.key_id, wrapped) == SECRET
    with pytest.raises(KeyMismatchError):
        Vault(ring(OTHER_KEY)).unwrap_secret(KEY.key_id, wrapped)
    with pytest.raises(RefusedRecordError):
        Vault(ring(OTHER_KEY)).unwrap_secret(OTHER_KEY.key_id, wrapped)
