"""No number is given twice, and no log has two servers."""

from __future__ import annotations

from pathlib import Path

import pytest

from stream_verifier.errors import SettingsError, StoreError
from stream_verifier.events.kept.numbering import Numbering


def claimed(path: Path) -> Numbering:
    numbering = Numbering(path)
    numbering.claim()
    return numbering


def test_it_goes_on_where_the_one_before_it_may_have_stopped(tmp_path: Path) -> None:
    path = tmp_path / "new" / "events.log-id"
    first = claimed(path)
    first.reserve(100_000)
    first.release()
    second = claimed(path)
    assert (second.epoch, second.reserved) == (first.epoch, 100_000)
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    second.release()


def test_only_one_process_has_it(tmp_path: Path) -> None:
    first = claimed(tmp_path / "events.log-id")
    with pytest.raises(SettingsError, match="Another server"):
        claimed(tmp_path / "events.log-id")
    first.release()
    claimed(tmp_path / "events.log-id").release()


@pytest.mark.parametrize(
    "damaged",
    [b"", b"x", b"0123456789abcdef 0000000000000099 00000000\n", b"\xff" * 42],
)
def test_one_that_is_damaged_begins_another_log(tmp_path: Path, damaged: bytes) -> None:
    first = claimed(tmp_path / "events.log-id")
    first.reserve(7)
    first.release()
    (tmp_path / "events.log-id").write_bytes(damaged)
    second = claimed(tmp_path / "events.log-id")
    assert second.epoch != first.epoch
    assert second.reserved == 0
    second.release()


def test_a_number_changed_by_hand_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "events.log-id"
    first = claimed(path)
    first.reserve(100_000)
    first.release()
    path.write_bytes(path.read_bytes().replace(b"0100000", b"0000001"))
    second = claimed(path)
    assert second.epoch != first.epoch
    second.release()


def test_a_place_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreError, match="cannot be read or written"):
        claimed(tmp_path / "file" / "events.log-id")
