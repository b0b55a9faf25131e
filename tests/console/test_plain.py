"""Nothing that comes from outside turns into colours, pictures or orders to the terminal."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_verifier.console import tables
from stream_verifier.console.plain import PlainConsole, cell, literal, visible
from stream_verifier.identities.consent import Consent
from stream_verifier.identities.identity import Identity

HOSTILE = "[bold red]x[/] :smile: \x1b[31m\u202e\udcff\x07"


def _identity(name: str, text: str = "I agree.") -> Identity:
    at = datetime(2026, 1, 2, tzinfo=UTC)
    consent = Consent(subject=name, given_at=at, purpose="tests", text=text)
    return Identity("0" * 32, name, at, consent, "space-" + "m" * 40, 5, 8.0)


def _printed(*things: object, markup: bool = True) -> str:
    file = io.StringIO()
    PlainConsole(file=file).print(*things, markup=markup)
    return file.getvalue()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mb", r"a\x1b[31mb"),
        ("a\u202eb", r"a\u202eb"),
        ("a\u2066b\u2069", r"a\u2066b\u2069"),
        ("a\nb\r", r"a\nb\r"),
        ("clip\udcff.mp4", r"clip\xff.mp4"),
        ("\ud800", r"\ud800"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("Zoë 李雷 👍🏽", "Zoë 李雷 👍🏽"),
    ],
)
def test_what_a_terminal_would_obey_is_written_out(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_lines_stay_where_they_are_wanted() -> None:
    assert visible("a\nb", lines=True) == "a\nb"


@given(st.text())
def test_any_text_can_be_printed_and_is_printed_as_it_is(text: str) -> None:
    visible(text).encode("utf-8")
    assert _printed(cell(text)).replace("\n", "") == visible(text).rstrip("\n")[:4096]
    assert visible(text) == visible(visible(text))


@pytest.mark.parametrize("text", ["[/]", "[bold]", ":smile:", "a[b]c", "[link=x]y[/link]", "\\[x]"])
def test_text_within_markup_is_no_markup(text: str) -> None:
    assert _printed(f"[bold]{literal(text)}[/] end") == f"{text} end\n"


def test_tables_show_names_and_consent_as_they_are_and_whole() -> None:
    identity = _identity("x" * 60 + ":x:", "[red]I[/] agree :+1:\nto " + "y" * 300 + HOSTILE)
    listed = _printed(tables.identities_table([identity]))
    shown = _printed(tables.identity_details(identity))
    assert identity.name in listed
    assert identity.model_id in listed
    assert identity.id in listed
    assert "[red]I[/] agree :+1:" in shown
    assert "y" * 300 in shown
    assert "\x1b" not in shown
    assert r"\x1b[31m\u202e\xff\x07" in shown
