"""What a server that was stopped still had to log."""

from __future__ import annotations

import logging

import pytest
import uvicorn

from stream_verifier.hosting.server import Server


class _Aside(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.flushed = 0

    def flush(self) -> None:
        self.flushed += 1


def test_the_log_is_written_before_the_signal_ends_the_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    handler = _Aside()
    monkeypatch.setattr(logging.root, "handlers", [handler])
    at_the_end = []
    monkeypatch.setattr("signal.raise_signal", lambda _: at_the_end.append(handler.flushed))
    server = Server(uvicorn.Config("none:none", log_config=None))
    with server.capture_signals():
        server.handle_exit(15, None)
    assert at_the_end == [1]
