from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.errors import ModelError
from model.runtime.reference import vectors_of
from model.runtime.reference_format import reference_from_bytes, reference_to_bytes
from model.types import Reference, Vector, VoicePiece


def axis(size: int, index: int, length: float = 1.0) -> Vector:
    vector = np.zeros(size, np.float32)
    vector[index] = length
    return vector


AXIS = axis(3, 0)


def unit(size: int, rng: np.random.Generator) -> Vector:
    vector = rng.normal(0, 9, size)
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def reference(
    seed: int = 0, model_id: str = "m", *, telephone: bool = True, pieces: int = 0
) -> Reference:
    rng = np.random.default_rng(seed)

    def heard() -> Vector | None:
        return unit(192, rng) if telephone else None

    return Reference(
        model_id=model_id,
        face=unit(128, rng),
        voice=unit(192, rng),
        face_count=3,
        speech_s=3.0,
        telephone=heard(),
        wide=seed % 2 == 0 or not telephone,
        pieces=tuple(VoicePiece(unit(192, rng), 3.0, heard()) for _ in range(pieces)),
    )


@given(
    seed=st.integers(0, 10_000),
    model_id=st.text(max_size=60),
    telephone=st.booleans(),
    pieces=st.sampled_from([0, 2, 3, 4]),
    moves=st.lists(st.text(max_size=20), max_size=3),
)
def test_bytes_bring_the_same_reference_back(
    seed: int, model_id: str, telephone: bool, pieces: int, moves: list[str]
) -> None:
    before = reference(seed, model_id, telephone=telephone, pieces=pieces)
    before = replace(before, adapted_from=tuple(moves))
    after = reference_from_bytes(reference_to_bytes(before))
    assert list(vectors_of(after)) == list(vectors_of(before))
    assert len(vectors_of(after)) == 1 + (1 + pieces) * (1 + telephone)
    for name, vector in vectors_of(after).items():
        np.testing.assert_array_equal(vector, vectors_of(before)[name])
        assert vector.dtype == np.float32
    bare: dict[str, Any] = {"face": AXIS, "voice": AXIS, "telephone": None, "pieces": ()}
    assert replace(after, **bare) == replace(before, **bare)
    assert [one.speech_s for one in after.pieces] == [one.speech_s for one in before.pieces]


def test_the_oldest_format_that_holds_it_all_is_written() -> None:
    whole = reference(0, pieces=2)
    for bare, magic in (
        (replace(whole, pieces=(), telephone=None), b"SVR1"),
        (replace(whole, pieces=()), b"SVR2"),
        (replace(whole, pieces=(), adapted_from=("m0",)), b"SVR3"),
        (whole, b"SVR4"),
    ):
        assert reference_to_bytes(bare)[:4] == magic


def test_what_an_older_release_wrote_is_read() -> None:
    vectors = [axis(128, 3), axis(192, 5)]
    header = b'{"face_count": 3, "model_id": "m", "speech_s": 3.0}'
    written = b"SVR1" + len(header).to_bytes(4, "little") + header
    written += b"".join(vector.tobytes() for vector in vectors)
    older = reference_from_bytes(written)
    assert (older.model_id, older.telephone, older.wide) == ("m", None, True)
    np.testing.assert_array_equal(older.voice, vectors[1])
    assert reference_to_bytes(older) == written


@given(cut=st.integers(0, 5500), pieces=st.sampled_from([0, 2]))
def test_cut_bytes_are_refused(cut: int, pieces: int) -> None:
    whole = reference_to_bytes(reference(pieces=pieces))
    with pytest.raises(ModelError, match="not a readable reference"):
        reference_from_bytes(whole[: min(cut, len(whole) - 1)])


@given(data=st.binary(max_size=2000))
def test_any_other_bytes_are_refused(data: bytes) -> None:
    for attempt in (data, b"SVR1" + data, b"SVR2" + data, b"SVR4" + data):
        with pytest.raises(ModelError, match="enrol again"):
            reference_from_bytes(attempt)


@pytest.mark.parametrize(
    ("pieces", "old", "new"),
    [
        (0, b'"face_count"', b'"face_caunt"'),
        (0, b'"speech_s": 3.0', b'"speech_s": "3"'),
        (0, b'"speech_s": 3.0', b'"speech_s": nul'),
        (0, b'"wide": true', b'"wide": 1234'),
        (0, b"SVR2", b"SVR1"),
        (0, b"SVR2", b"SVR3"),
        (2, b"[3.0, 3.0]", b"[3.0, NaN]"),
        (2, b"[3.0, 3.0]", b"[3.0, 0.0]"),
        (2, b"[3.0, 3.0]", b"[3.0,   3]"),
        (2, b"[3.0, 3.0]", b"[3.0     ]"),
        (2, b"[3.0, 3.0]", b"[3.0,3.,3]"),
        (2, b'"adapted_from": []', b'"adapted_from": 12'),
        (2, b"SVR4", b"SVR3"),
        (2, b"SVR4", b"SVR5"),
    ],
)
def test_another_header_is_refused(pieces: int, old: bytes, new: bytes) -> None:
    data = reference_to_bytes(reference(pieces=pieces))
    assert old in data
    with pytest.raises(ModelError, match="not a readable reference"):
        reference_from_bytes(data.replace(old, new))


def test_more_pieces_than_may_be_are_not_written() -> None:
    whole = reference(pieces=4)
    with pytest.raises(ModelError, match="more than 4 pieces"):
        reference_to_bytes(replace(whole, pieces=whole.pieces + whole.pieces[:1]))


def test_vectors_that_are_not_of_unit_length_are_refused() -> None:
    broken = replace(reference(), face=axis(128, 0, 2.0))
    with pytest.raises(ModelError, match="unit length"):
        reference_to_bytes(broken)
    data = reference_to_bytes(reference())
    with pytest.raises(ModelError, match="unit length"):
        reference_from_bytes(data[:-4] + np.float32(np.nan).tobytes())
