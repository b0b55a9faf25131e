"""The commands that attach rooms of other servers to a running server, list and detach them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from stream_verifier.client.answers import not_ours, unanswered
from stream_verifier.client.connection import http_url
from stream_verifier.console.plain import PlainConsole, cell, literal
from stream_verifier.console.watch import DEFAULT_URL, TOKEN_VARIABLE, token_source
from stream_verifier.errors import RoomError, SettingsError
from stream_verifier.events.json_object import JsonObject

attach_app = typer.Typer(
    help="Attach a room of another server: those in it are verified, without an upload.",
    no_args_is_help=True,
)
_out = PlainConsole()
_WITHIN_S = 30.0
_MOST_SECRET_BYTES = 4096
_MOST_TABLE_BYTES = 1024 * 1024

Server = Annotated[str, typer.Option(help="Address of the server that verifies.")]
TokenEnv = Annotated[
    str, typer.Option(metavar="NAME", help="Environment variable that holds the token.")
]
TokenFile = Annotated[Path | None, typer.Option(help="File that holds the token.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
OperatingPoint = Annotated[
    str | None, typer.Option(help="Where states change; the server's without.")
]


def _secret_option(what: str) -> Any:
    return typer.Option(exists=True, dir_okay=False, help=f"File that holds {what}.")


@attach_app.callback()
def attach() -> None:
    """Attach a room of another server: those in it are verified, without an upload."""


@attach_app.command("janus")
def attach_janus(  # noqa: PLR0913 - an argument for each option
    url: Annotated[str, typer.Option(help="Janus's WebSocket address, such as ws://host:8188.")],
    room: Annotated[str, typer.Option(help="Id of the VideoRoom.")],
    map_: Annotated[
        str,
        typer.Option(
            "--map",
            help="Who publishers are: display, display:REGEX with one group, table:FILE.json of "
            "feed:ID and display:NAME, or backend, which the server asks.",
        ),
    ] = "display",
    pin_file: Annotated[Path | None, _secret_option("the room's pin")] = None,
    secret_file: Annotated[Path | None, _secret_option("Janus's API secret")] = None,
    host_token_file: Annotated[Path | None, _secret_option("a token of Janus's")] = None,
    text_room: Annotated[
        str | None, typer.Option(help="TextRoom that verdicts are announced in.")
    ] = None,
    text_room_secret_file: Annotated[Path | None, _secret_option("the TextRoom's secret")] = None,
    operating_point: OperatingPoint = None,
    server: Server = DEFAULT_URL,
    token_env: TokenEnv = TOKEN_VARIABLE,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """Attach a VideoRoom of Janus."""
    wanted = {
        "host": "janus",
        "url": url,
        "room": room,
        "map": read_rule(map_),
        "pin": _secret(pin_file),
        "api_secret": _secret(secret_file),
        "host_token": _secret(host_token_file),
        "text_room": text_room,
        "text_room_secret": _secret(text_room_secret_file),
        "operating_point": operating_point,
    }
    _attach(wanted, server, token_source(token_env, token_file)(), as_json=as_json)


@attach_app.command("livekit")
def attach_livekit(
    url: Annotated[str, typer.Option(help="LiveKit's address, such as wss://host.")],
    room: Annotated[str, typer.Option(help="Name of the room.")],
    map_: Annotated[
        str,
        typer.Option(
            "--map",
            help="Who participants are: feed (their identity there), display, either with "
            ":REGEX of one group, table:FILE.json of feed:ID and display:NAME, or backend, which "
            "the server asks.",
        ),
    ] = "feed",
    tell: Annotated[
        bool, typer.Option("--tell", help="Send verdicts to all in the room, as data packets.")
    ] = False,
    operating_point: OperatingPoint = None,
    server: Server = DEFAULT_URL,
    token_env: TokenEnv = TOKEN_VARIABLE,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """Attach a room of LiveKit; its API key is in the server's settings."""
    wanted = {
        "host": "livekit",
        "url": url,
        "room": room,
        "map": read_rule(map_),
        "tells": tell,
        "operating_point": operating_point,
    }
    _attach(wanted, server, token_source(token_env, token_file)(), as_json=as_json)


def rooms(
    server: Server = DEFAULT_URL,
    token_env: TokenEnv = TOKEN_VARIABLE,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """List the rooms that are attached to a running server, and who is in them."""
    told = _ask(server, token_source(token_env, token_file)(), "GET")
    if as_json:
        print(json.dumps(told))
        return
    table = Table()
    for column in ("id", "room", "state", "feed", "publisher", "identity", "call"):
        table.add_column(column, overflow="fold")
    for room in told["rooms"]:
        where = (room["id"], f"{room['host']} {room['room']}", _with_code(room))
        for one in room["publishers"] or [None]:
            table.add_row(*(cell(str(text)) for text in (*where, *_publisher(one))))
    _out.print(table)


def detach(
    attachment: Annotated[str, typer.Argument(help="Id that attach or rooms told.")],
    server: Server = DEFAULT_URL,
    token_env: TokenEnv = TOKEN_VARIABLE,
    token_file: TokenFile = None,
) -> None:
    """Leave an attached room and end its calls."""
    _ask(server, token_source(token_env, token_file)(), "DELETE", attachment)
    _out.print("Detached.")


def read_rule(text: str) -> JsonObject:
    """The rule that ``--map`` names, as it is sent.

    Raises:
        SettingsError: it is none.
    """
    by, _, rest = text.partition(":")
    if by in ("display", "feed"):
        return {"by": by, **({"pattern": rest} if rest else {})}
    if by == "backend" and not rest:
        return {"by": "backend"}
    if by == "table" and rest:
        try:
            table = json.loads(_read(Path(rest), _MOST_TABLE_BYTES))
        except ValueError:
            raise SettingsError(f"{rest} is no JSON.") from None
        return {"by": "table", "table": table}
    raise SettingsError(
        "--map is display or feed, either with :REGEX, or table:FILE.json, or backend."
    )


def _attach(wanted: Mapping[str, object], server: str, token: str | None, *, as_json: bool) -> None:
    given = {name: value for name, value in wanted.items() if value is not None}
    told = _ask(server, token, "POST", body=given)
    if as_json:
        print(json.dumps(told))
    else:
        _out.print(f"Attached as [bold]{literal(told['id'])}[/].")


def _publisher(one: Mapping[str, object] | None) -> tuple[str, ...]:
    if one is None:
        return ("", "nobody", "", "")
    session = str(one["session"] or "")[:8]
    return (
        str(one["feed"]),
        str(one["display"] or ""),
        str(one["identity"] or ""),
        (f"{_with_code(one)} {session}".strip()),
    )


def _with_code(told: Mapping[str, object]) -> str:
    return str(told["state"]) + (f" ({told['code']})" if told["code"] else "")


def _secret(path: Path | None) -> str | None:
    """What a file holds, without its last line's end; never an argument, which others can see."""
    if path is None:
        return None
    secret = _read(path, _MOST_SECRET_BYTES).rstrip("\r\n")
    if not secret:
        raise SettingsError(f"{path} is empty.")
    return secret


def _read(path: Path, most_bytes: int) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(most_bytes + 1)
        if len(data) > most_bytes:
            raise SettingsError(f"{path} is longer than {most_bytes} bytes.")
        return data.decode()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read ({type(error).__name__}).") from error


def _ask(
    server: str, token: str | None, method: str, attachment: str = "", body: Any = None
) -> Any:
    """Ask the server, and raise what it refuses by."""
    import httpx

    path = f"/api/v1/rooms/{attachment}".rstrip("/")
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    try:
        answer = httpx.request(
            method, http_url(server) + path, json=body, headers=headers, timeout=_WITHIN_S
        )
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise RoomError(unanswered(server, type(error).__name__)) from error
    told: Any = None
    with suppress(ValueError):
        told = answer.json() if answer.content else {}
    if answer.is_success and isinstance(told, dict):
        return told
    try:
        detail = str(told["detail"])
    except (KeyError, TypeError):
        detail = not_ours(server, answer.status_code)
    raise RoomError(detail)
