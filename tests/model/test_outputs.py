from __future__ import annotations

from argparse import ArgumentTypeError
from pathlib import Path

import pytest

from model import __main__ as entry
from model.data import show
from model.outputs import folder, new_file


def test_what_can_be_written_is_named_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "old.json").touch()
    assert new_file(str(tmp_path / "old.json")) == tmp_path / "old.json"
    assert new_file(str(tmp_path / "to" / "be" / "made.json")).name == "made.json"
    assert folder(str(tmp_path / "to" / "be")) == tmp_path / "to" / "be"
    assert not (tmp_path / "to").exists()


def test_a_folder_is_no_file_and_a_file_no_folder(tmp_path: Path) -> None:
    file, nowhere = tmp_path / "file", tmp_path / "nowhere"
    file.touch()
    nowhere.symlink_to(nowhere)
    with pytest.raises(ArgumentTypeError, match="is a folder: name a file in it"):
        new_file(str(tmp_path))
    for path in (file, file / "below", nowhere):
        with pytest.raises(ArgumentTypeError, match="is no folder"):
            folder(str(path))
    with pytest.raises(ArgumentTypeError, match="is no folder"):
        new_file(str(file / "below.json"))


def test_what_may_not_be_written_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "old.json").touch()
    monkeypatch.setattr("os.access", lambda path, mode: False)
    with pytest.raises(ArgumentTypeError, match=r"old\.json may not be written"):
        new_file(str(tmp_path / "old.json"))
    with pytest.raises(ArgumentTypeError, match="nothing may be written into"):
        folder(str(tmp_path / "new"))


def test_a_command_refuses_an_impossible_output_before_it_works(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        entry.main(["evaluate", "--pack", str(tmp_path), "--json", str(tmp_path)])
    assert "argument --json: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("failure", "status", "says"),
    [
        (OSError(28, "No space left on device", "out.png"), 1, "out.png: No space left on device"),
        (KeyboardInterrupt(), entry.EXIT_STOPPED, "stopped: "),
    ],
)
def test_what_the_system_refuses_or_a_person_stops_is_one_line(
    failure: BaseException,
    status: int,
    says: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(argv: object) -> int:
        raise failure

    monkeypatch.setattr(show, "main", fail)
    assert entry.main(["show-augmentation"]) == status
    said = capsys.readouterr().err
    assert says in said
    assert said.count("\n") == 1
