"""Enrolment from files says what it used and what not, and stores nothing that is of no use."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest

from model.types import Comparison, FaceSample, Reference, VoiceSample
from stream_verifier.console.offline import enrol_files
from stream_verifier.demo.people import DEMO_PEOPLE
from stream_verifier.errors import DamagedMediaError, EnrolmentError
from stream_verifier.settings import load_settings
from stream_verifier.verify.recogniser import Recogniser
from tests.support.calls import DemoCalls
from tests.support.given_files import portrait_of, recording_of

GRACE, EILEEN = DEMO_PEOPLE


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    return Recogniser.load(load_settings())


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures and a recording of Grace, good ones and bad ones."""
    folder = tmp_path_factory.mktemp("files")
    face, other = portrait_of(GRACE), portrait_of(EILEEN)
    small = cv2.resize(face, (768, 576))
    # As wide as phones take them, which alone says how finely they are searched.
    far = np.full((800, 4000, 3), 120, np.uint8)
    far[100 : 100 + 576, 1500 : 1500 + 768] = small
    farther = np.full((800, 4000, 3), 120, np.uint8)
    farther[300 : 300 + 192, 1500 : 1500 + 256] = cv2.resize(
        face, (256, 192), interpolation=cv2.INTER_AREA
    )
    pictures = {
        "good": face,
        "other": other,
        "two": np.hstack([face, other]),
        "dark": (face * 0.18).astype(np.uint8),
        "bright": 255 - ((255 - face) * 0.15).astype(np.uint8),
        "far": far,
        "farther": farther,
        "left": cv2.resize(face[:, :480], None, fx=2, fy=2),
        "right": cv2.resize(face[:, 480:], None, fx=2, fy=2),
        "empty": np.full((480, 640, 3), 128, np.uint8),
    }
    for name, picture in pictures.items():
        cv2.imwrite(str(folder / f"{name}.jpg"), picture)
    whole = (folder / "good.jpg").read_bytes()
    (folder / "broken.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "voice.wav").write_bytes(recording_of(GRACE))
    return folder


def _enrol(
    recogniser: Recogniser, files: Path, faces: Iterable[str], notes: list[str] | None = None
) -> Reference:
    return enrol_files(
        videos=(),
        faces=[files / f"{name}.jpg" for name in faces],
        voices=[files / "voice.wav"],
        recogniser=recogniser,
        face_rate_hz=2.0,
        on_note=(notes if notes is not None else []).append,
    )


@pytest.fixture(scope="module")
def near(recogniser: Recogniser, files: Path) -> Reference:
    return _enrol(recogniser, files, ["good"])


@pytest.mark.parametrize("name", ["far", "farther"])
def test_a_face_far_away_in_a_large_picture_is_found(
    name: str, near: Reference, recogniser: Recogniser, files: Path
) -> None:
    far = _enrol(recogniser, files, [name])
    assert far.face @ near.face > 0.9


OF_NO_USE = {
    "left": "whole_face",
    "right": "whole_face",
    "dark": "more_light",
    "bright": "less_light",
    "two": "one_person_only",
    "empty": "show_face",
}


def test_pictures_of_no_use_are_not_enrolled_and_told_each_by_its_name(
    recogniser: Recogniser, files: Path
) -> None:
    with pytest.raises(EnrolmentError) as told:
        _enrol(recogniser, files, OF_NO_USE)
    for name, hint in OF_NO_USE.items():
        assert re.search(rf"{name}\.jpg: no picture of it was used \({hint}\b", str(told.value))
    assert "voice.wav" not in str(told.value)


def test_beside_a_good_picture_those_of_no_use_are_left_out_and_told(
    recogniser: Recogniser, files: Path
) -> None:
    notes: list[str] = []
    assert _enrol(recogniser, files, [*OF_NO_USE, "good"], notes).face_count == 1
    for name, hint in OF_NO_USE.items():
        assert [note for note in notes if note.startswith(f"{name}.jpg: ") and hint in note]


def test_a_picture_that_breaks_off_stores_nothing(recogniser: Recogniser, files: Path) -> None:
    with pytest.raises(DamagedMediaError, match=r"broken\.jpg.* Nothing was enrolled"):
        _enrol(recogniser, files, ["good", "broken"])


def test_the_same_file_may_show_the_face_and_hold_the_voice(
    recogniser: Recogniser, demo_calls: DemoCalls
) -> None:
    both = demo_calls.enrolment("grace")
    seen: list[str] = []
    reference = enrol_files(
        videos=(),
        faces=[both],
        voices=[both],
        recogniser=recogniser,
        face_rate_hz=2.0,
        on_file=lambda path, _: seen.append(path.name),
    )
    assert reference.face_count > 10
    assert reference.speech_s > 10
    assert reference.model_id == recogniser.model_id
    assert seen == [both.name, both.name]


@dataclass
class _Doubtful:
    """Compares as the real one does, but for one modality."""

    face: float
    voice: float
    name: str = "doubtful"

    def compare(
        self, reference: Reference, face: FaceSample | None, voice: VoiceSample | None
    ) -> Comparison:
        return Comparison(0.5, 0.5, self.face, self.voice, (self.face + self.voice) / 2)


@pytest.mark.parametrize(
    ("face", "voice", "says"),
    [(-4.0, 4.0, "show_face"), (4.0, -4.0, "quieter_place"), (-4.0, -4.0, "too poor")],
)
def test_what_would_reject_its_own_person_is_not_stored(
    face: float,
    voice: float,
    says: str,
    recogniser: Recogniser,
    files: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(recogniser, "_rehearsing", _Doubtful(face, voice))
    with pytest.raises(EnrolmentError, match=f"would not know the person.*{says}"):
        _enrol(recogniser, files, ["good"])
