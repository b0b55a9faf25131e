from __future__ import annotations

import asyncio
import io
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from stream_verifier.access.grant import ANYBODY, Grant
from stream_verifier.client import EventFeed, FeedEvent, Lost, Position
from stream_verifier.console.call_rows import Rows
from stream_verifier.console.watch import (
    Board,
    duration,
    follow_as_lines,
    follow_as_table,
    token_source,
)
from stream_verifier.events.hub import Hub
from stream_verifier.events.reading import read_event
from stream_verifier.events.schema import Payload, Reason, State
from stream_verifier.events.stamper import Stamper
from tests.support.commands import refused, run
from tests.support.feed_media import Call, changed, ended, feed_server, score, started

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def events(session: str, *payloads: Payload, at: datetime = NOON) -> list[FeedEvent]:
    stamper = Stamper(session, now=lambda: at)
    stamped = [stamper.stamp(payload) for payload in payloads]
    position = Position("e", 1)
    return [
        FeedEvent(position, session, event.seq, event.type, at, None, event.fields)
        for event in stamped
    ]


def drawn(board: Board, width: int = 120) -> str:
    console = Console(file=io.StringIO(), width=width)
    console.print(board.render(width))
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return text


def test_calls_that_need_eyes_come_first_and_ended_ones_last() -> None:
    rows = Rows()
    for session, payloads in {
        "fine": [started(), changed(State.VERIFIED)],
        "over": [started(), changed(State.REJECTED), ended()],
        "odd": [started(), changed(State.UNCERTAIN)],
        "wrong": [started(), changed(State.REJECTED)],
    }.items():
        for event in events(session, *payloads):
            rows.take(read_event(event.raw))
    assert [row.session for row in rows.sorted()] == ["wrong", "odd", "fine", "over"]


def test_only_the_last_ended_calls_are_kept() -> None:
    rows = Rows(max_ended=2)
    for number in range(5):
        for event in events(f"s{number}", started(), ended(), changed()):
            rows.take(read_event(event.raw))
    assert sorted(row.session for row in rows.sorted()) == ["s3", "s4"]


def test_the_board_shows_who_state_reasons_and_age() -> None:
    board = Board(24, now=lambda: NOON + timedelta(seconds=75))
    bad = changed(State.REJECTED, media_s=61).model_copy(
        update={"reasons": [Reason.FACE_MISMATCH], "llr": -4.25}
    )
    for event in events("abcdef0123456789", started("[b]ada"), score(), bad):
        board.take(event)
    text = drawn(board)
    for part in (
        "abcdef01",
        "[b]ada",
        "rejected",
        "face_mismatch",
        "1 min 15 s",
        "-4.2",
        "1 min 01",
    ):
        assert part in text, text


@pytest.mark.parametrize("width", [40, 60, 79, 80, 120])
def test_the_state_has_room_however_narrow_the_terminal_and_long_the_name(width: int) -> None:
    board = Board(24, now=lambda: NOON + timedelta(seconds=75))
    name = "A name as long as names may be, and then some more " * 3
    for number, state in enumerate((State.REJECTED, State.UNCERTAIN)):
        why = changed(state).model_copy(update={"reasons": [Reason.VOICE_MISMATCH]})
        for event in events(f"s{number}", started(name), why):
            board.take(event)
    text = drawn(board, width)
    assert "rejected" in text
    assert "uncertain" in text
    assert "A name" in text
    assert max(map(len, text.splitlines())) <= width


def test_the_board_says_what_was_lost_and_what_does_not_fit() -> None:
    board = Board(1)
    assert "no call yet" in drawn(board)
    for number in range(5):
        board.take(events(f"s{number}", started())[0])
    board.lose(Lost(count=3, scores_only=True))
    assert "2 more, 3 events lost" in drawn(board)
    board.lose(Lost(count=None, scores_only=False))
    assert "server started anew" in drawn(board)
    assert "more" not in drawn(board)


@pytest.mark.parametrize(
    ("seconds", "text"), [(-1, "0 s"), (59.9, "59 s"), (60, "1 min 00 s"), (7_260, "2 h 01 min")]
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


async def test_lines_are_the_events_as_they_came() -> None:
    out = io.StringIO()
    async with feed_server(Hub(queue_events=4)) as server:
        feed = EventFeed(server.address)
        task = asyncio.create_task(follow_as_lines(feed, Console(file=out)))
        while not server.hub.subscribers:  # noqa: ASYNC110
            await asyncio.sleep(0)
        Call(server.hub, "s1").say(score(), score(), score(), score(), changed())
        while out.getvalue().count("\n") < 5:  # noqa: ASYNC110
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        history = await server.hub.history("s1")
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert lines[1] == {"type": "lost", "count": 2, "scores_only": True}
    assert [lines[0], *lines[2:]] == [event.fields for event in (history[0], *history[3:])]


async def test_the_table_starts_with_the_calls_that_run() -> None:
    console = Console(file=io.StringIO(), width=120, force_terminal=True)
    async with feed_server(Hub()) as server:
        Call(server.hub, "abc", "grace").say(changed())
        feed = EventFeed(server.address, after=Position(None, 0))
        task = asyncio.create_task(follow_as_table(feed, console))
        out: Any = console.file
        while "verified" not in out.getvalue():  # noqa: ASYNC110
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert "grace" in out.getvalue()


@pytest.mark.parametrize("kind", ["pipe", "dumb"])
async def test_where_nothing_can_be_drawn_over_that_is_said_and_the_table_comes_at_the_end(
    kind: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TERM", "dumb" if kind == "dumb" else "xterm")
    console = Console(file=io.StringIO(), width=120, force_terminal=kind == "dumb")
    async with feed_server(Hub()) as server:
        Call(server.hub, "abc", "grace").say(changed())
        feed = EventFeed(server.address, after=Position(None, 0))
        task = asyncio.create_task(follow_as_table(feed, console))
        while feed.position is None or feed.position.cursor < 2:  # noqa: ASYNC110
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    out: Any = console.file
    assert "grace" in out.getvalue()
    assert out.getvalue().endswith("\n")
    assert "--json" in capsys.readouterr().err


def test_a_token_comes_from_a_file_or_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ELSEWHERE", "from-env")
    assert token_source("ELSEWHERE", None)() == "from-env"
    assert token_source("NOT_SET_ANYWHERE", None)() is None
    (tmp_path / "token").write_text("from-file\n")
    assert token_source("ELSEWHERE", tmp_path / "token")() == "from-file"


def test_what_cannot_be_watched_is_told(tmp_path: Path) -> None:
    assert "does not answer" in refused("watch", "http://127.0.0.1:9", "--json")
    assert "server's address" in refused("watch", "nowhere")
    missing = tmp_path / "missing"
    assert str(missing) in refused("watch", "http://127.0.0.1:9", "--token-file", missing)


def test_no_option_takes_the_token_itself() -> None:
    text = run("watch", "--help")
    assert "--token-file" in text
    assert "--token " not in text


async def test_the_command_follows_a_server_and_ends_on_interrupt() -> None:
    seen: list[Any] = []

    class Gate:
        tokens = "known"

        def admit(self, token: str | None, *_: Any, **__: Any) -> Grant:
            seen.append(token)
            return ANYBODY

        def identify(self, token: str | None, **_: Any) -> Grant:
            return ANYBODY

    async with feed_server(Hub(), gate=Gate()) as server:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "stream_verifier", "watch", server.address, "--json"),
            stdout=subprocess.PIPE,
            env={**os.environ, "STREAM_VERIFIER_TOKEN": "a-token"},
        )
        assert process.stdout is not None
        async with asyncio.timeout(60):
            while not server.hub.subscribers:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            Call(server.hub, "s1")
            event = json.loads(await process.stdout.readline())
            process.send_signal(2)
            assert await process.wait() == 0
    assert (event["type"], seen) == ("session_started", ["a-token"])
