"""Helpers to run the command line inside the test process."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from stream_verifier.console import commands
from stream_verifier.errors import StreamVerifierError

_runner = CliRunner()
# To make all commands of their signatures takes longer than most of them run.
_command = cache(get_command)


def run(*arguments: str | Path, code: int = 0) -> str:
    """Run a command and return what it printed; errors meant for people are raised."""
    with _runner.isolation() as (_, _, output):
        with pytest.raises(SystemExit) as end:
            _command(commands.app).main([str(argument) for argument in arguments])
        sys.stdout.flush()
        printed = output.getvalue().decode()
    assert end.value.code == code, printed
    return printed


def refused(*arguments: str | Path) -> str:
    """The message with which a command refuses."""
    with pytest.raises(StreamVerifierError) as caught:
        run(*arguments)
    return str(caught.value)
