from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

from model.errors import PackError
from model.evaluation import presentation
from model.evaluation.presentation import WAYS, Passed, page
from model.runtime.detect import DetectedFace
from model.runtime.presentation import Look


class OneFace:
    """Finds a face wherever it is asked, as a detector would."""

    def detect(self, image: np.ndarray) -> list[DetectedFace]:
        return [DetectedFace((1.0, 1.0, 8.0, 8.0), np.zeros((5, 2), np.float32), 1.0)]

    def detect_near(self, image: np.ndarray, box: object) -> list[DetectedFace]:
        return self.detect(image)


class Brightness:
    """Takes the bright for living."""

    def look(self, image: np.ndarray, box: object) -> Look:
        bright = float(image.mean() > 128)
        return Look(near=bright, wide=bright, fits=0.5)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(presentation, "FaceDetector", lambda path: OneFace())
    monkeypatch.setattr(presentation, "PresentationCheck", lambda weights: Brightness())
    shown = [(np.array([0.0]), [np.full((20, 20, 3), grey, np.uint8)]) for grey in (200, 200, 20)]
    monkeypatch.setattr(presentation, "read_pictures", lambda path: shown[int(path.stem)])
    with (tmp_path / "talking.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("source", "identity", "file"))
        rows.writerows(("tv", f"p{k % 2}", f"{k}.mp4") for k in range(3))
    return tmp_path


def test_it_says_how_often_the_living_pass(folder: Path) -> None:
    assert presentation.main(["--pack", str(folder), "--out", str(folder / "out")]) == 0
    text = (folder / "out" / "presentation.md").read_text(encoding="utf-8")
    assert text.count("| tv |") == len(WAYS)
    assert "| tv | as it is | 2 | 3 | 66.7 |" in text
    assert "nothing about what is kept out" in text


def test_attacks_are_tried_where_there_are_any(folder: Path) -> None:
    attacks = folder / "attacks"
    attacks.mkdir()
    call = ["--pack", str(folder), "--out", str(folder), "--attacks", str(attacks)]
    with pytest.raises(PackError, match="holds no pictures"):
        presentation.main(call)
    for name, grey in (("a.png", 10), ("b.PNG", 250)):
        cv2.imwrite(str(attacks / name), np.full((20, 20, 3), grey, np.uint8))
    assert presentation.main(call) == 0
    text = (folder / "presentation.md").read_text(encoding="utf-8")
    assert "| attacks | as it is | - | 2 | 50.0 |" in text
    assert "kept out" not in text


def test_a_row_says_what_the_pictures_hold() -> None:
    row = Passed("tv", "as it is", 3, 9, live=1.0, low=0.71, fits=0.44)
    assert "| tv | as it is | 3 | 9 | 100.0 | 0.71 | 0.44 |" in page([row], "dev")
