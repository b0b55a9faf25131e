from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.types import FaceQuality, FaceSample, VoiceQuality, VoiceSample
from stream_verifier.errors import EnrolmentError
from stream_verifier.identities.enrolment import Enrolment, EnrolmentProgress
from stream_verifier.identities.requirements import EnrolmentRequirements

MODEL = "towers-1"
GOOD_FACE = FaceQuality(150, 300, 0.0, 0.0, 0.5, 0.2, 0.9)
GOOD_VOICE = VoiceQuality(3.0, 30.0, -20.0)


def _vector(person: int, size: int, seed: int) -> np.ndarray:
    """One direction a person, with noise that leaves two samples a cosine of about 0.9."""
    direction = np.random.default_rng(person).standard_normal(size)
    noise = np.random.default_rng([person, seed]).standard_normal(size)
    return (direction + 0.3 * noise).astype(np.float32)


def _face(person: int = 0, seed: int = 0, *, yaw: float = 0.0, **changes: float) -> FaceSample:
    quality = replace(GOOD_FACE, yaw=yaw, **changes)
    return FaceSample(_vector(person, 128, seed), quality)


def _voice(person: int = 0, seed: int = 0, **changes: float) -> VoiceSample:
    return VoiceSample(_vector(person, 192, seed), replace(GOOD_VOICE, **changes))


def _call(
    enrolment: Enrolment,
    seconds: int,
    *,
    from_s: int = 0,
    face: int | None = 0,
    voice: int | None = 0,
    faces_seen: int | None = None,
) -> EnrolmentProgress:
    """Windows as a call gives them: one a second, each with the last 3 s of speech."""
    for end_s in range(from_s + 1, from_s + seconds + 1):
        start_s = max(float(from_s), end_s - 3.0)
        enrolment.add(
            face=None if face is None else _face(face, end_s, yaw=0.1 * (end_s % 3)),
            voice=None if voice is None else _voice(voice, end_s, speech_s=end_s - start_s),
            start_s=start_s,
            end_s=float(end_s),
            faces_seen=(face is not None) if faces_seen is None else faces_seen,
            notes=(),
        )
    return enrolment.progress()


def test_starts_with_everything_missing() -> None:
    progress = Enrolment().progress()
    assert (progress.speech_s, progress.faces, progress.complete) == (0.0, 0, False)
    assert progress.missing == ("show_face", "keep_talking")
    assert (progress.speech_fraction, progress.face_fraction) == (0.0, 0.0)


def test_a_call_of_one_person_completes() -> None:
    enrolment = Enrolment()
    assert not _call(enrolment, 7).complete
    progress = _call(enrolment, 1, from_s=7)
    assert (progress.complete, progress.missing) == (True, ())
    assert (progress.speech_fraction, progress.face_fraction) == (1.0, 1.0)
    reference = enrolment.reference(MODEL)
    assert (reference.model_id, reference.face_count) == (MODEL, 8)
    assert reference.speech_s == pytest.approx(progress.speech_s)
    for vector, person_size in ((reference.face, 128), (reference.voice, 192)):
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)
        direction = np.random.default_rng(0).standard_normal(person_size)
        assert vector @ direction / np.linalg.norm(direction) > 0.98


def test_overlapping_windows_count_their_speech_once() -> None:
    assert _call(Enrolment(), 6).speech_s == pytest.approx(6.0)


def test_windows_apart_count_in_full() -> None:
    enrolment = Enrolment()
    for start_s in (0.0, 10.0):
        enrolment.add(
            face=None, voice=_voice(), start_s=start_s, end_s=start_s + 4, faces_seen=0, notes=()
        )
    assert enrolment.progress().speech_s == pytest.approx(6.0)


def test_pauses_inside_a_window_are_no_speech() -> None:
    """3 s of speech in 6 s; the next window is new by its last 2 s, half of them speech."""
    enrolment = Enrolment()
    for start_s in (0.0, 2.0):
        enrolment.add(
            face=None, voice=_voice(), start_s=start_s, end_s=start_s + 6, faces_seen=0, notes=()
        )
    assert enrolment.progress().speech_s == pytest.approx(4.0)


def test_a_speech_window_reaches_back_beyond_a_shorter_span() -> None:
    enrolment = Enrolment()
    enrolment.add(face=None, voice=_voice(), start_s=2.5, end_s=3.0, faces_seen=0, notes=())
    assert enrolment.progress().speech_s == pytest.approx(3.0)


@given(
    st.lists(
        st.tuples(st.floats(0, 3), st.floats(0.1, 6), st.floats(0.1, 3)), min_size=1, max_size=30
    )
)
def test_never_more_speech_than_media_time(windows: list[tuple[float, float, float]]) -> None:
    enrolment = Enrolment()
    end_s = 0.0
    for step_s, span_s, speech_s in windows:
        end_s += step_s
        enrolment.add(
            face=None,
            voice=_voice(speech_s=min(span_s, speech_s)),
            start_s=end_s - span_s,
            end_s=end_s,
            faces_seen=0,
            notes=(),
        )
    covered = end_s - min(0.0, *(w - s for w, s in _ends_and_spans(windows)))
    assert 0 <= enrolment.progress().speech_s <= covered + 1e-6


def _ends_and_spans(windows: list[tuple[float, float, float]]) -> list[tuple[float, float]]:
    ends = np.cumsum([step_s for step_s, _, _ in windows])
    return [(float(end), span) for end, (_, span, _) in zip(ends, windows, strict=True)]


def test_files_each_have_their_own_time() -> None:
    enrolment = Enrolment(EnrolmentRequirements.from_files())
    for seed in range(2):
        enrolment.begin_source()
        enrolment.add(
            face=None, voice=_voice(0, seed), start_s=0.0, end_s=3.0, faces_seen=0, notes=()
        )
        enrolment.begin_source()
        enrolment.add(
            face=_face(0, seed), voice=None, start_s=0.0, end_s=0.0, faces_seen=1, notes=()
        )
    progress = enrolment.progress()
    assert (progress.speech_s, progress.faces) == (pytest.approx(6.0), 2)
    assert enrolment.reference(MODEL).face_count == 2


def test_frames_close_together_count_once() -> None:
    enrolment = Enrolment()
    for number in range(10):
        enrolment.add(
            face=_face(0, number),
            voice=None,
            start_s=0.0,
            end_s=number * 0.1,
            faces_seen=1,
            notes=(),
        )
    assert enrolment.progress().faces == 2


def test_a_still_photo_is_not_varied() -> None:
    enrolment = Enrolment()
    still = _face()
    for end_s in range(1, 21):
        enrolment.add(
            face=still,
            voice=_voice(0, end_s),
            start_s=end_s - 3.0,
            end_s=float(end_s),
            faces_seen=1,
            notes=(),
        )
    assert enrolment.progress().missing == ("turn_a_little",)
    with pytest.raises(EnrolmentError, match="all alike"):
        enrolment.reference(MODEL)


@pytest.mark.parametrize(
    "change", [{"yaw": 0.1}, {"pitch": -0.1}, {"size_px": 165.0}, {"brightness": 0.56}]
)
def test_any_one_change_is_variety_enough(change: dict[str, Any]) -> None:
    enrolment = Enrolment()
    for end_s in range(1, 11):
        face = _face(**change) if end_s == 5 else _face()
        enrolment.add(
            face=face,
            voice=_voice(0, end_s),
            start_s=end_s - 3.0,
            end_s=float(end_s),
            faces_seen=1,
            notes=(),
        )
    assert enrolment.progress().complete


@pytest.mark.parametrize(
    ("change", "hint"),
    [
        ({"size_px": 59.0}, "come_closer"),
        ({"brightness": 0.11}, "more_light"),
        ({"brightness": 0.91}, "less_light"),
        ({"contrast": 0.04}, "more_light"),
        ({"sharpness": 14.0}, "hold_still"),
    ],
)
def test_poor_pictures_are_not_taken_and_say_why(change: dict[str, Any], hint: str) -> None:
    enrolment = Enrolment()
    enrolment.add(face=_face(**change), voice=None, start_s=0.0, end_s=1.0, faces_seen=1, notes=())
    progress = enrolment.progress()
    assert progress.faces == 0
    assert progress.missing == (hint, "keep_talking")


def test_a_good_face_is_asked_to_stay_and_a_lost_one_to_come_back() -> None:
    enrolment = Enrolment()
    assert _call(enrolment, 2).missing == ("keep_looking", "keep_talking")
    assert _call(enrolment, 1, from_s=2, face=None).missing == ("show_face", "keep_talking")
    assert _call(enrolment, 1, from_s=3).missing == ("keep_looking", "keep_talking")
    assert "keep_looking" not in _call(enrolment, 1, from_s=4, face=1).missing


def test_noisy_speech_is_not_taken() -> None:
    enrolment = Enrolment()
    enrolment.add(
        face=None, voice=_voice(snr_db=2.0), start_s=0.0, end_s=3.0, faces_seen=0, notes=()
    )
    progress = enrolment.progress()
    assert progress.speech_s == 0
    assert progress.missing == ("show_face", "quieter_place", "keep_talking")


@pytest.mark.parametrize(
    ("notes", "hint"),
    [
        (("no_face",), "show_face"),
        (("poor_face_quality", "face_too_small"), "come_closer"),
        (("poor_face_quality", "face_dark"), "more_light"),
        (("poor_face_quality", "face_bright"), "less_light"),
        (("noisy_audio",), "quieter_place"),
        (("no_speech", "soft_voice"), "speak_up"),
        (("something_new",), "show_face"),
    ],
)
def test_remarks_of_the_front_end_become_hints(notes: tuple[str, ...], hint: str) -> None:
    enrolment = Enrolment()
    enrolment.add(face=None, voice=None, start_s=0.0, end_s=1.0, faces_seen=0, notes=notes)
    assert hint in enrolment.progress().missing


def test_a_second_face_in_view_pauses() -> None:
    enrolment = Enrolment()
    before = _call(enrolment, 4)
    paused = _call(enrolment, 5, from_s=4, faces_seen=2)
    assert (paused.faces, paused.speech_s) == (before.faces, before.speech_s)
    assert paused.missing[0] == "one_person_only"
    assert _call(enrolment, 8, from_s=9).complete


def test_a_short_visit_of_another_face_is_dropped() -> None:
    enrolment = Enrolment()
    _call(enrolment, 4)
    visited = _call(enrolment, 1, from_s=4, face=1)
    assert "face_changed" in visited.missing
    progress = _call(enrolment, 5, from_s=5)
    assert (progress.complete, progress.faces, progress.faces_dropped) == (True, 9, 1)
    face = enrolment.reference(MODEL).face
    stranger = np.random.default_rng(1).standard_normal(128)
    assert abs(face @ stranger / np.linalg.norm(stranger)) < 0.25


def test_a_short_word_of_another_voice_is_dropped() -> None:
    enrolment = Enrolment()
    _call(enrolment, 6)
    assert "voice_changed" in _call(enrolment, 1, from_s=6, voice=1).missing
    progress = _call(enrolment, 5, from_s=7)
    assert (progress.complete, progress.voices_dropped) == (True, 1)


@pytest.mark.parametrize("who", ["face", "voice"])
def test_two_people_are_refused(who: str) -> None:
    enrolment = Enrolment()
    _call(enrolment, 8)
    progress = _call(enrolment, 8, from_s=8, **{who: 1})
    assert not progress.complete
    assert f"{who}_changed" in progress.missing
    with pytest.raises(EnrolmentError, match=f"the {who}s of more than one"):
        enrolment.reference(MODEL)


def test_two_pictures_of_two_people_are_refused() -> None:
    enrolment = Enrolment(EnrolmentRequirements.from_files())
    for person in range(2):
        enrolment.add(
            face=_face(person), voice=None, start_s=0.0, end_s=0.0, faces_seen=1, notes=()
        )
    with pytest.raises(EnrolmentError, match="the faces of more than one"):
        enrolment.reference(MODEL)


def test_the_error_lists_all_that_is_missing() -> None:
    enrolment = Enrolment()
    _call(enrolment, 3)
    with pytest.raises(EnrolmentError) as caught:
        enrolment.reference(MODEL)
    for part in ("3 of 5 good pictures", "3.0 of 8 s of speech", "keep_talking"):
        assert part in str(caught.value)


def test_a_sound_only_call_never_completes() -> None:
    progress = _call(Enrolment(), 30, face=None)
    assert progress.missing == ("show_face",)
    assert progress.face_fraction == 0.0
