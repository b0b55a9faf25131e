from __future__ import annotations

import logging
import time

import pytest

from stream_verifier.hosting import rationed_log
from stream_verifier.hosting.rationed_log import Rationed
from stream_verifier.web.logs import keep_secrets_out


def line(text: str, *args: object) -> logging.LogRecord:
    return logging.makeLogRecord({"msg": text, "args": args, "levelno": logging.INFO})


def test_lines_of_a_kind_are_rationed_and_others_are_not() -> None:
    rationed = Rationed(per_minute=2)
    # As asyncio has it: of whom it speaks stands in further lines.
    full = [line(f"socket.accept() out of system resource\nsocket: {one}") for one in range(4)]
    assert [rationed.filter(one) for one in full] == [True, True, False, False]
    assert "no more lines" in full[1].getMessage()
    assert "no more lines" not in full[0].getMessage()
    assert rationed.filter(line("something else"))
    opened = [line('%s - "WebSocket %s" [accepted]', f"192.0.2.{one}", "/") for one in range(3)]
    assert [rationed.filter(one) for one in opened] == [True, True, False]
    assert opened[1].getMessage().startswith('192.0.2.1 - "WebSocket /" [accepted] (no more')


def test_the_next_minute_has_lines_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = [5.0]
    monkeypatch.setattr(time, "monotonic", lambda: now_s[0])
    rationed = Rationed(per_minute=1)
    assert [rationed.filter(line("full")) for _ in "12"] == [True, False]
    now_s[0] += 60.0
    assert rationed.filter(line("full"))


def test_a_server_that_is_made_has_lines_of_its_own() -> None:
    logger = logging.Logger("made-up")
    for _ in "12":
        rationed_log.ration(logger)
        assert [bool(logger.filter(line("full"))) for _ in range(11)] == [True] * 10 + [False]
    assert len(logger.filters) == 1


def test_kinds_without_end_take_no_memory_without_end() -> None:
    rationed = Rationed()
    for number in range(2000):
        rationed.filter(line(f"kind {number}"))
    assert len(rationed._seen) <= 257


def test_a_path_that_a_stranger_chose_is_cut() -> None:
    logger = logging.Logger("made-up")
    keep_secrets_out(logger)
    told = line('%s - "WebSocket %s" [accepted]', "192.0.2.1", "/" + "x" * 4000 + "?token=t")
    logger.filter(told)
    assert len(told.getMessage()) < 260
    assert "token" not in told.getMessage()
