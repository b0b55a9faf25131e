from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from model.data.embed import Embedder
from model.data.packs import Pack
from model.errors import CheckpointError, PackError
from model.siamese.material import (
    Amount,
    face_samples,
    remembered,
    shortened,
    speech_sounds,
    talkers,
    voice_samples,
)
from model.siamese.samples import Samples
from tests.support.siamese_media import PatternEmbedder, clusters, write_list, write_pack

AMOUNT = Amount(pictures=2, picture_copies=2, units=3, speech_copies=2)
Make = Callable[[Pack, Embedder, Amount], Samples]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pack(tmp_path_factory.mktemp("pack"), people=3, files=3)


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return PatternEmbedder()  # type: ignore[return-value]


@pytest.fixture(scope="module")
def faces(folder: Path, embedder: Embedder) -> Samples:
    return face_samples(Pack(folder), embedder, AMOUNT, seed=1)


@pytest.fixture(scope="module")
def voices(folder: Path, embedder: Embedder) -> Samples:
    return voice_samples(Pack(folder), embedder, AMOUNT, seed=1)


def equal(one: Samples, other: Samples) -> bool:
    pairs = [(getattr(one, f.name), getattr(other, f.name)) for f in fields(Samples)]
    return all(repr(a) == repr(b) and np.shape(a) == np.shape(b) for a, b in pairs) and (
        np.array_equal(one.vectors, other.vectors)
    )


def test_each_picture_is_there_clean_and_damaged(faces: Samples) -> None:
    assert faces.people == tuple(f"patterns/{number:02}" for number in range(3))
    assert faces.vectors.shape == (3 * 2 * 3, 128)
    assert faces.person.tolist() == sorted([0, 1, 2] * 6)
    assert faces.unit.tolist() == [0, 0, 0, 1, 1, 1] * 3
    assert faces.clean.tolist() == [True, False, False] * 6
    unit = faces.vectors / np.linalg.norm(faces.vectors, axis=1, keepdims=True)
    cosines = (unit @ unit.T)[np.ix_(faces.clean, faces.clean)]
    same = faces.person[faces.clean][:, None] == faces.person[faces.clean]
    assert cosines[same].min() > 0.9 > cosines[~same].max()


def test_each_stretch_of_speech_is_there_whole_and_as_a_call_has_it(voices: Samples) -> None:
    assert voices.vectors.shape[1] == 192
    assert voices.clean.sum() == 3 * 3
    assert voices.clean.tolist() == [True, False, False] * 9
    seconds = np.exp(voices.qualities[:, 1])
    np.testing.assert_allclose(seconds[voices.clean], 3.0, atol=0.01)
    first, second = (seconds[1::3], seconds[2::3])
    assert ((first > 0.69) & (first < 3)).all()
    np.testing.assert_allclose(second, 3.0, atol=0.05)


def test_the_seed_decides_the_damage(folder: Path, embedder: Embedder, faces: Samples) -> None:
    assert equal(face_samples(Pack(folder), embedder, AMOUNT, seed=1), faces)
    other = face_samples(Pack(folder), embedder, AMOUNT, seed=2)
    np.testing.assert_array_equal(other.vectors[other.clean], faces.vectors[faces.clean])
    assert not np.array_equal(other.vectors, faces.vectors)


def test_speech_that_is_lost_to_the_damage_is_left_out(folder: Path) -> None:
    class Deaf(PatternEmbedder):
        heard = 0

        def voice(self, samples):  # type: ignore[no-untyped-def, override]
            self.heard += 1
            return None if self.heard % 3 == 0 else super().voice(samples)

    found = voice_samples(Pack(folder), Deaf(), AMOUNT, seed=1)  # type: ignore[arg-type]
    assert found.clean.tolist() == [True, False] * 9


def test_corrupt_files_are_noted_and_skipped(
    folder: Path, embedder: Embedder, tmp_path: Path
) -> None:
    pack = Pack(Path(shutil.copytree(folder, tmp_path / "pack")))
    for name in ("0_0.png", "1_1.wav"):
        (pack.root / name).write_bytes(b"neither picture nor sound")
    faces = face_samples(pack, embedder, AMOUNT, seed=1)
    voices = voice_samples(pack, embedder, AMOUNT, seed=1)
    assert {path.name for path in pack.notes.skipped} == {"0_0.png", "1_1.wav"}
    assert np.bincount(faces.person).tolist() == [3, 6, 6]
    assert np.bincount(voices.person).tolist() == [9, 6, 9]
    assert any("0_0.png" in line for line in pack.notes.lines())


def test_a_pack_with_nothing_to_read_is_refused(
    folder: Path, embedder: Embedder, tmp_path: Path
) -> None:
    pack = Pack(Path(shutil.copytree(folder, tmp_path / "pack")))
    for file in pack.root.glob("*.png"):
        file.write_bytes(b"")
    with pytest.raises(PackError, match="no pictures to train on"):
        face_samples(pack, embedder, AMOUNT, seed=1)


def test_a_slice_holds_the_first_people_of_each_source(
    folder: Path, embedder: Embedder, tmp_path: Path
) -> None:
    root = Path(shutil.copytree(folder, tmp_path / "pack"))
    rows = [
        (source, f"{person:02}", f"{person}_{number}.png", "")
        for source in ("a", "b")
        for person in range(3)
        for number in range(2)
    ]
    write_list(root / "faces.csv", ("source", "identity", "file", "flag"), rows)
    found = face_samples(Pack(root), embedder, Amount(people=2, picture_copies=0), seed=1)
    assert found.people == ("a/00", "a/01", "b/00", "b/01")
    assert found.clean.all()


def test_copies_are_whole_or_shorter_by_turns() -> None:
    rng = np.random.default_rng(0)
    sound = np.arange(60_000, dtype=np.float32)
    assert shortened(sound, 1, rng) is sound
    for _ in range(20):
        piece = shortened(sound, 0, rng)
        assert 0.7 * 16_000 <= len(piece) <= 3 * 16_000
        np.testing.assert_array_equal(np.diff(piece), 1)


def test_others_talk_in_the_background_never_the_person(folder: Path) -> None:
    rng = np.random.default_rng(0)
    sounds = speech_sounds(Pack(folder), AMOUNT, rng)
    own = [sound for (who, _), sound in sounds.items() if who == "noises/01"]
    assert len(own) == 3
    heard = talkers(sounds, "noises/01", rng)(30)
    assert len(heard) == 30
    assert not any(voice is sound for voice in heard for sound in own)
    alone = {key: sound for key, sound in sounds.items() if key[0] == "noises/01"}
    (noise,) = talkers(alone, "noises/01", rng)(2)
    assert noise.std() == pytest.approx(1, abs=0.05)


def test_what_was_made_once_is_read_again(tmp_path: Path) -> None:
    samples = clusters(8, 2)
    samples.qualities[0, 0] = np.nan
    assert set(samples.sources) == {"here", "there"}  # asked for, it is kept in the object
    path = tmp_path / "run" / "faces.npz"
    assert remembered(path, lambda: samples) is samples

    def refuse() -> Samples:
        raise AssertionError("made again")

    again = remembered(path, refuse)
    assert equal(again, samples)
    assert {f.name: getattr(again, f.name).dtype for f in fields(Samples)[:-1]} == {
        f.name: getattr(samples, f.name).dtype for f in fields(Samples)[:-1]
    }


def test_a_garbled_file_of_samples_is_told_by_name(tmp_path: Path) -> None:
    path = tmp_path / "voices.npz"
    remembered(path, lambda: clusters(8, 2))
    whole = path.read_bytes()
    lacking = tmp_path / "lacking.npz"
    np.savez(lacking, vectors=np.zeros((2, 3)))
    wrong = (whole[: len(whole) // 2], b"", b"garbled", lacking.read_bytes())
    for content in (*wrong, whole[:400] + bytes(200) + whole[600:]):
        path.write_bytes(content)
        with pytest.raises(CheckpointError, match=r"voices\.npz is garbled .*delete it"):
            remembered(path, lambda: clusters(8, 2))
