from __future__ import annotations

import csv
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from model.data import media
from model.data.notes import Notes
from model.data.packs import Pack, Sample, people_with
from model.data.people import PictureMaker, SpeechMaker, speech_units
from model.errors import PackError


def write_rows(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def write_tone(path: Path, hertz: float, seconds: float, rate: int = 16_000) -> None:
    time_s = np.arange(int(seconds * rate)) / rate
    samples = (0.3 * np.sin(2 * np.pi * hertz * time_s) * 32767).astype(np.int16)
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=rate)
        stream.layout = "mono"
        frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
        frame.sample_rate = rate
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def write_picture(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 255, (160, 160, 3), dtype=np.uint8)
    cv2.imwrite(str(path), pixels)


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """Two made-up people with four pictures and four tones each, and one trial of each kind."""
    faces, voices = [], []
    for who in ("ann", "bob"):
        for k in range(4):
            write_picture(tmp_path / f"f/{who}{k}.png", k)
            write_tone(tmp_path / f"v/{who}{k}.wav", 200 + 100 * k, 1.6)
            common = {"source": "toy", "identity": who, "flag": ""}
            faces.append({**common, "file": f"f/{who}{k}.png"})
            voices.append({**common, "file": f"v/{who}{k}.wav", "seconds": "1.6"})
    voices[-1]["flag"] = "music"
    chimera = {"face_identity": "toy/ann", "voice_identity": "toy/ann"}
    enrol = {"enroll_faces": "f/ann0.png;f/ann1.png", "enroll_voices": "v/ann0.wav"}
    kinds = {"genuine": "ann ann", "impostor_voice": "ann bob", "impostor_face": "bob ann"}
    trials = [
        {
            "chimera": "c0",
            "kind": kind,
            "label": str(int(kind == "genuine")),
            "probe_face": f"f/{who.split()[0]}2.png",
            "probe_voice": f"v/{who.split()[1]}2.wav+v/{who.split()[1]}1.wav",
        }
        for kind, who in kinds.items()
    ]
    write_rows(tmp_path / "faces.csv", faces)
    write_rows(tmp_path / "voices.csv", voices)
    write_rows(tmp_path / "chimeras.csv", [{"chimera": "c0", **chimera, **enrol}])
    write_rows(tmp_path / "trials.csv", trials)
    return tmp_path


def test_lists_are_read_without_doubtful_rows(tiny: Path) -> None:
    pack = Pack(tiny)
    assert len(pack.faces) == 8
    assert len(pack.voices) == 7
    assert {s.identity for s in pack.voices} == {"toy/ann", "toy/bob"}
    assert pack.chimeras["c0"].faces == (tiny / "f/ann0.png", tiny / "f/ann1.png")
    assert pack.chimeras["c0"].voice_source == "toy"


def test_trials_join_their_voices(tiny: Path) -> None:
    genuine = Pack(tiny).trials[0]
    assert genuine.mated
    assert genuine.voices == (tiny / "v/ann2.wav", tiny / "v/ann1.wav")
    assert len(media.join_voices(genuine.voices)) == 2 * int(1.6 * 16_000)


@pytest.mark.parametrize("name", ["faces", "voices", "chimeras", "trials"])
def test_a_missing_list_is_named(tiny: Path, name: str) -> None:
    (tiny / f"{name}.csv").unlink()
    with pytest.raises(PackError, match=f"{name}.csv"):
        getattr(Pack(tiny), name)


def test_a_missing_file_is_named_with_the_list_that_names_it(tiny: Path) -> None:
    (tiny / "v/ann2.wav").unlink()
    with pytest.raises(PackError, match=r"trials.csv names v/ann2.wav"):
        _ = Pack(tiny).trials


def test_a_missing_column_is_named(tiny: Path) -> None:
    write_rows(tiny / "faces.csv", [{"source": "toy", "file": "f/ann0.png"}])
    with pytest.raises(PackError, match="flag, identity"):
        _ = Pack(tiny).faces


def test_a_trial_of_an_unknown_person_is_refused(tiny: Path) -> None:
    text = (tiny / "trials.csv").read_text().replace("c0,genuine", "c9,genuine")
    (tiny / "trials.csv").write_text(text)
    with pytest.raises(PackError, match="names c9"):
        _ = Pack(tiny).trials


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("voices", "wav,1.6", "wav,long"),
        ("voices", ",1.6\r\n", "\r\n"),
        ("faces", "f/ann0.png", "f/ann0.png,one,too,many"),
        ("trials", "genuine,1", "genuine,yes"),
        ("trials", "genuine,1", "Genuine,1"),
        ("trials", "genuine,1", "genuine,0"),
        ("trials", "impostor_voice,0", "impostor_voice,1"),
    ],
)
def test_a_garbled_row_is_named(tiny: Path, name: str, old: str, new: str) -> None:
    text = (tiny / f"{name}.csv").read_bytes().decode()
    assert old in text
    (tiny / f"{name}.csv").write_bytes(text.replace(old, new, 1).encode())
    with pytest.raises(PackError, match=rf"{name}\.csv"):
        getattr(Pack(tiny), name)


def test_files_may_lie_elsewhere(tiny: Path, tmp_path: Path) -> None:
    rows = (tiny / "faces.csv").read_text().replace("f/ann0.png", str(tiny / "f/ann0.png"))
    (tiny / "faces.csv").write_text(rows)
    assert Pack(tiny).faces[0].path == tiny / "f/ann0.png"


def test_people_with_too_few_samples_are_left_out_and_counted(tiny: Path) -> None:
    notes = Notes()
    found = people_with(Pack(tiny).voices, least=4, notes=notes)
    assert list(found.kept) == ["toy/ann"]
    assert found.left_out == notes.left_out == {"toy/bob": 3}
    assert notes.lines() == ["people left out for too few samples: 1"]


def test_nobody_left_is_an_error(tiny: Path) -> None:
    with pytest.raises(PackError, match="none of 2 people has 5 samples or more .the most is 4"):
        people_with(Pack(tiny).faces, least=5)


def test_another_rate_is_said_once_a_file(tmp_path: Path) -> None:
    notes, files = Notes(), [tmp_path / name for name in ("a.wav", "b.wav", "c.wav")]
    for file, rate in zip(files, (48_000, 8_000, 16_000), strict=True):
        write_tone(file, 440, 0.5, rate=rate)
    for _ in range(2):
        assert abs(len(media.join_voices(files, notes=notes)) - 24_000) < 100
    assert notes.lines() == [
        "sound files resampled from 8000 Hz to 16000 Hz: 1",
        "sound files resampled from 48000 Hz to 16000 Hz: 1",
    ]


def test_corrupt_files_are_named_skipped_and_counted(tmp_path: Path) -> None:
    notes, files = Notes(), [tmp_path / f"{k}.png" for k in range(14)]
    for k, file in enumerate(files):
        file.write_bytes(b"no picture") if k % 7 else write_picture(file, k)
    read = dict(notes.reading(files, media.read_picture))
    assert list(read) == [files[0], files[7]]
    assert "files skipped: 12" in notes.lines()
    assert str(files[1]) in notes.lines()[1]
    assert notes.lines()[-1] == "  and 2 more"


def test_a_picture_of_another_size_is_named_with_its_size(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "small.png"), np.zeros((40, 60, 3), np.uint8))
    assert media.read_image(tmp_path / "small.png").shape == (40, 60, 3)
    with pytest.raises(PackError, match="small.png is 60x40"):
        media.read_picture(tmp_path / "small.png")


def test_no_folder_no_pack(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="no data pack"):
        Pack(tmp_path / "nowhere")


def test_sound_of_another_rate_is_resampled(tmp_path: Path) -> None:
    write_tone(tmp_path / "a.wav", 440, 1.0, rate=48_000)
    samples = media.read_voice(tmp_path / "a.wav")
    assert abs(len(samples) - 16_000) < 50
    spectrum = np.abs(np.fft.rfft(samples[:16_000]))
    assert abs(int(spectrum.argmax()) - 440) <= 1
    assert 0.25 < np.abs(samples[1000:-1000]).max() < 0.35


def test_broken_media_are_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.bin"
    for content in (b"", b"neither sound nor picture" * 20):
        broken.write_bytes(content)
        with pytest.raises(PackError, match=r"broken\.bin"):
            media.read_voice(broken)
        with pytest.raises(PackError, match=r"broken\.bin"):
            media.read_picture(broken)


@pytest.mark.parametrize(
    ("sample", "words"), [(32_768.0, "divide them first"), (np.nan, "no numbers"), (np.inf, "no n")]
)
def test_floats_that_are_no_samples_are_named(tmp_path: Path, sample: float, words: str) -> None:
    samples = np.zeros((1, 1600), np.float32)
    samples[0, 800] = sample
    with av.open(str(tmp_path / "f.wav"), "w") as container:
        stream = container.add_stream("pcm_f32le", rate=16_000)
        stream.layout = "mono"
        frame = av.AudioFrame.from_ndarray(samples, format="flt", layout="mono")
        frame.sample_rate = 16_000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(PackError, match=rf"f\.wav holds samples.*{words}"):
        media.read_voice(tmp_path / "f.wav")


def test_pictures_come_as_rgb_and_crop_to_the_tower_input(tmp_path: Path) -> None:
    pixels = np.zeros((160, 160, 3), dtype=np.uint8)
    pixels[..., 2] = 200
    cv2.imwrite(str(tmp_path / "red.png"), pixels)
    picture = media.read_picture(tmp_path / "red.png")
    assert tuple(picture[0, 0]) == (200, 0, 0)
    assert media.crop_face(picture).shape == (112, 112, 3)


def test_units_are_long_enough_and_share_no_file(tiny: Path) -> None:
    files = [s for s in Pack(tiny).voices if s.identity == "toy/ann"]
    units = speech_units(files, np.random.default_rng(0))
    assert [len(unit) for unit in units] == [2, 2]
    assert len({path for unit in units for path in unit}) == 4


def test_training_speech_follows_the_seed(tiny: Path) -> None:
    def made(seed: int) -> list[bytes]:
        return [s.samples.tobytes() for s in SpeechMaker(_doubled(tiny), seed=seed).speech()]

    assert made(3) == made(3)
    assert made(3) != made(4)


def test_training_speech_starts_with_whole_clean_units(tiny: Path) -> None:
    speech = list(SpeechMaker(_doubled(tiny), copies=6).speech())
    clean = [s for s in speech if np.isinf(s.noise_db)]
    assert len(speech) == 4 * 7
    assert all(len(s.samples) == 2 * 25_600 for s in speech[:4])
    assert len(clean) == 4 * 3
    assert all(0 <= s.noise_db <= 20 for s in speech if np.isfinite(s.noise_db))


def test_training_pictures_come_with_damaged_copies(tiny: Path) -> None:
    portraits = list(PictureMaker(Pack(tiny).faces, copies=2).pictures())
    assert len(portraits) == 8 * 3
    assert [p.damaged for p in portraits[:3]] == [False, True, True]
    assert not np.array_equal(portraits[0].picture, portraits[1].picture)


def test_the_real_pack_is_whole(data_dir: Path) -> None:
    pack = Pack(data_dir / "dev")
    assert len(pack.trials) == 3834
    assert len(pack.noises) == 40
    assert not {s.source for s in pack.voices} & {s.source for s in pack.noises}


def _doubled(tiny: Path) -> list[Sample]:
    """The tiny pack's voices with bob's doubtful file taken back in."""
    rows = (tiny / "voices.csv").read_text().replace("music", "")
    (tiny / "voices.csv").write_text(rows)
    return list(Pack(tiny).voices)
