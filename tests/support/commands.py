"""Helpers to run the command line inside the test process."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from stream_verifier.console import commands
from stream_verifier.errors import StreamVerifierError

_runner = CliRunner()


def run(*arguments: str | Path, code: int = 0) -> str:
    """Run a command and return what it printed; errors meant for people are raised."""
    result = _runner.invoke(commands.app, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result.output


def refused(*arguments: str | Path) -> str:
    """The message with which a command refuses."""
    with pytest.raises(StreamVerifierError) as caught:
        run(*arguments)
    return str(caught.value)
