from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from model.errors import ModelError
from model.runtime.reference import make_reference, vectors_of, widened, with_vectors
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


def pieces_of(*voices: VoiceSample, speech_s: float | None = None) -> list[tuple[int, float]]:
    """Which axis each piece is nearest to, and its seconds."""
    made = make_reference("m", [face(axis(128, 0))], voices, speech_s=speech_s)
    return sorted((int(one.voice.argmax()), round(one.speech_s, 6)) for one in made.pieces)


def test_speech_that_does_not_sound_alike_is_kept_in_pieces() -> None:
    moods = [voice(axis(192, place, 7), float(place + 1)) for place in range(4)]
    assert pieces_of(*moods) == [(0, 1.0), (1, 2.0), (2, 3.0), (3, 4.0)]
    assert pieces_of(*moods, speech_s=5.0) == [(0, 0.5), (1, 1.0), (2, 1.5), (3, 2.0)]
    assert pieces_of(*moods[:1]) == []


def test_the_most_alike_are_joined_until_there_are_four() -> None:
    moods = [voice(axis(192, place), 2.0) for place in range(4)]
    alike = [voice(axis(192, 2, 5) + axis(192, 9), 1.0), voice(axis(192, 2, 5) + axis(192, 8), 3.0)]
    assert pieces_of(*moods, *alike) == [(0, 2.0), (1, 2.0), (2, 6.0), (3, 2.0)]
    many = [voice(random(192, seed), 1.0) for seed in range(60)]
    made = pieces_of(*many)
    assert len(made) == 4
    assert sum(seconds for _, seconds in made) == pytest.approx(60)


def test_a_piece_is_the_mean_of_what_was_joined() -> None:
    apart = [voice(axis(192, place)) for place in range(3)]
    pair = [voice(axis(192, 5) + axis(192, 6, 0.5), 1.0), voice(axis(192, 5), 3.0)]
    made = make_reference("m", [face(axis(128, 0))], [*apart, *pair])
    alone = make_reference("m", [face(axis(128, 0))], pair)
    (joined,) = (one for one in made.pieces if one.voice.argmax() == 5)
    np.testing.assert_allclose(joined.voice, alone.voice, atol=1e-6)


def test_pieces_are_of_the_band_that_the_mean_is_of() -> None:
    wide = [replace(voice(axis(192, place)), telephone=axis(192, place + 50)) for place in (0, 1)]
    narrow = replace(voice(axis(192, 7)), narrow=True, telephone=axis(192, 57))
    made = make_reference("m", [face(axis(128, 0))], [*wide, narrow])
    assert made.wide
    assert sorted(vectors_of(made)) == [
        "face", "telephone", "telephone 1", "telephone 2", "voice", "voice 1", "voice 2",
    ]  # fmt: skip
    assert [int(one.voice.argmax()) for one in made.pieces] == [0, 1]
    without = make_reference("m", [face(axis(128, 0))], [*wide, voice(axis(192, 3))])
    assert without.telephone is None
    assert [one.telephone for one in without.pieces] == [None] * 3


def test_what_is_added_becomes_pieces_of_its_own() -> None:
    def of(*places: int) -> Reference:
        return make_reference(
            "m",
            [face(axis(128, 0))],
            [replace(voice(axis(192, at)), telephone=axis(192, at + 50)) for at in places],
        )

    both = widened(of(0), of(1))  # neither had any
    assert [(int(one.voice.argmax()), one.speech_s) for one in both.pieces] == [(0, 3.0), (1, 3.0)]
    assert {int(one.voice.argmax()) for one in widened(of(0, 1), of(2, 3)).pieces} == {0, 1, 2, 3}
    assert len(widened(of(0, 1, 2, 3), of(4, 5)).pieces) == 4
    older = replace(of(1), telephone=None)
    assert [one.telephone for one in widened(of(0), older).pieces] == [None, None]


def test_a_change_reaches_every_vector_once() -> None:
    before = widened(reference(0), reference(2))
    seen: list[str] = []

    def turned(name: str, vector: Vector) -> Vector:
        seen.append(name)
        return -vector

    after = with_vectors(before, turned)
    assert seen == list(vectors_of(before)) == list(vectors_of(after))
    assert len(seen) == len(set(seen)) == 7
    for name, vector in vectors_of(before).items():
        np.testing.assert_array_equal(vectors_of(after)[name], -vector)
