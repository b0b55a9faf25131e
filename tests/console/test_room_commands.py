"""Attaching, listing and detaching rooms from a terminal."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from rich.console import Console

from stream_verifier.console import room_commands
from stream_verifier.console.room_commands import read_rule
from stream_verifier.errors import SettingsError
from tests.support.commands import refused, run

ROOM: dict[str, Any] = {
    "id": "a1",
    "host": "janus",
    "url": "ws://janus:8188",
    "room": "1234",
    "state": "away",
    "code": "room_host_gone",
    "publishers": [
        {
            "feed": "5",
            "display": "[bold]Ada",
            "state": "refused",
            "code": "server_full",
            "identity": "ada",
            "session": None,
        }
    ],
}
Asked = list[tuple[str, str, Any, dict[str, str]]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """What the server was asked."""
    return _serving(monkeypatch, lambda _: httpx.Response(201, json=ROOM))


def _serving(monkeypatch: pytest.MonkeyPatch, answer: Callable[[str], httpx.Response]) -> Asked:
    found: Asked = []

    def request(method: str, url: str, **more: Any) -> httpx.Response:
        found.append((method, url, more["json"], more["headers"]))
        return answer(method)

    monkeypatch.setattr(httpx, "request", request)
    return found


def test_attach_sends_secrets_from_files_and_prints_none(
    asked: Asked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREAM_VERIFIER_TOKEN", "t0ken")
    pin, secret = tmp_path / "pin", tmp_path / "secret"
    pin.write_text("a pin\n")
    secret.write_text("s3cret")
    out = run(
        *("attach", "janus", "--url", "ws://janus:8188", "--room", "1234"),
        *("--pin-file", pin, "--secret-file", secret, "--map", r"display:(.+) \(x\)"),
        *("--server", "https://verify.example/"),
    )
    assert asked == [
        (
            "POST",
            "https://verify.example/api/v1/rooms",
            {
                "host": "janus",
                "url": "ws://janus:8188",
                "room": "1234",
                "map": {"by": "display", "pattern": r"(.+) \(x\)"},
                "pin": "a pin",
                "api_secret": "s3cret",
            },
            {"authorization": "Bearer t0ken"},
        )
    ]
    assert "a1" in out
    assert not any(word in out for word in ("s3cret", "a pin", "t0ken"))


def test_rooms_lists_who_is_in_them_as_text(monkeypatch: pytest.MonkeyPatch) -> None:
    _serving(monkeypatch, lambda _: httpx.Response(200, json={"rooms": [ROOM]}))
    assert json.loads(run("rooms", "--json")) == {"rooms": [ROOM]}
    out = run("rooms")
    for part in ("a1", "1234", "ada", "server_full", "[bold]"):
        assert part in out.replace("\n", "")


def test_a_narrow_terminal_cuts_no_id_short(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    attachment = "0123456789abcdef" * 2
    _serving(
        monkeypatch, lambda _: httpx.Response(200, json={"rooms": [ROOM | {"id": attachment}]})
    )
    monkeypatch.setattr(room_commands, "_out", Console(width=80))
    room_commands.rooms()
    lines = capsys.readouterr().out.splitlines()
    assert "".join(line.strip("│").split("│")[0].strip() for line in lines[3:-1]) == attachment


def test_detach(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = _serving(monkeypatch, lambda _: httpx.Response(204))
    run("detach", "a1")
    assert asked[0][:2] == ("DELETE", "http://127.0.0.1:8080/api/v1/rooms/a1")


def test_what_the_server_refuses_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = {"code": "room_not_allowed", "detail": "Rooms of that host may not be attached."}
    _serving(monkeypatch, lambda _: httpx.Response(422, json=problem))
    arguments = ("attach", "janus", "--url", "ws://x", "--room", "1")
    assert refused(*arguments) == "Rooms of that host may not be attached."
    for status in (200, 502):
        page = httpx.Response(status, text="<html>")
        _serving(monkeypatch, lambda _, page=page: page)  # type: ignore[misc]
        assert f"answers with HTTP {status}, and not as" in refused(*arguments)


def test_nobody_answers() -> None:
    assert "is no server's address" in refused("rooms", "--server", "127.0.0.1:1")
    said = refused("rooms", "--server", "http://127.0.0.1:1")
    assert re.search("does not answer .*: check the address, and that the server runs", said)


def test_rules(tmp_path: Path) -> None:
    table = tmp_path / "who.json"
    table.write_text('{"feed:5": "ada"}')
    assert read_rule("display") == {"by": "display"}
    assert read_rule("backend") == {"by": "backend"}
    assert read_rule(f"table:{table}") == {"by": "table", "table": {"feed:5": "ada"}}
    table.write_text("{")
    for text in ("", "table", "table:", f"table:{table}", "table:/no/such", "backend:x", "name"):
        with pytest.raises(SettingsError):
            read_rule(text)


def test_an_empty_secret_is_none(tmp_path: Path) -> None:
    empty = tmp_path / "pin"
    empty.write_text("\n")
    said = refused("attach", "janus", "--url", "ws://x", "--room", "1", "--pin-file", empty)
    assert "is empty" in said


def test_attach_livekit_names_no_key_and_maps_by_identity(asked: Asked) -> None:
    out = run("attach", "livekit", "--url", "wss://livekit.example", "--room", "meeting")
    assert "a1" in out
    assert asked[0][2] == {
        "host": "livekit",
        "url": "wss://livekit.example",
        "room": "meeting",
        "map": {"by": "feed"},
        "tells": False,
    }


def test_attach_livekit_takes_a_rule_and_tells_on_demand(asked: Asked) -> None:
    run(
        *("attach", "livekit", "--url", "wss://livekit.example", "--room", "meeting"),
        *("--map", "feed:user-(.+)", "--tell"),
    )
    assert asked[0][2]["map"] == {"by": "feed", "pattern": "user-(.+)"}
    assert asked[0][2]["tells"] is True
