"""How the foreground server's log looks on a terminal and elsewhere."""

from __future__ import annotations

import io
import logging
import sys

import pytest
from rich.text import Text

from stream_verifier.console.logs import log_to_stdout


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def _log(written: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set a root logger up that nobody has, not even the test's own runner."""
    monkeypatch.setattr(logging.root, "handlers", [])
    monkeypatch.setattr(logging.root, "level", logging.WARNING)
    monkeypatch.setattr(sys, "stdout", written)
    log_to_stdout()


@pytest.mark.parametrize("stream", [io.StringIO, _Terminal])
def test_a_line_says_who_and_what(
    stream: type[io.StringIO], monkeypatch: pytest.MonkeyPatch
) -> None:
    written = stream()
    _log(written, monkeypatch)
    logging.getLogger("stream_verifier.calls").info("session %s ended", "[red]abc[/red]")
    logging.getLogger("aiortc").info("a peer's address")
    line = " ".join(Text.from_ansi(written.getvalue()).plain.split())
    assert "stream_verifier.calls: session [red]abc[/red] ended" in line
    assert "address" not in line


def test_what_collects_lines_gets_one_with_its_time_each(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    _log(written, monkeypatch)
    logging.getLogger("a").warning("x" * 300)
    day, time, level, *rest = written.getvalue().splitlines()[0].split()
    assert (len(day.split("-")), len(time.split(":")), level) == (3, 3, "WARNING")
    assert rest == ["a:", "x" * 300]
