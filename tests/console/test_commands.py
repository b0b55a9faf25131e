from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import cv2
import numpy as np
import pytest

from stream_verifier import __main__
from stream_verifier.console import commands
from stream_verifier.demo.people import DEMO_PEOPLE
from tests.support.calls import VERIFIED_S, DemoCalls
from tests.support.commands import refused, run
from tests.support.given_files import picture_of, recording_of

Given = dict[str, tuple[str | Path, ...]]


@pytest.fixture(autouse=True)
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STREAM_VERIFIER_DATA_DIR", str(tmp_path / "store"))
    return tmp_path / "store"


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Given:
    """A picture and a recording of each demo person, as options; "more" says something else."""
    folder = tmp_path_factory.mktemp("given")
    grace, eileen = DEMO_PEOPLE
    options: Given = {}
    for name, person, seed in (("grace", grace, 1), ("more", grace, 2), ("eileen", eileen, 1)):
        face, voice = folder / f"{name}.jpg", folder / f"{name}.wav"
        face.write_bytes(picture_of(person))
        voice.write_bytes(recording_of(person, seed=seed))
        options[name] = ("--face", face, "--voice", voice)
    return options


def test_a_person_is_enrolled_verified_and_deleted_from_files(demo_calls: DemoCalls) -> None:
    enrolment = demo_calls.enrolment("grace")
    assert "Enrolled" in run("enroll", "grace", "--video", enrolment, "--consent", "I agree.")
    shown = run("identities", "show", "grace")
    assert "I agree." in shown
    assert "in force, 20" in shown
    lines = run(
        "verify", "grace", demo_calls.get("grace", "grace", VERIFIED_S), "--json"
    ).splitlines()
    events = [json.loads(line) for line in lines]
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert [e["state"] for e in events if e["type"] == "state_changed"][-1] == "verified"
    assert (events[0]["type"], events[-1]["type"]) == ("session_started", "session_ended")
    swapped = run("verify", "grace", demo_calls.get("eileen", "eileen", VERIFIED_S), code=3)
    assert "rejected" in swapped
    run("identities", "delete", "grace", "--yes")
    assert "Nobody is enrolled" in run("identities", "list")
    assert "enrol" in refused("verify", "grace", enrolment).lower()


def test_replacing_compares_with_who_was_enrolled_and_says_so(given: Given) -> None:
    consent = ("--consent", "I agree.")
    first = run("enroll", "ada", *given["grace"], *consent)
    assert "--supervised" in first
    changed = run("enroll", "ada", "--replace", "--supervised", *given["eileen"], *consent)
    assert "Replaced" in changed
    assert "rather not the same person's" in changed
    assert "--supervised" not in changed


def test_more_is_added_of_the_same_person_alone(given: Given) -> None:
    ada = given["grace"]
    consent = ("--consent", "I agree.")
    adding = ("enroll", "ada", "--add", "--supervised")
    assert "Nobody is enrolled as 'ada'" in refused(*adding, *ada, *consent)
    run("enroll", "ada", "--supervised", *ada, *consent)
    assert "already" in refused("enroll", "ada", *ada, *consent)
    assert "of 'ada' already: nothing was added" in refused(*adding, *ada, *consent)
    assert "Added to ada, which is now of" in run(*adding, *given["more"], *consent)
    assert "rather not 'ada'" in refused(*adding, *given["eileen"], *consent)
    assert "added to" in run("identities", "show", "ada")
    assert "not both" in run(*adding, *ada, "--replace", *consent, code=2)


@pytest.mark.slow
def test_a_timeline_is_drawn_whole_or_up_to_where_the_file_breaks_off(
    demo_calls: DemoCalls, tmp_path: Path
) -> None:
    run("enroll", "g", "--video", demo_calls.enrolment("grace"), "--consent", "I agree.")
    media, picture = demo_calls.get("grace", "eileen"), tmp_path / "timeline.png"
    output = run("verify", "g", media, "--plot", picture, "--operating-point", "alarm_2h", code=3)
    assert "alarm_2h: verified from" in output
    assert np.asarray(cv2.imread(str(picture))).shape == (600, 1200, 3)

    cut = tmp_path / "cut.webm"
    cut.write_bytes(media.read_bytes()[: media.stat().st_size * 2 // 3])
    part = tmp_path / "part.svg"
    assert "cut.webm" in refused("verify", "g", cut, "--plot", part, "--json")
    assert "breaks off" in part.read_text() or "Broke off" in part.read_text()

    message = refused("verify", "g", media, "--operating-point", "guess")
    assert "'guess'" in message
    assert "alarm_2h" in message


def test_a_plot_that_cannot_be_made_is_refused_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    media = tmp_path / "never-read.mp4"
    media.write_bytes(b"")
    assert ".png" in refused("verify", "g", media, "--plot", tmp_path / "plot.gif")
    missing = tmp_path / "missing" / "plot.png"
    assert str(missing) in refused("verify", "g", media, "--plot", missing)
    monkeypatch.delitem(sys.modules, "stream_verifier.console.plot", raising=False)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    message = refused("verify", "g", media, "--plot", tmp_path / "plot.png")
    assert "pip install 'stream-verifier[demo]'" in message


def test_a_picture_and_a_recording_are_enough(
    given: Given, demo_calls: DemoCalls, tmp_path: Path
) -> None:
    picture = tmp_path / "face.jpg"
    cv2.imwrite(str(picture), DEMO_PEOPLE[0].load())
    files = ("--face", picture, *given["grace"][2:])
    assert "from 1 picture and" in run("enroll", "g", *files, "--consent", "I agree.")
    assert "rejected" in run("verify", "g", demo_calls.get("grace", "eileen", VERIFIED_S), code=3)


def test_an_enrolment_without_a_voice_says_what_to_give(tmp_path: Path) -> None:
    picture = tmp_path / "face.jpg"
    cv2.imwrite(str(picture), DEMO_PEOPLE[0].load())
    assert "--voice" in refused("enroll", "g", "--face", picture, "--consent", "I agree.")


def test_a_picture_without_a_face_says_so(given: Given, tmp_path: Path) -> None:
    picture = tmp_path / "wall.jpg"
    cv2.imwrite(str(picture), np.full((480, 640, 3), 127, np.uint8))
    files = ("--face", picture, *given["grace"][2:])
    message = refused("enroll", "g", *files, "--consent", "Yes.")
    assert "face" in message
    assert "show_face" in message


def test_blank_consent_is_refused(demo_calls: DemoCalls) -> None:
    media = demo_calls.get("grace", "grace")
    assert "consent" in refused("enroll", "g", "--video", media, "--consent", " ").lower()


@pytest.mark.parametrize("content", [b"", b"not a video at all" * 100])
def test_a_broken_file_is_named(content: bytes, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(content)
    assert "broken.mp4" in refused("enroll", "g", "--video", broken, "--consent", "Yes.")


def test_an_unknown_identity_is_told(demo_calls: DemoCalls) -> None:
    assert "enrol" in refused("verify", "nobody", demo_calls.get("grace", "grace")).lower()


def test_an_expected_error_is_one_line_and_exit_code_two(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "stream_verifier", "identities", "show", "nobody"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == commands.EXIT_ERROR
    assert "Traceback" not in result.stderr
    assert result.stderr.startswith("Error:")


def test_a_server_that_cannot_start_says_why_in_one_line(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "stream_verifier", "serve", "--port", "0"],
        capture_output=True,
        text=True,
        env={**os.environ, "STREAM_VERIFIER_OPERATING_POINT": "best"},
        timeout=120,
        check=False,
    )
    assert result.returncode == commands.EXIT_ERROR
    assert "Error: The model has no operating point 'best'." in result.stderr
    assert "Traceback" not in result.stdout + result.stderr


def test_letters_that_the_output_has_not_are_written_out(given: Given) -> None:
    run("enroll", "Jörg", *given["grace"], "--consent", "I agree.")
    result = subprocess.run(
        [sys.executable, "-m", "stream_verifier", "identities", "list"],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        timeout=120,
        check=False,
    )
    assert result.returncode == 0
    assert b"J\\xf6rg" in result.stdout


def test_the_version_is_told() -> None:
    assert run("--version") == f"stream-verifier {metadata.version('stream-verifier')}\n"


def test_the_doctor_works_where_a_library_is_missing(tmp_path: Path) -> None:
    for name in ("av", "ai_edge_litert"):
        (tmp_path / f"{name}.py").write_text("raise ImportError('left out for this test')")
    result = subprocess.run(
        [sys.executable, "-m", "stream_verifier", "doctor"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "PYTHONPATH": str(tmp_path), "COLUMNS": "200"},
    )
    assert result.returncode == 1, result.stderr
    assert "av (left out for this test)" in result.stdout
    assert "pip install" in result.stdout


def test_the_name_of_a_file_is_told_as_it_is_and_obeyed_by_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    name = "-http:[bold]:smile:\x1b[31m\n\udcff.webm"
    Path(name).write_text("no media")
    monkeypatch.setattr(sys, "argv", ["", "enroll", "g", "--consent", "Yes.", "--video", name])
    with pytest.raises(SystemExit) as ended:
        commands.main()
    assert ended.value.code == commands.EXIT_ERROR
    told = capfd.readouterr().err
    assert told.startswith(r"Error: Cannot open -http:[bold]:smile:\x1b[31m\n\xff.webm as media")
    assert told.count("\n") == 1


def test_a_playlist_opens_nothing_else(tmp_path: Path, demo_calls: DemoCalls) -> None:
    good = demo_calls.enrolment("grace")
    (tmp_path / "list.txt").write_text(f"ffconcat version 1.0\nfile '{good}'\n")
    (tmp_path / "list.m3u8").write_text(f"#EXTM3U\n#EXTINF:9,\n{good}\n#EXT-X-ENDLIST\n")
    for name in ("list.txt", "list.m3u8"):
        assert name in refused("enroll", "g", "--consent", "Yes.", "--video", tmp_path / name)


def test_ctrl_c_while_it_still_imports_is_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "main", interrupted)
    with pytest.raises(SystemExit) as left:
        __main__.main()
    assert left.value.code == __main__.EXIT_STOPPED


@pytest.mark.parametrize(
    ("filename", "where"), [(None, "what this command prints"), ("x.png", "x.png")]
)
def test_a_full_disk_is_one_line(
    filename: str | None,
    where: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fill() -> None:
        raise OSError(errno.ENOSPC, "No space left on device", filename)

    monkeypatch.setattr(commands, "app", fill)
    with pytest.raises(SystemExit) as left:
        commands.main()
    assert left.value.code == commands.EXIT_ERROR
    said = f"Error: The disk is full, {where} could not be written: free some space"
    assert said in capsys.readouterr().err
