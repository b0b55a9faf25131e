"""Key frames of H.264 whose parameter sets came before, or in SDP alone."""

from __future__ import annotations

from stream_verifier.media.webrtc.parameter_sets import ParameterSets

SPS, PPS = b"\0\0\0\1\x67sequence", b"\0\0\0\1\x68picture"
KEY, DELTA = b"\0\0\0\1\x65slice", b"\0\0\0\1\x41slice"


def test_sets_of_the_offer_come_before_each_key_frame() -> None:
    sets = ParameterSets(SPS + PPS)
    assert sets.complete(KEY) == (SPS + PPS + KEY, True)


def test_frames_that_refer_to_others_stay_as_they_are() -> None:
    assert ParameterSets(SPS + PPS).complete(DELTA) == (DELTA, False)


def test_sets_of_the_stream_are_remembered_and_go_before_those_of_the_offer() -> None:
    sets = ParameterSets(SPS + PPS)
    newer = b"\0\0\1\x27another"
    assert sets.complete(newer + KEY) == (newer + KEY, True)
    assert sets.complete(KEY) == (b"\0" + newer + PPS + KEY, True)


def test_without_sets_a_key_frame_is_none() -> None:
    assert ParameterSets().complete(KEY) == (KEY, False)
    assert ParameterSets(PPS).complete(KEY) == (KEY, False)


def test_several_sets_of_a_kind_are_kept_and_endless_ones_are_not() -> None:
    sets = ParameterSets()
    sets.complete(SPS + PPS + PPS + KEY)
    assert sets.complete(KEY) == (SPS + PPS + PPS + KEY, True)
    sets.complete(b"\0\0\0\1\x67" + bytes([1]) * 5000 + KEY)
    assert sets.complete(KEY) == (SPS + PPS + PPS + KEY, True)
