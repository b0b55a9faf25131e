"""The command that follows a server's calls in a terminal."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console, OverflowMethod
from rich.live import Live
from rich.table import Table

from stream_verifier.console.call_rows import Row, Rows
from stream_verifier.console.display import SIDES, probability, state_text
from stream_verifier.console.plain import PlainConsole, literal
from stream_verifier.errors import SettingsError
from stream_verifier.events.reading import read_event

if TYPE_CHECKING:
    from stream_verifier.client import EventFeed, FeedEvent, Lost

_err = PlainConsole(stderr=True)
DEFAULT_URL = "http://127.0.0.1:8080"
TOKEN_VARIABLE = "STREAM_VERIFIER_TOKEN"
_REFRESHES_A_SECOND = 4
_MAX_TOKEN_BYTES = 8192
_COLUMNS = ("call", "who", "state", "for", "evidence", "media")
_NARROW_COLUMNS = ("who", "state", "for")
_NARROW = 80
"""Columns of a terminal below which the state would have no room beside all else."""
_ROOM_FOR_STATES = {_COLUMNS: 16, _NARROW_COLUMNS: 11}
_FEWEST_OF_A_NAME = 4


def watch(
    url: Annotated[str, typer.Argument(help="The server's address.")] = DEFAULT_URL,
    identity: Annotated[list[str], typer.Option(help="Only this person; repeatable.")] = [],  # noqa: B006
    session: Annotated[list[str], typer.Option(help="Only this session; repeatable.")] = [],  # noqa: B006
    token_env: Annotated[
        str, typer.Option(metavar="NAME", help="Environment variable that holds the token.")
    ] = TOKEN_VARIABLE,
    token_file: Annotated[
        Path | None, typer.Option(help="File that holds the token; read at every connection.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one event a line.")] = False,
) -> None:
    """Follow the calls of a running server, live."""
    from stream_verifier.client import EventFeed, Position

    feed = EventFeed(
        url,
        token=token_source(token_env, token_file),
        identities=identity or None,
        sessions=session or None,
        # The table starts with what is going on; lines start with what happens.
        after=None if as_json else Position(None, 0),
    )
    follow = follow_as_lines if as_json else follow_as_table
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(follow(feed, PlainConsole()))


def token_source(variable: str, path: Path | None) -> Callable[[], str | None]:
    """Where the token comes from: a file, else an environment variable, else there is none.

    Never an argument: other users of the machine see those.

    Returns:
        Reads it anew at each call; raises SettingsError where the file cannot be read.
    """

    def read() -> str | None:
        if path is None:
            return os.environ.get(variable) or None
        try:
            with path.open(encoding="ascii") as file:
                token = file.read(_MAX_TOKEN_BYTES).strip()
        except (OSError, ValueError) as error:
            raise SettingsError(f"{path} cannot be read as a token ({error}).") from error
        return token or None

    return read


async def follow_as_lines(feed: EventFeed, console: Console) -> None:
    """Print events as JSON, one a line, and losses in between."""
    from stream_verifier.client import Lost

    async with feed:
        async for item in feed:
            line = lost_line(item) if isinstance(item, Lost) else item.raw
            text = json.dumps(line, separators=(",", ":"), ensure_ascii=False)
            console.file.write(f"{text}\n")
            console.file.flush()


async def follow_as_table(feed: EventFeed, console: Console) -> None:
    """Keep a table of all calls up to date."""
    from stream_verifier.client import Lost

    board = Board(console.size.height, expand=console.is_terminal)
    async with feed:
        if not console.is_terminal or console.is_dumb_terminal:
            _err.print(
                "Nothing can be drawn over here: the table comes at the end (Ctrl-C). "
                "With --json each event is written as it comes."
            )
        try:
            with Live(
                get_renderable=lambda: board.render(console.width),
                console=console,
                refresh_per_second=_REFRESHES_A_SECOND,
            ):
                async for item in feed:
                    if isinstance(item, Lost):
                        board.lose(item)
                    else:
                        board.take(item)
        finally:
            if not console.is_terminal:
                console.print()


def lost_line(lost: Lost) -> dict[str, str | int | None]:
    """A loss as a line among the events."""
    return {"type": "lost", "count": lost.count, "scores_only": lost.scores_only}


class Board:
    """The table and what stands below it.

    Args:
        height: lines of the terminal; calls that need no eyes give way.
        expand: whether it takes the terminal's whole width.
        now: the time in UTC.
    """

    def __init__(
        self,
        height: int,
        *,
        expand: bool = True,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._expand = expand
        self._rows = Rows()
        self._most = max(3, height - 6)
        self._now = now
        self._lost = 0
        self._restarts = 0

    def take(self, event: FeedEvent) -> None:
        """Take an event in."""
        self._rows.take(read_event(event.raw))

    def lose(self, lost: Lost) -> None:
        """Take a loss in."""
        if lost.count is None:
            self._restarts += 1
            self._rows.forget_running()
        else:
            self._lost += lost.count

    def render(self, width: int) -> Table:
        """The table as of now.

        Args:
            width: of the terminal, in columns; where it is narrow, less is told of each call.
        """
        rows = self._rows.sorted()
        shown = _COLUMNS if width >= _NARROW else _NARROW_COLUMNS
        listed = [
            (row, dict(zip(_COLUMNS, _cells(row, self._now()), strict=True)))
            for row in rows[: self._most]
        ]
        table = Table(caption=", ".join(self._notes(len(rows))) or None, expand=self._expand)
        left = width - 3 * len(shown) - 1 - _ROOM_FOR_STATES[shown]
        left -= sum(
            max(len(name), *(len(cells[name]) for _, cells in listed), 0)
            for name in shown
            if name not in ("who", "state")
        )
        for name in shown:
            most = max(_FEWEST_OF_A_NAME, left) if name == "who" else None
            how: OverflowMethod = "fold" if name == "state" else "ellipsis"
            table.add_column(name, no_wrap=name != "state", overflow=how, max_width=most)
        for row, cells in listed:
            table.add_row(*(cells[name] for name in shown), style="dim" if row.ended else "")
        return table

    def _notes(self, count: int) -> Iterator[str]:
        if not count:
            yield "no call yet"
        if count > self._most:
            yield f"{count - self._most} more"
        if self._lost:
            yield f"{self._lost} events lost"
        if self._restarts:
            yield f"server started anew: {self._restarts}"


def _cells(row: Row, now: datetime) -> tuple[str, ...]:
    state = f"ended: {literal(row.ended)}" if row.ended else state_text(row.state, row.reasons)
    if row.challenge and not row.ended:
        state += f" [dim]({literal(row.challenge)})[/]"
    who = literal(row.identity) + (" [dim](enrols)[/]" if row.mode == "enrol" else "")
    since = "" if row.since is None or row.ended else duration((now - row.since).total_seconds())
    told = "" if row.side is None else SIDES[row.side]
    llr = told if row.llr is None else f"{row.llr:+.1f}"
    llr = llr if row.believed is None else probability(row.believed)
    return literal(row.session[:8]), who, state, since, llr, duration(row.media_s)


def duration(seconds: float) -> str:
    """A time that grows, as short as it can be read."""
    whole = max(0, int(seconds))
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
