from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from model.ancestor.pairs import COUNTS, Dealer
from model.ancestor.people import TEST, TRAIN, VALIDATION, Album, Material
from model.ancestor.spectrogram import PIECE, picture, pieces
from model.data.packs import Pack
from model.errors import PackError
from tests.support.ancestor_media import PEOPLE, hum, write_pack


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    return Pack(write_pack(tmp_path_factory.mktemp("pack")))


def material(samples: int) -> Material:
    """Three people, each with that many samples in each split."""
    person = np.repeat(np.arange(3), 3 * samples)
    split = np.tile(np.repeat([TRAIN, VALIDATION, TEST], samples), 3)
    return Material(np.arange(len(person)), person, split)


def brightest_row(frequency_hz: float) -> int:
    tone = np.sin(2 * np.pi * frequency_hz * np.arange(PIECE) / 16_000).astype(np.float32)
    return int(picture(tone).sum(axis=(1, 2), dtype=np.int64).argmax())


def test_a_spectrogram_is_a_colour_picture_with_high_tones_above() -> None:
    drawn = picture(hum(120, 2, np.random.default_rng(0)))
    assert (drawn.shape, drawn.dtype) == ((128, 128, 3), np.uint8)
    pixels = drawn.reshape(-1, 3)
    assert max(pixels.tolist(), key=sum) == [252, 253, 191]  # magma's last colour
    assert brightest_row(4000) < brightest_row(1000) < brightest_row(300)


def test_a_spectrogram_does_not_depend_on_loudness() -> None:
    sound = hum(120, 2, np.random.default_rng(0))
    difference = picture(sound).astype(int) - picture(sound * 0.1)
    assert np.abs(difference).max() <= 2


@pytest.mark.parametrize(("seconds", "count"), [(0.4, 0), (0.6, 1), (2, 1), (3.9, 1), (4, 2)])
def test_speech_is_cut_into_pieces_of_two_seconds(seconds: float, count: int) -> None:
    found = pieces(np.ones(int(seconds * 16_000), np.float32))
    assert [len(piece) for piece in found] == [PIECE] * count


def test_everybody_is_in_every_split_and_the_seed_decides(pack: Pack) -> None:
    album = Album(pack, seed=4)
    voices = album.voices()
    assert voices.inputs.shape == (PEOPLE * 5, 128, 128, 3)
    for split, count in ((TRAIN, 2), (VALIDATION, 1), (TEST, 2)):
        people = np.bincount(voices.person[voices.rows(split)])
        assert people.tolist() == [count] * PEOPLE
    again = Album(pack, seed=4)
    assert again.people == album.people
    np.testing.assert_array_equal(again.voices().split, voices.split)
    assert len({Album(pack, seed=seed).people.voices for seed in range(6)}) > 1


def test_a_pack_without_enough_people_is_refused(pack: Pack, tmp_path: Path) -> None:
    few = write_pack(tmp_path / "few")
    lines = (few / "voices.csv").read_text().splitlines()
    (few / "voices.csv").write_text("\n".join(lines[:3]))
    with pytest.raises(PackError, match="too few people"):
        Album(Pack(few))


def test_a_corrupt_picture_is_skipped_until_too_few_are_left(tmp_path: Path) -> None:
    pack = Pack(write_pack(tmp_path))
    (tmp_path / "face00.png").write_bytes(b"no picture")
    album = Album(pack)
    with pytest.raises(PackError, match=r"f0 has 4 samples .*5 are needed.*face00\.png"):
        album.faces(lambda portrait: portrait[0, 0].astype(np.float32))
    assert [path.name for path in pack.notes.skipped] == ["face00.png"]


def test_a_match_needs_both_and_no_sample_meets_itself() -> None:
    faces, voices = material(2), material(3)
    pairs = Dealer(faces, voices, np.random.default_rng(0)).draw(COUNTS, (TRAIN, TRAIN))
    same_face = np.equal(*faces.person[pairs.face])
    same_voice = np.equal(*voices.person[pairs.voice])
    kinds = [(True, True), (False, False), (True, False), (False, True)]
    found = [int(((same_face == face) & (same_voice == voice)).sum()) for face, voice in kinds]
    assert found == [4000, 2000, 1000, 1000]
    np.testing.assert_array_equal(pairs.mated, same_face & same_voice)
    assert (pairs.face[0] != pairs.face[1]).all()
    assert (pairs.voice[0] != pairs.voice[1]).all()
    assert set(faces.split[pairs.face].ravel()) == {TRAIN}


def test_unseen_pairs_take_their_second_side_from_unseen_samples() -> None:
    dealer = Dealer(material(1), material(1), np.random.default_rng(0))
    pairs = dealer.draw({"same": 5, "both_different": 5}, (TRAIN, VALIDATION))
    assert set(material(1).split[pairs.face[1]]) == {VALIDATION}
    with pytest.raises(PackError, match="no second sample"):
        dealer.draw({"same": 5}, (TEST, TEST))
