from __future__ import annotations

import pytest

from stream_verifier.errors import KeyMismatchError
from stream_verifier.identities.keyring import KeyRing
from stream_verifier.identities.master import LocalKey
from tests.support.stores import KEY, OTHER_KEY, ring

THIRD = LocalKey(bytes(range(60, 92)))


def test_finds_each_of_its_keys() -> None:
    keys = ring(KEY, OTHER_KEY)
    assert keys.first is KEY
    assert keys.ids == [KEY.key_id, OTHER_KEY.key_id]
    assert keys.get(OTHER_KEY.key_id) is OTHER_KEY


def test_a_lost_key_is_named_with_what_can_be_done() -> None:
    with pytest.raises(KeyMismatchError) as caught:
        ring(KEY).get(OTHER_KEY.key_id)
    for part in (OTHER_KEY.key_id, KEY.key_id, "give back the key", "If that key is lost"):
        assert part in str(caught.value)


def test_what_somebody_wrote_as_a_key_id_is_shown_harmlessly() -> None:
    with pytest.raises(KeyMismatchError) as caught:
        ring(KEY).get("\x1b[2J" + "x" * 99)
    assert "\x1b" not in str(caught.value)
    assert "x" * 20 not in str(caught.value)


def test_reads_its_keys_again_where_one_is_missing_and_forgets_none() -> None:
    in_file = [KEY]
    keys = KeyRing(in_file, reload=lambda: in_file)
    in_file[:] = [OTHER_KEY]
    assert keys.get(OTHER_KEY.key_id) is OTHER_KEY
    assert keys.get(KEY.key_id) is KEY
    assert keys.first is OTHER_KEY
    with pytest.raises(KeyMismatchError):
        keys.get(THIRD.key_id)
