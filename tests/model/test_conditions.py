from __future__ import annotations

import zlib
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from model.data.conditions import Condition, Treatment, first_speech
from model.data.media import read_voice
from model.data.packs import Pack
from model.errors import PackError

RATE_HZ = 16_000


def write_sound(path: Path, samples: NDArray[np.float32]) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=RATE_HZ)
        stream.layout = "mono"
        whole = (samples * 32767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(whole[None], format="s16", layout="mono")
        frame.sample_rate = RATE_HZ
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def voiced(seconds: float) -> NDArray[np.float32]:
    """A buzz at 120 Hz with formant-like humps that come and go, as syllables do."""
    time_s = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    buzz = sum(np.sin(2 * np.pi * 120 * k * time_s) / k for k in range(1, 25))
    return np.asarray(0.2 * buzz * (0.6 + 0.4 * np.sin(2 * np.pi * 3 * time_s)), np.float32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pack of one voice, one picture and two clips of noise."""
    root = tmp_path_factory.mktemp("conditions")
    rng = np.random.default_rng(1)
    write_sound(root / "voice.wav", voiced(3.0))
    for number in range(2):
        write_sound(root / f"noise{number}.wav", 0.1 * rng.standard_normal(RATE_HZ))  # type: ignore[arg-type]
    ramp = np.tile(np.linspace(0, 255, 160), (160, 1))
    cv2.imwrite(str(root / "face.png"), np.dstack([ramp, ramp.T, ramp]).astype(np.uint8))
    rows = ["made,ada,voice.wav,3.0,", *(f"esc_noise,n{n},noise{n}.wav,1.0," for n in range(2))]
    (root / "voices.csv").write_text("\n".join(["source,identity,file,seconds,flag", *rows]))
    return root


@pytest.fixture(scope="module")
def made(folder: Path) -> Treatment:
    return Treatment(Pack(folder))


def snr_db(clean: NDArray[np.float32], mixed: NDArray[np.float32]) -> float:
    gain = float(mixed @ clean / (clean @ clean))  # what brought a mix that clips down
    rest = mixed / gain - clean
    return float(10 * np.log10(np.mean(clean**2) / np.mean(rest**2)))


def test_names_are_put_together_from_effects() -> None:
    call = Condition.parse("call")
    assert (call.face, call.voice) == (("lowres",), ("noise10", "opus16"))
    noisy = Condition.parse("noise10+lowres")
    assert (noisy.face, noisy.voice) == (Condition.parse("noisy").face, ("noise10",))
    assert Condition.parse("opus16+short1").voice == ("short1", "opus16")
    without = Condition.parse("call-face")
    assert (without.voice, without.missing, without.name) == (call.voice, "face", "call-face")
    assert Condition.parse("clean") == Condition("clean")


@pytest.mark.parametrize("name", ["foggy", "clean+foggy", "clean-ears", ""])
def test_unknown_names_are_refused_with_the_known_ones(name: str) -> None:
    with pytest.raises(PackError, match="noise10.*lowres"):
        Condition.parse(name)


@pytest.mark.parametrize(("name", "expected"), [("noise10", 10.0), ("noise0", 0.0)])
def test_noise_has_its_level_and_comes_back(
    made: Treatment, folder: Path, name: str, expected: float
) -> None:
    files, condition = (folder / "voice.wav",), Condition.parse(name)
    clean, mixed = (made.voice(Condition.parse(n), files) for n in ("clean", name))
    assert snr_db(clean, mixed) == pytest.approx(expected, abs=0.3)
    assert np.array_equal(mixed, made.voice(condition, files))
    assert np.array_equal(made.face(condition, folder / "face.png"), _clean_face(made, folder))


def test_the_files_name_chooses_the_clip(made: Treatment, folder: Path) -> None:
    files = (folder / "voice.wav",)
    clean, mixed = (made.voice(Condition.parse(n), files) for n in ("clean", "noise0"))
    noise = mixed - clean * float(mixed @ clean / (clean @ clean))
    clips = [read_voice(folder / f"noise{number}.wav") for number in range(2)]
    alike = [abs(np.corrcoef(noise, np.resize(clip, noise.shape))[0, 1]) for clip in clips]
    assert int(np.argmax(alike)) == zlib.crc32(b"voice.wav") % 2
    assert max(alike) > 0.95
    assert min(alike) < 0.1


def test_opus_keeps_length_and_place(made: Treatment, folder: Path) -> None:
    files = (folder / "voice.wav",)
    clean, coded = (made.voice(Condition.parse(n), files) for n in ("clean", "opus16"))
    assert coded.shape == clean.shape
    assert not np.array_equal(coded, clean)
    lags = np.arange(-160, 161)
    inner = slice(RATE_HZ, 2 * RATE_HZ)
    match = [clean[inner] @ np.roll(coded, -lag)[inner] for lag in lags]
    assert abs(int(lags[int(np.argmax(match))])) <= 8


def test_one_second_starts_where_speech_does() -> None:
    speech = voiced(2.0)
    quiet = 1e-4 * np.random.default_rng(0).standard_normal(RATE_HZ // 2).astype(np.float32)
    kept = first_speech(np.concatenate([quiet, speech]), 1.0)
    assert len(kept) == RATE_HZ
    offset = np.flatnonzero(np.concatenate([quiet, speech]) == kept[0])[0]
    assert abs(offset - len(quiet)) <= 480
    late = np.concatenate([quiet, quiet, speech[: RATE_HZ // 2]])
    assert np.array_equal(first_speech(late, 1.0), late[-RATE_HZ:])
    assert np.array_equal(first_speech(speech[:100], 1.0), speech[:100])


def test_damage_to_pictures(made: Treatment, folder: Path) -> None:
    file, clean = folder / "face.png", _clean_face(made, folder)
    dark = made.face(Condition.parse("dark"), file)
    assert dark.shape == clean.shape
    assert dark.max() < 0.3 * clean.max()
    assert np.array_equal(dark, made.face(Condition.parse("dark"), file))
    poor = made.face(Condition.parse("lowres"), file)
    assert 0.5 < np.abs(poor.astype(float) - clean).mean() < 20
    assert np.array_equal(poor, made.face(Condition.parse("call"), file))
    both = made.face(Condition.parse("dark+lowres"), file)
    assert not np.array_equal(both, dark)


def test_a_pack_without_noise_says_how_to_add_some(tmp_path: Path) -> None:
    (tmp_path / "voices.csv").write_text("source,identity,file,seconds,flag\n")
    made = Treatment(Pack(tmp_path))
    made.check(Condition.parse("lowres"))
    with pytest.raises(PackError, match="_noise"):
        made.check(Condition.parse("call"))


def _clean_face(made: Treatment, folder: Path) -> NDArray[np.uint8]:
    return made.face(Condition.parse("clean"), folder / "face.png")
