"""Commands whose standard streams are shut, full or read no longer."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pytest

from stream_verifier.console import commands

_OPENS_A_FILE = """
import os, sys
from stream_verifier.console.streams import open_shut_streams
open_shut_streams()
print("lost")
print("lost", file=sys.stderr)
with open(sys.argv[1], "w") as store:
    os.write(1, b"lost")
    os.write(2, b"lost")
    store.write(f"{store.fileno() > 2} {sys.stdin.read()!r}")
"""


def test_what_is_printed_into_shut_streams_ends_up_in_no_file(tmp_path: Path) -> None:
    store = tmp_path / "store"
    shut = ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh"]
    subprocess.run([*shut, sys.executable, "-c", _OPENS_A_FILE, store], check=True)
    assert store.read_text() == "True ''"


@pytest.fixture
def stopped_reading() -> Iterator[TextIO]:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as stream:
        yield stream


@pytest.fixture
def full_disk() -> Iterator[TextIO]:
    with open("/dev/full", "w") as stream:
        yield stream


def _left_with(stream: TextIO, monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setattr(commands, "app", lambda: print("a key"))
    with pytest.raises(SystemExit) as left:
        commands.main()
    stream.flush()  # as at the end of the process
    return left.value.code


def test_what_waits_to_be_written_at_the_end_is_no_less_lost_to_a_full_disk(
    full_disk: TextIO, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _left_with(full_disk, monkeypatch) == commands.EXIT_ERROR
    assert "The disk is full, what this command prints" in capsys.readouterr().err


def test_who_reads_no_more_is_told_nothing(
    stopped_reading: TextIO, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _left_with(stopped_reading, monkeypatch) == 1
    assert capsys.readouterr().err == ""
