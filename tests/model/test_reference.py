from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.errors import ModelError
from model.runtime.reference import (
    make_reference,
    reference_from_bytes,
    reference_to_bytes,
    widened,
)
from model.types import FaceQuality, FaceSample, Reference, Vector, VoiceQuality, VoiceSample

LOOKS = FaceQuality(120.0, 300.0, 0.0, 0.0, 0.5, 0.2, 0.9)


def face(vector: Vector) -> FaceSample:
    return FaceSample(vector, LOOKS)


def voice(vector: Vector, speech_s: float = 3.0) -> VoiceSample:
    return VoiceSample(vector, VoiceQuality(speech_s, 30.0, -25.0))


def axis(size: int, index: int, length: float = 1.0) -> Vector:
    vector = np.zeros(size, np.float32)
    vector[index] = length
    return vector


def random(size: int, seed: int) -> Vector:
    return np.random.default_rng(seed).normal(0, 9, size).astype(np.float32)


def reference(
    seed: int = 0, model_id: str = "sface-campplus-1a2b3c4d", *, telephone: bool = True
) -> Reference:
    faces = [face(random(128, seed + i)) for i in range(3)]
    heard = voice(random(192, seed))
    if telephone:
        heard = replace(heard, telephone=random(192, seed + 1), narrow=seed % 2 == 1)
    return make_reference(model_id, faces, [heard])


def test_length_of_a_vector_does_not_weigh() -> None:
    made = make_reference("m", [face(axis(128, 0, 50)), face(axis(128, 1))], [voice(axis(192, 0))])
    assert made.face[0] == pytest.approx(made.face[1]) == pytest.approx(2**-0.5)
    assert np.linalg.norm(made.face) == pytest.approx(1)


def test_voice_weighs_by_its_seconds() -> None:
    voices = [voice(axis(192, 0, 7), 6.0), voice(axis(192, 1, 30), 2.0)]
    made = make_reference("m", [face(axis(128, 0))], voices)
    assert made.voice[0] / made.voice[1] == pytest.approx(3)
    assert (made.model_id, made.face_count, made.speech_s) == ("m", 1, 8.0)


def test_what_is_added_weighs_by_pictures_and_seconds() -> None:
    old = make_reference("m", [face(axis(128, 0))] * 3, [voice(axis(192, 0), 9.0)])
    more = make_reference("m", [face(axis(128, 1))], [voice(axis(192, 1), 3.0)])
    wide = widened(replace(old, adapted_from=("m0",)), more)
    assert wide.face[0] / wide.face[1] == pytest.approx(3)
    assert wide.voice[0] / wide.voice[1] == pytest.approx(3)
    assert (wide.face_count, wide.speech_s, wide.adapted_from) == (4, 12.0, ("m0",))
    assert reference_from_bytes(reference_to_bytes(replace(wide, adapted_from=()))).face_count == 4


def test_a_telephones_voice_is_added_to_the_telephones_alone() -> None:
    wide, narrow = reference(0), reference(1)
    assert (wide.wide, narrow.wide) == (True, False)
    assert wide.telephone is not None
    for one, other in ((wide, narrow), (narrow, wide)):
        both = widened(one, other)
        assert both.wide
        assert both.voice == pytest.approx(wide.voice, abs=1e-6)
        assert both.telephone is not None
        assert both.telephone @ wide.telephone < 0.999
    assert not widened(narrow, narrow).wide
    assert widened(wide, reference(4, telephone=False)).telephone is None


def test_references_of_two_models_are_not_added() -> None:
    with pytest.raises(ModelError, match="two models"):
        widened(reference(), reference(model_id="sface-campplus-00000000"))


@pytest.mark.parametrize(
    ("faces", "voices"),
    [
        ([], [voice(axis(192, 0))]),
        ([face(axis(128, 0))], []),
        ([face(axis(192, 0))], [voice(axis(192, 0))]),
        ([face(axis(128, 0))], [voice(axis(128, 0))]),
        ([face(axis(128, 0))], [voice(axis(192, 0), 0.0)]),
        ([face(axis(128, 0)), face(axis(128, 0, -1))], [voice(axis(192, 0))]),
        ([face(axis(128, 0, 0.0))], [voice(axis(192, 0))]),
        ([face(axis(128, 0, np.nan))], [voice(axis(192, 0))]),
    ],
)
def test_what_gives_no_direction_is_refused(
    faces: list[FaceSample], voices: list[VoiceSample]
) -> None:
    with pytest.raises(ModelError):
        make_reference("m", faces, voices)


@given(seed=st.integers(0, 10_000), model_id=st.text(max_size=60), telephone=st.booleans())
def test_bytes_bring_the_same_reference_back(seed: int, model_id: str, telephone: bool) -> None:
    before = reference(seed, model_id, telephone=telephone)
    after = reference_from_bytes(reference_to_bytes(before))
    assert after.wide is before.wide
    assert (after.telephone is not None) is telephone
    if before.telephone is not None and after.telephone is not None:
        np.testing.assert_array_equal(after.telephone, before.telephone)
    np.testing.assert_array_equal(after.face, before.face)
    np.testing.assert_array_equal(after.voice, before.voice)
    assert after.face.dtype == after.voice.dtype == np.float32
    assert (after.model_id, after.face_count, after.speech_s) == (model_id, 3, 3.0)


def test_what_an_older_release_wrote_is_read() -> None:
    vectors = [axis(128, 3), axis(192, 5)]
    header = b'{"face_count": 3, "model_id": "m", "speech_s": 3.0}'
    written = b"SVR1" + len(header).to_bytes(4, "little") + header
    written += b"".join(vector.tobytes() for vector in vectors)
    older = reference_from_bytes(written)
    assert (older.model_id, older.telephone, older.wide) == ("m", None, True)
    np.testing.assert_array_equal(older.voice, vectors[1])
    assert reference_to_bytes(older) == written


@given(cut=st.integers(0, 2200))
def test_cut_bytes_are_refused(cut: int) -> None:
    whole = reference_to_bytes(reference())
    with pytest.raises(ModelError, match="not a readable reference"):
        reference_from_bytes(whole[: min(cut, len(whole) - 1)])


@given(data=st.binary(max_size=2000))
def test_any_other_bytes_are_refused(data: bytes) -> None:
    for attempt in (data, b"SVR1" + data, b"SVR2" + data):
        with pytest.raises(ModelError, match="enrol again"):
            reference_from_bytes(attempt)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"face_count"', b'"face_caunt"'),
        (b'"speech_s": 3.0', b'"speech_s": "3"'),
        (b'"speech_s": 3.0', b'"speech_s": nul'),
        (b'"wide": true', b'"wide": 1234'),
        (b"SVR2", b"SVR1"),
        (b"SVR2", b"SVR3"),
    ],
)
def test_another_header_is_refused(old: bytes, new: bytes) -> None:
    data = reference_to_bytes(reference())
    assert old in data
    with pytest.raises(ModelError, match="not a readable reference"):
        reference_from_bytes(data.replace(old, new))


def test_vectors_that_are_not_of_unit_length_are_refused() -> None:
    broken = replace(reference(), face=axis(128, 0, 2.0))
    with pytest.raises(ModelError, match="unit length"):
        reference_to_bytes(broken)
    data = reference_to_bytes(reference())
    with pytest.raises(ModelError, match="unit length"):
        reference_from_bytes(data[:-4] + np.float32(np.nan).tobytes())
