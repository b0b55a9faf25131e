"""Enrolment from files says what it used and what not, and stores nothing that is of no use."""

from __future__ import annotations

import wave
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from model.types import Comparison, FaceSample, Reference, VoiceSample
from stream_verifier.console.offline import enrol_files
from stream_verifier.demo.people import DEMO_PEOPLE, DemoPerson, portrait_frames, speech
from stream_verifier.errors import DamagedMediaError, EnrolmentError
from stream_verifier.settings import load_settings
from stream_verifier.verify.recogniser import Recogniser
from tests.support.calls import DemoCalls

GRACE, EILEEN = DEMO_PEOPLE
Pixels = NDArray[np.uint8]


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    return Recogniser.load(load_settings())


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures and a recording of Grace, good ones and bad ones."""
    folder = tmp_path_factory.mktemp("files")
    face, other = _portrait(GRACE), _portrait(EILEEN)
    small = cv2.resize(face, (768, 576))
    far = np.full((3000, 4000, 3), 120, np.uint8)
    far[900 : 900 + 576, 1500 : 1500 + 768] = small
    farther = np.full((3000, 4000, 3), 120, np.uint8)
    farther[900 : 900 + 192, 1500 : 1500 + 256] = cv2.resize(
        face, (256, 192), interpolation=cv2.INTER_AREA
    )
    pictures = {
        "good": face,
        "other": other,
        "two": np.hstack([face, other]),
        "dark": (face * 0.18).astype(np.uint8),
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
    with wave.open(str(folder / "voice.wav"), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(16_000)
        out.writeframes(speech(GRACE, seconds=8, seed=1).tobytes())
    return folder


def _portrait(person: DemoPerson) -> Pixels:
    return next(iter(portrait_frames(person, seconds=1, seed=1, size=(960, 720))))


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


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("left", "whole_face"),
        ("right", "whole_face"),
        ("dark", "more_light"),
        ("two", "one_person_only"),
        ("empty", "show_face"),
    ],
)
def test_a_picture_of_no_use_is_not_enrolled_and_told(
    name: str, hint: str, recogniser: Recogniser, files: Path
) -> None:
    with pytest.raises(EnrolmentError, match=rf"{name}\.jpg: no picture .*{hint}"):
        _enrol(recogniser, files, [name])
    notes: list[str] = []
    assert _enrol(recogniser, files, [name, "good"], notes).face_count == 1
    assert [note for note in notes if note.startswith(f"{name}.jpg: ") and hint in note]


def test_the_hints_of_every_file_name_it(recogniser: Recogniser, files: Path) -> None:
    with pytest.raises(EnrolmentError) as told:
        _enrol(recogniser, files, ["dark", "two", "left"])
    message = str(told.value)
    assert "dark.jpg: no picture of it was used (more_light)." in message
    assert "two.jpg: no picture of it was used (one_person_only)." in message
    assert "left.jpg: no picture of it was used (whole_face" in message
    assert "voice.wav" not in message


def test_a_picture_that_breaks_off_stores_nothing(recogniser: Recogniser, files: Path) -> None:
    with pytest.raises(DamagedMediaError, match=r"broken\.jpg.* Nothing was enrolled"):
        _enrol(recogniser, files, ["good", "broken"])


def test_the_same_file_may_show_the_face_and_hold_the_voice(
    recogniser: Recogniser, demo_calls: DemoCalls
) -> None:
    both = demo_calls.enrolment("grace")
    reference = enrol_files(
        videos=(), faces=[both], voices=[both], recogniser=recogniser, face_rate_hz=2.0
    )
    assert reference.face_count > 10
    assert reference.speech_s > 10


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
