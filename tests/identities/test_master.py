from __future__ import annotations

import pytest

from stream_verifier.errors import RefusedRecordError, SettingsError
from stream_verifier.identities.master import LocalKey
from tests.support.stores import KEY, OTHER_KEY

DATA_KEY = bytes(range(50, 82))


def test_gives_back_what_it_wrapped_and_hides_it() -> None:
    wrapped = KEY.wrap(DATA_KEY, b"row 1")
    assert DATA_KEY not in wrapped
    assert KEY.unwrap(wrapped, b"row 1") == DATA_KEY
    assert KEY.wrap(DATA_KEY, b"row 1") != wrapped


@pytest.mark.parametrize("position", [0, 12, -1])
def test_one_changed_bit_is_noticed(position: int) -> None:
    wrapped = bytearray(KEY.wrap(DATA_KEY, b"row 1"))
    wrapped[position] ^= 1
    with pytest.raises(RefusedRecordError):
        KEY.unwrap(bytes(wrapped), b"row 1")


def test_it_is_bound_to_its_context_and_its_key() -> None:
    wrapped = KEY.wrap(DATA_KEY, b"row 1")
    for key, context in ((KEY, b"row 2"), (OTHER_KEY, b"row 1")):
        with pytest.raises(RefusedRecordError):
            key.unwrap(wrapped, context)


@pytest.mark.parametrize("wrapped", [b"", b"short", b"x" * 12])
def test_what_is_cut_short_is_refused(wrapped: bytes) -> None:
    with pytest.raises(RefusedRecordError):
        KEY.unwrap(wrapped, b"row 1")


def test_the_id_names_the_secret_and_does_not_hold_it() -> None:
    secret = bytes(range(32))
    assert LocalKey(secret).key_id == KEY.key_id != OTHER_KEY.key_id
    assert bytes.fromhex(KEY.key_id) not in secret


def test_a_secret_of_another_length_is_refused() -> None:
    with pytest.raises(SettingsError, match="16 bytes"):
        LocalKey(b"k" * 16)
