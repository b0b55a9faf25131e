"""The whole command on a pack of made-up pictures and tones, with a system that measures them."""

from __future__ import annotations

import csv
import json
import shutil
import wave
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from model.__main__ import main
from model.data.conditions import Condition
from model.data.packs import Pack
from model.errors import ModelError, PackError
from model.evaluation.scoring import Scorer
from model.evaluation.systems import SYSTEMS, Llrs, SystemOptions, load_system
from model.evaluation.timing import time_systems

PEOPLE = ("ada", "bo", "cy", "di")
RATE_HZ = 16_000


class Colours:
    """Tells people apart by the colour of their picture and the pitch of their tone."""

    model_id = "colours-1"

    def __init__(self, name: str = "colours", sharpness: float = 8.0) -> None:
        self.name = name
        self._sharpness = sharpness
        self.met: list[bytes] = []

    def face(self, picture: NDArray[np.uint8]) -> NDArray[np.float64] | None:
        self.met.append(picture.tobytes())
        return picture.mean(axis=(0, 1)) / 255 if picture.any() else None

    def voice(self, samples: NDArray[np.float32]) -> float:
        self.met.append(samples.tobytes())
        power = np.abs(np.fft.rfft(samples[:RATE_HZ], RATE_HZ))
        return float(np.log2(np.argmax(power[50:2000]) + 50))

    def reference(self, faces: Sequence[Any], voices: Sequence[Any]) -> tuple[Any, float]:
        return np.mean(faces, axis=0), float(np.mean(voices))

    def compare(self, reference: tuple[Any, float], face: Any, voice: float | None) -> Llrs:
        both = (
            None if face is None else 4 - self._sharpness * 4 * np.abs(face - reference[0]).sum(),
            None if voice is None else 4 - self._sharpness * 4 * abs(voice - reference[1]),
        )
        known = [float(value) for value in both if value is not None]
        return Llrs(*both, min(known) if known else None)


def load(options: SystemOptions) -> Colours:
    return Colours(options.variant or "colours", 2.0 if options.variant else 8.0)


def write_tone(path: Path, hertz: float, rng: np.random.Generator) -> None:
    time_s = np.arange(2 * RATE_HZ) / RATE_HZ
    sound = 0.3 * np.sin(2 * np.pi * hertz * time_s) + 0.01 * rng.standard_normal(len(time_s))
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        file.writeframes((sound * 32767).astype(np.int16).tobytes())


def write_list(path: Path, header: str, rows: list[str]) -> None:
    path.write_text("\n".join([header, *rows]) + "\n")


@pytest.fixture(scope="module")
def pack_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four people; the last two differ little in colour."""
    root, rng = tmp_path_factory.mktemp("tones"), np.random.default_rng(4)
    colours = np.array([[200, 60, 60], [60, 200, 60], [60, 60, 200], [75, 60, 190]])
    for number, who in enumerate(PEOPLE):
        for take in range(4):
            picture = colours[number] + rng.normal(0, 12, (160, 160, 3)) + rng.normal(0, 6, 3)
            cv2.imwrite(str(root / f"{who}{take}.png"), np.clip(picture, 0, 255).astype(np.uint8))
            pitch = 200 * 1.3**number * 2 ** rng.normal(0, 0.03)
            write_tone(root / f"{who}{take}.wav", pitch, rng)
    write_tone(root / "noise.wav", 999, rng)
    genders = dict(zip(PEOPLE, "ffmm", strict=True))
    rows = [f"made,{who},{who}{take}" for who in PEOPLE for take in range(4)]
    faces = [f"{row}.png,,{genders[row.split(',')[1]]}" for row in rows]
    write_list(root / "faces.csv", "source,identity,file,flag,gender", faces)
    voices = [f"{row}.wav,2.0," for row in rows] + ["hum_noise,hum,noise.wav,2.0,"]
    write_list(root / "voices.csv", "source,identity,file,seconds,flag", voices)
    chimeras = [f"{w},made/{w},made/{w},{w}0.png;{w}1.png,{w}0.wav;{w}1.wav" for w in PEOPLE]
    header = "chimera,face_identity,voice_identity,enroll_faces,enroll_voices"
    write_list(root / "chimeras.csv", header, chimeras)
    write_list(root / "trials.csv", "chimera,kind,label,probe_face,probe_voice", list(trials()))
    return root


def trials() -> Sequence[str]:
    rows = []
    for who in PEOPLE:
        for take in (2, 3):
            rows.append(f"{who},genuine,1,{who}{take}.png,{who}{take}.wav")
            for other in PEOPLE:
                if other != who:
                    rows.append(f"{who},impostor_both,0,{other}{take}.png,{other}{take}.wav")
                    rows.append(f"{who},impostor_voice,0,{who}{take}.png,{other}{take}.wav")
                    rows.append(f"{who},impostor_face,0,{other}{take}.png,{who}{take}.wav")
    return rows


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SYSTEMS, "colours", __name__)


def evaluate(pack: Path, *arguments: str) -> int:
    return main(["evaluate", "--pack", str(pack), "--rounds", "8", *arguments])


def test_figures_scores_and_times_are_written(
    pack_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--system", "colours,colours:blunt", "--condition", "clean,call,clean-face"]
    arguments += ["--json", str(tmp_path / "a" / "out.json"), "--scores", str(tmp_path / "s.csv")]
    assert evaluate(pack_dir, *arguments, "--time", "3") == 0
    found = json.loads((tmp_path / "a" / "out.json").read_text())
    assert (found["trials"], found["people"], found["skipped"]) == (80, 4, {})
    assert list(found["systems"]) == ["colours", "colours:blunt"]
    about = found["systems"]["colours"]
    assert (about["model"], list(about["conditions"])) == (
        "colours-1",
        ["clean", "call", "clean-face"],
    )
    clean = about["conditions"]["clean"]
    assert (clean["all"]["mated"], clean["all"]["non_mated"]) == (8, 72)
    assert set(clean["by_group"]["face gender"]) == {"f", "m"}
    assert {row["face_ms"]["median"] > 0 for row in found["time"]["systems"].values()} == {True}
    assert found["time"]["systems"]["colours"]["ratio"] == 1
    printed = capsys.readouterr().out
    assert "colours, clean-face: no face; fused is the voice's own LLR" in printed
    assert "milliseconds per window" in printed
    with (tmp_path / "s.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * 3 * 80
    without = [row for row in rows if row["condition"] == "clean-face"]
    assert {row["llr_face"] for row in without} == {""}
    assert sum(row["label"] == "1" for row in without) == 2 * (8 + 24)
    assert all(row["llr_fused"] == row["llr_voice"] for row in without)


def test_one_systems_scores_have_no_system_column(pack_dir: Path, tmp_path: Path) -> None:
    arguments = ["--system", "colours", "--missing", "voice", "--scores", str(tmp_path / "s.csv")]
    assert evaluate(pack_dir, *arguments) == 0
    header, first, *_ = (tmp_path / "s.csv").read_text().splitlines()
    assert header == "condition,chimera,kind,label,llr_face,llr_voice,llr_fused"
    assert first.startswith("clean-voice,ada,genuine,1,")


def test_plots_are_pictures(pack_dir: Path, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "plots"
    assert evaluate(pack_dir, "--system", "colours", "--plots", str(folder)) == 0
    names = {"eer.png", "det-clean.png", "scores-clean.png", "reliability-clean.png"}
    assert {path.name for path in folder.iterdir()} == names
    for path in folder.iterdir():
        image = cv2.imread(str(path))
        assert image is not None
        assert image.std() > 5


def test_unreadable_probes_are_named_and_their_trials_skipped(
    pack_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(pack_dir, broken)
    (broken / "ada2.png").write_bytes(b"no picture")
    (broken / "bo3.wav").write_bytes(b"no sound")
    out = tmp_path / "out.json"
    assert evaluate(broken, "--system", "colours", "--json", str(out)) == 0
    found = json.loads(out.read_text())
    assert set(found["skipped"]) == {"ada2.png", "bo3.wav"}
    lost = sum(("ada2.png" in row) or ("bo3.wav" in row) for row in trials())
    clean = found["systems"]["colours"]["conditions"]["clean"]
    assert clean["skipped_trials"] == lost > 0
    assert clean["all"]["trials"] == 80 - lost
    printed = capsys.readouterr().out
    assert f"{lost} trials skipped" in printed
    assert "ada2.png" in printed
    assert "bo3.wav" in printed


def test_an_unreadable_reference_skips_that_persons_trials(pack_dir: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(pack_dir, broken)
    (broken / "cy0.wav").write_bytes(b"no sound")
    (scores,), skipped = Scorer(Pack(broken), [Colours()]).score(Condition("clean"))
    assert skipped == 20
    assert "cy" not in set(scores.chimera)


def test_a_pack_with_nothing_readable_is_refused(pack_dir: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(pack_dir, broken)
    for path in broken.glob("*.png"):
        path.write_bytes(b"no picture")
    with pytest.raises(PackError, match="no trial of .* can be scored"):
        Scorer(Pack(broken), [Colours()]).score(Condition("clean"))
    with pytest.raises(PackError, match="nothing can be timed"):
        time_systems(Pack(broken), {"colours": Colours()}, 2)


def test_systems_that_share_a_base_embed_once(pack_dir: Path) -> None:
    base, other = Colours("base"), Colours("other")
    other.base = base  # type: ignore[attr-defined]
    scorer = Scorer(Pack(pack_dir), [base, other])
    scorer.score(Condition("clean"))
    assert other.met == []
    assert len(base.met) == len(set(base.met)) == 8 * 2 + 8 * 2  # references and probes


def test_progress_comes_to_its_end(pack_dir: Path) -> None:
    conditions = [Condition.parse(name) for name in ("clean", "noise10", "lowres-voice")]
    scorer = Scorer(Pack(pack_dir), [Colours()])
    done: list[None] = []
    scorer.advance = lambda: done.append(None)
    for condition in conditions:
        scorer.score(condition)
    assert len(done) == scorer.work(conditions)


def test_what_a_system_cannot_embed_leaves_the_other_modality(
    pack_dir: Path, tmp_path: Path
) -> None:
    dark = tmp_path / "dark"
    shutil.copytree(pack_dir, dark)
    cv2.imwrite(str(dark / "ada3.png"), np.zeros((160, 160, 3), np.uint8))
    (scores,), skipped = Scorer(Pack(dark), [Colours()]).score(Condition("clean"))
    assert skipped == 0
    empty = np.isnan(scores.face)
    assert 0 < empty.sum() < 20
    assert np.array_equal(scores.fused[empty], scores.voice[empty])


def test_who_cannot_be_enrolled_gets_no_score(pack_dir: Path, tmp_path: Path) -> None:
    class Strict(Colours):
        def reference(self, faces: Sequence[Any], voices: Sequence[Any]) -> tuple[Any, float]:
            if not faces:
                raise ModelError("a reference needs a face")
            return super().reference(faces, voices)

    dark = tmp_path / "dark"
    shutil.copytree(pack_dir, dark)
    for take in (0, 1):
        cv2.imwrite(str(dark / f"bo{take}.png"), np.zeros((160, 160, 3), np.uint8))
    pack = Pack(dark)
    (scores,), _ = Scorer(pack, [Strict()]).score(Condition("clean"))
    assert np.array_equal(np.isnan(scores.fused), scores.chimera == "bo")
    assert pack.notes.left_out == {"bo": 2}


def test_timed_windows_are_all_new(pack_dir: Path) -> None:
    first, second = Colours("first"), Colours("second")
    found = time_systems(Pack(pack_dir), {"first": first, "second": second}, 30)
    assert found["windows"] == 30
    assert first.met == second.met
    assert len(set(first.met[2:])) == 2 * 31  # the reference is made of the first window
    assert len(np.frombuffer(first.met[3], np.float32)) == 3 * RATE_HZ


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--system", "oracle"], "unknown system 'oracle': use default"),
        (["--condition", "foggy"], "unknown condition 'foggy': use clean"),
    ],
)
def test_unknown_names_are_refused(
    pack_dir: Path, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate(pack_dir, *arguments) == 1
    assert words in capsys.readouterr().err


def test_variants_reach_the_loader() -> None:
    assert load_system("colours:blunt", SystemOptions()).name == "blunt"
