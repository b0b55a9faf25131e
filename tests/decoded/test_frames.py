"""Binary messages are read exactly, or refused with a word about why."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_verifier.decoded.frames import (
    MAX_FRAME_BYTES,
    Picture,
    Sound,
    read_frame,
    write_frame,
)
from stream_verifier.errors import ProtocolError

JPEG = b"\xff\xd8\xff"


def test_a_frame_is_laid_out_as_documented() -> None:
    frame = write_frame(Sound(1.5, b"\x01\x00\xff\x7f"))
    assert frame == b"\x01\0\0\0" + (1_500_000).to_bytes(8, "big") + b"\x01\x00\xff\x7f"
    assert write_frame(Picture(-2.0, JPEG))[:12] == b"\x02\0\0\0" + (-2_000_000).to_bytes(
        8, "big", signed=True
    )


@settings(deadline=None)
@given(st.floats(-1e9, 2e9), st.binary(min_size=1, max_size=50), st.booleans())
def test_what_is_written_is_read(at_s: float, data: bytes, sound: bool) -> None:
    piece = Sound(at_s, data * 2) if sound else Picture(at_s, JPEG + data)
    read = read_frame(write_frame(piece))
    assert type(read) is type(piece)
    assert read.at_s == pytest.approx(at_s, abs=1e-6)
    assert write_frame(read) == write_frame(piece)


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(frame: bytes) -> None:
    try:
        piece = read_frame(frame)
    except ProtocolError as error:
        assert str(error)
    else:
        assert write_frame(piece) == frame


@pytest.mark.parametrize("at_s", [math.nan, math.inf, 1e300, -1e14])
def test_a_time_that_is_none_is_not_written(at_s: float) -> None:
    with pytest.raises(ProtocolError, match="no time"):
        write_frame(Sound(at_s, b"\0\0"))


@pytest.mark.parametrize("data", [np.zeros(160, np.int16), np.zeros(160, np.float32), "call.jpg"])
def test_what_is_no_bytes_is_refused_with_a_word_about_how(data: Any) -> None:
    for piece in (Sound(0.0, data), Picture(0.0, data)):
        with pytest.raises(ProtocolError, match=r"tobytes\(\)"):
            write_frame(piece)


def test_a_picture_that_is_too_large_is_refused_before_it_is_sent() -> None:
    with pytest.raises(ProtocolError, match="JPEG in place of PNG"):
        write_frame(Picture(0.0, JPEG + bytes(MAX_FRAME_BYTES)))


def test_what_was_sent_is_shown_by_nothing() -> None:
    assert "secret" not in repr(Picture(0.0, JPEG + b"secret")) + repr(Sound(0.0, b"secret"))
