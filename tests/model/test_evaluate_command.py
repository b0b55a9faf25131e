from __future__ import annotations

import csv
import json
import wave
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from model.__main__ import main
from model.evaluation.figures_file import unfolded
from model.runtime.weights import Weights
from stream_verifier.demo.people import DEMO_PEOPLE, DemoPerson, portrait_frames, speech
from stream_verifier.windows.faces import FaceDetector, align

PICTURES = 4
SPEECH_S = 4.0


def test_a_command_that_is_none_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluat"]) == 2
    assert "no command 'evaluat'" in capsys.readouterr().err
    assert main(["--help"]) == 0


def write_rows(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def write_wav(path: Path, samples: NDArray[np.int16]) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(samples.tobytes())


def write_faces(folder: Path, person: DemoPerson, detector: FaceDetector) -> None:
    """Aligned pictures as packs have them: the 112x112 crop in the middle of 160x160."""
    for number, frame in enumerate(portrait_frames(person, seconds=PICTURES, fps=1)):
        (face,) = detector.detect(frame)[:1]
        padded = cv2.copyMakeBorder(
            align(frame, face.landmarks), 24, 24, 24, 24, cv2.BORDER_REPLICATE
        )
        cv2.imwrite(str(folder / f"{person.id}{number}.png"), padded[:, :, ::-1])


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The two demo people as a pack: two chimeras, one trial of each kind and probe."""
    folder = tmp_path_factory.mktemp("pack")
    detector = FaceDetector(Weights.load().path("face_detector"))
    samples: dict[str, list[dict[str, str]]] = {"faces": [], "voices": []}
    for person in DEMO_PEOPLE:
        write_faces(folder, person, detector)
        for number in range(PICTURES):
            said = speech(person, seconds=SPEECH_S, seed=number)
            write_wav(folder / f"{person.id}{number}.wav", said)
            common = {"source": "demo", "identity": person.id, "flag": ""}
            samples["faces"].append({**common, "file": f"{person.id}{number}.png"})
            file = {"file": f"{person.id}{number}.wav", "seconds": str(SPEECH_S)}
            samples["voices"].append({**common, **file})
    write_rows(folder / "faces.csv", samples["faces"])
    write_rows(folder / "voices.csv", samples["voices"])
    write_rows(folder / "chimeras.csv", [chimera(person.id) for person in DEMO_PEOPLE])
    write_rows(folder / "trials.csv", trials())
    return folder


def chimera(who: str) -> dict[str, str]:
    return {
        "chimera": who,
        "face_identity": f"demo/{who}",
        "voice_identity": f"demo/{who}",
        "enroll_faces": f"{who}0.png;{who}1.png",
        "enroll_voices": f"{who}0.wav;{who}1.wav",
    }


def trials() -> list[dict[str, str]]:
    rows = []
    for who, other in (("grace", "eileen"), ("eileen", "grace")):
        for kind, face, voice in (
            ("genuine", who, who),
            ("impostor_both", other, other),
            ("impostor_voice", who, other),
            ("impostor_face", other, who),
        ):
            for probe in (2, 3):
                files = {"probe_face": f"{face}{probe}.png", "probe_voice": f"{voice}{probe}.wav"}
                label = "1" if kind == "genuine" else "0"
                rows.append({"chimera": who, "kind": kind, "label": label, **files})
    return rows


def evaluate(pack: Path, tmp_path: Path, condition: str) -> int:
    arguments = ["--pack", str(pack), "--condition", condition]
    arguments += ["--json", str(tmp_path / "figures.json"), "--rounds", "20"]
    return main(["evaluate", *arguments, "--cache", str(tmp_path / "cache")])


def test_two_demo_people_are_told_apart(
    pack: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate(pack, tmp_path, "clean") == 0
    found: dict[str, Any] = unfolded(json.loads((tmp_path / "figures.json").read_text()))
    about = found["systems"]["default"]
    figures = about["conditions"]["clean"]["all"]
    assert about["model"] == Weights.load().model_id
    assert (figures["mated"], figures["non_mated"]) == (4, 12)
    assert figures["eer"] == pytest.approx(0.0)
    assert "impostor_voice" in capsys.readouterr().out


def test_what_a_condition_lacks_is_told_before_any_is_scored(
    pack: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate(pack, tmp_path, "clean,call") == 1
    said = capsys.readouterr().err
    assert "no noise for the condition call" in said
    assert "scored clean" not in said


def test_a_pack_without_a_listed_file_names_it(
    pack: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    for path in pack.iterdir():
        if path.name != "grace2.wav":
            (broken / path.name).symlink_to(path)
    assert evaluate(broken, tmp_path, "clean") == 1
    assert "grace2.wav" in capsys.readouterr().err
