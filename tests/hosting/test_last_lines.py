"""What a server that was stopped still had to log."""

from __future__ import annotations

import logging
import signal

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


@pytest.mark.parametrize("nohup", [False, True])
def test_a_terminal_that_is_closed_stops_the_server_as_a_signal_does(
    nohup: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN if nohup else signal.SIG_DFL)
    server = Server(uvicorn.Config("none:none", log_config=None))
    raised: list[int] = []
    try:
        with server.capture_signals():
            signal.raise_signal(signal.SIGHUP)
            monkeypatch.setattr("signal.raise_signal", raised.append)
        assert signal.getsignal(signal.SIGHUP) is (signal.SIG_IGN if nohup else signal.SIG_DFL)
    finally:
        signal.signal(signal.SIGHUP, before)
    assert (server.should_exit, raised) == ((False, []) if nohup else (True, [signal.SIGHUP]))
