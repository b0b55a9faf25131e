"""How the foreground server's log looks on a terminal and elsewhere."""

from __future__ import annotations

import errno
import io
import json
import logging
import os
import sys
import threading
from typing import Literal

import pytest
from rich.text import Text

from stream_verifier.console.logs import Aside, log_to_stdout


class _Gone(io.StringIO):
    def write(self, _: str) -> int:
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")


class _Full(io.StringIO):
    """A disk without room, until somebody makes some."""

    room = False

    def write(self, text: str) -> int:
        if not self.room:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(text)


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def _log(
    written: io.StringIO, monkeypatch: pytest.MonkeyPatch, form: Literal["text", "json"] = "text"
) -> None:
    """Set a root logger up that nobody has, not even the test's own runner."""
    monkeypatch.setattr(logging.root, "handlers", [])
    monkeypatch.setattr(logging.root, "level", logging.WARNING)
    monkeypatch.setattr(sys, "stdout", written)
    log_to_stdout(form)


def _text(written: io.StringIO) -> str:
    """What was written, once it is."""
    logging.root.handlers[0].flush()
    return written.getvalue()


@pytest.mark.parametrize("stream", [io.StringIO, _Terminal])
def test_a_line_says_who_and_what(
    stream: type[io.StringIO], monkeypatch: pytest.MonkeyPatch
) -> None:
    written = stream()
    _log(written, monkeypatch)
    logging.getLogger("stream_verifier.calls").info("session %s ended", "[red]abc[/red]")
    line = " ".join(Text.from_ansi(_text(written)).plain.split())
    assert "stream_verifier.calls: session [red]abc[/red] ended" in line


def test_a_collector_that_is_gone_is_told_of_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _log(_Gone(), monkeypatch)
    for _ in range(3):
        logging.getLogger("a").warning("x")
    logging.root.handlers[0].flush()
    assert capsys.readouterr().err == "The log cannot be written: Broken pipe\n"


def test_a_log_that_can_be_written_again_says_what_it_lacks_each_time(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    written = _Full()
    _log(written, monkeypatch)
    for outage in (2, 3):
        _text(written)
        written.room = False
        for _ in range(outage):
            logging.getLogger("a").warning("lost")
        _text(written)
        written.room = True
        logging.getLogger("a").warning("back")
        logging.getLogger("a").warning("on")
    said = [line.split(": ")[-1] for line in _text(written).splitlines()]
    lacking = "{} lines before this could not be written".format
    assert said == ["back", lacking(2), "on", "back", lacking(3), "on"]
    assert capsys.readouterr().err.count("The log cannot be written: No space left") == 2


def test_what_collects_lines_gets_one_with_its_time_each(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    _log(written, monkeypatch)
    logging.getLogger("a").warning("x" * 300)
    day, time, level, *rest = _text(written).splitlines()[0].split()
    assert (len(day.split("-")), len(time.split(":")), level) == (3, 3, "WARNING")
    assert rest == ["a:", "x" * 300]


def test_json_lines_name_the_session_that_they_are_about(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    _log(written, monkeypatch, "json")
    logger = logging.getLogger("stream_verifier.calls.session")
    logger.info("session %s ended: %s", "5f0c", 'a "quoted"\nreason')
    logger.warning("subscriber %s", "gone")
    try:
        raise ValueError("nothing")
    except ValueError:
        logger.exception("session %s failed", "5f0c")
    ended, other, failed = map(json.loads, _text(written).splitlines())
    assert {name: ended[name] for name in ("level", "logger", "message", "session")} == {
        "level": "info",
        "logger": "stream_verifier.calls.session",
        "message": 'session 5f0c ended: a "quoted"\nreason',
        "session": "5f0c",
    }
    assert ended["time"].endswith("+00:00")
    assert "session" not in other
    assert failed["session"] == "5f0c"
    assert "ValueError: nothing" in failed["error"]


def test_who_stops_reading_the_log_stops_nobody_and_is_told_what_is_missing() -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as stream, os.fdopen(reading) as reader:
        aside = Aside(logging.StreamHandler(stream), most=100)
        logger = logging.Logger("busy")
        logger.addHandler(aside)
        floods = threading.Thread(target=_flood, args=(logger,), daemon=True)
        floods.start()
        floods.join(60)
        assert not floods.is_alive()
        lines = [reader.readline()]
        while "left out" not in lines[-1]:
            lines.append(reader.readline())
        logger.info("again")
        while lines[-1] != "again\n":
            lines.append(reader.readline())
        told = [int(line.split()[0]) for line in lines if "left out" in line]
        assert len(lines) - len(told) - 1 + sum(told) == _FLOOD


_FLOOD = 1000


def _flood(logger: logging.Logger) -> None:
    for _ in range(_FLOOD):
        logger.info("x" * 1000)
