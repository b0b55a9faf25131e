"""What the pages name is there, and what others need to know by its name is in the pages."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest
import typer.main

from model.__main__ import COMMANDS
from stream_verifier import errors
from stream_verifier.console.commands import app
from stream_verifier.events import schema
from stream_verifier.media.refusals import TOLD
from stream_verifier.media.types import OVERRUN
from stream_verifier.settings import Settings
from stream_verifier.settings.environment import PREFIX
from stream_verifier.verify.pace import IMPLAUSIBLE, PAUSED
from stream_verifier.web.problems import status_of
from tests.test_docs import CODE, ROOT, pages

DOCS = ROOT / "docs"
ON_A_SOCKET = {"no_connection", "overloaded", "unknown_version"}
"""Told on the WebSocket of a call, never over HTTP."""
OWN_GAPS = {OVERRUN, PAUSED, IMPLAUSIBLE, "network", "muted", "reconnected", "jump"}
NEVER_SENT = {"bad_signature", "mapping_failed"}
"""Of what this server is sent, and of what it asks others."""
OF_CLIENTS = (errors.FeedError, errors.CallError, errors.RefusedByServerError)
SPAN = re.compile(r"`([^`]+)`")
FENCED = re.compile(r"^ *```\w*\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
OURS = re.compile(r"(?:^|[\s/(])stream-verifier((?: [^#&|)]*)?)")
MODULE = re.compile(r"python3? -m ((?:benchmarks|model)\b\S*)((?: [^#&|]*)?)")


def told(page: Path) -> Iterator[str]:
    """Lines of a page's code blocks, and what stands between its backticks."""
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    for block in FENCED.findall(text):
        yield from block.splitlines()
    for span in SPAN.findall(re.sub(FENCED, "", text)):
        yield " ".join(span.split())


def words_of(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:  # a quotation that goes on in the next line
        return command.split()


def options_in(words: list[str]) -> set[str]:
    return {word.split("=")[0].rstrip(".,:") for word in words if re.match("--?[a-z]", word)}


PAGES = [pytest.param(page, id=str(page.relative_to(ROOT))) for page in pages()]


@pytest.mark.parametrize("page", PAGES)
def test_a_command_that_a_page_tells_to_write_is_one(page: Path) -> None:
    for line in told(page):
        for tail in OURS.findall(line):
            command: Any = typer.main.get_command(app)
            words = words_of(tail)
            while words and words[0] in getattr(command, "commands", {}):
                command = command.commands[words.pop(0)]
            known = {name for one in command.params for name in (*one.opts, *one.secondary_opts)}
            strange = options_in(words) - known - {"--help"}
            assert not strange, f"{line}: {command.name} has no {strange}"
            if line.strip().startswith("stream-verifier"):
                group = getattr(command, "commands", None) and [w for w in words if w[0] != "-"]
                assert not group, f"{line}: there is no such command"


@pytest.mark.parametrize("page", PAGES)
def test_a_module_that_a_page_tells_to_run_has_the_options_told(page: Path) -> None:
    for line in told(page):
        for module, tail in MODULE.findall(line):
            words = words_of(tail)
            if module == "model" and words and words[0] in COMMANDS:
                module = COMMANDS[words[0]][0]
            strange = options_in(words) - options_of(module.rstrip(".,:")) - {"--help"}
            assert not strange, f"{line}: {module} has no {strange}"


@cache
def options_of(module: str) -> set[str]:
    """All options that a module, or what it imports of its own room, may take."""
    seen: set[Path] = set()
    found: set[str] = set()
    waiting = [file_of(module)]
    while waiting:
        path = waiting.pop()
        if path is None or path in seen:
            continue
        seen.add(path)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and re.match("--[a-z]", str(node.value)):
                found.add(str(node.value))
            if isinstance(node, ast.ImportFrom) and room(node.module or "") == room(module):
                waiting.append(file_of(str(node.module)))
    assert seen, f"there is no {module}"
    return found


def room(module: str) -> list[str]:
    return module.split(".")[:2]


def file_of(module: str) -> Path | None:
    path = ROOT / module.replace(".", "/")
    places = (path.with_suffix(".py"), path / "__main__.py")
    return next((place for place in places if place.exists()), None)


def test_a_variable_that_a_page_names_is_a_setting() -> None:
    known = {name.upper() for name in Settings.model_fields} | {"DATA", "TOKEN"}
    for page in pages():
        named = set(re.findall(rf"{PREFIX}([A-Z0-9_]*[A-Z0-9])\b", page.read_text("utf-8")))
        assert named - known == set(), page


def rows(page: Path, title: str) -> list[list[str]]:
    """The cells of all tables under a heading."""
    text = page.read_text(encoding="utf-8")
    part = re.split(r"^#+ ", text.partition(f"# {title}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]
    lines = [line for line in part.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines]


def test_the_table_of_errors_has_each_code_beside_its_status() -> None:
    statuses = {
        code: {int(status) for status in re.findall(r"\d+", row[0])}
        for row in rows(DOCS / "rest.md", "Errors")
        for code in SPAN.findall(row[1])
    }
    left = ON_A_SOCKET | NEVER_SENT
    for kind in kinds_of(errors.StreamVerifierError):
        if not issubclass(kind, (*OF_CLIENTS, errors.EnrolmentLostError)) and kind.code not in left:
            same = {status_of(one.__new__(one)) for one in kinds_of(errors.StreamVerifierError)
                    if one.code == kind.code}  # fmt: skip
            assert statuses.get(kind.code, set()) & same, f"{kind.code} is one of {same}"


def kinds_of(
    base: type[errors.StreamVerifierError],
) -> Iterator[type[errors.StreamVerifierError]]:
    yield base
    for kind in base.__subclasses__():
        yield from kinds_of(kind)


def payloads(kinds: Any) -> Iterator[Any]:
    for kind in get_args(kinds):
        yield from [kind] if isinstance(kind, type) else payloads(kind)


def test_the_table_of_events_has_each_field_of_each_type() -> None:
    table = {row[0].strip("`"): " ".join(row[1:]) for row in rows(DOCS / "protocol.md", "Events")}
    for payload in payloads(schema.AnyPayload):
        named = set(re.findall(r"\w+", table[payload.model_fields["type"].default]))
        assert set(payload.model_fields) - named - {"type", "media_s"} == set(), payload


def listed_under(title: str) -> set[str]:
    """What the second column of a table of the protocol names."""
    return {word for row in rows(DOCS / "protocol.md", title) for word in SPAN.findall(row[1])}


def test_the_protocol_names_every_reason() -> None:
    assert listed_under("Reasons") == {reason.value for reason in schema.Reason}


def test_the_protocol_names_every_reason_of_a_gap() -> None:
    (told,) = (row[1] for row in rows(DOCS / "protocol.md", "Events") if row[0] == "`gap`")
    of_feeds = {name for row in rows(DOCS / "decoded-media.md", "What becomes of it")
                for name in SPAN.findall(row[0])}  # fmt: skip
    named = set(re.findall(r"\w+", told)) | of_feeds
    assert {*OWN_GAPS, *TOLD} - named == set()


WORDS = (ROOT / "web_client" / "js" / "languages" / "en.js").read_text(encoding="utf-8")


def said_by_the_pages(what: str) -> set[str]:
    block = re.search(rf"^  {what}: {{\n(.*?)^  }},", WORDS, re.MULTILINE | re.DOTALL)
    assert block
    return set(re.findall(r"^    (\w+):", block[1], re.MULTILINE))


def test_the_protocol_names_every_hint_that_the_pages_have_words_for() -> None:
    assert listed_under("Hints") == said_by_the_pages("hints")


def test_the_protocol_names_every_note_that_the_pages_have_words_for() -> None:
    named, reasons = listed_under("Notes"), {reason.value for reason in schema.Reason}
    assert said_by_the_pages("reasons") - reasons <= named <= said_by_the_pages("reasons")


def test_no_table_of_a_page_breaks_off() -> None:
    for page in pages():
        text = re.sub(CODE, "", page.read_text(encoding="utf-8"))
        for table in re.findall(r"(?:^ *\|.*\n)+", text, re.MULTILINE):
            second = table.splitlines()[1:2]
            assert second, f"{page}: {table}"
            assert re.fullmatch(r" *\|(?: *:?-+:? *\|)+ *", second[0]), f"{page}: {table}"


@pytest.mark.parametrize(
    ("file", "interface"),
    [
        ("element.d.ts", "StreamVerifierAttributes"),
        ("enrol-element.d.ts", "StreamVerifierEnrolAttributes"),
        ("stream-verifier.d.ts", "StreamVerifierOptions"),
    ],
)
def test_the_packages_readme_names_what_elements_and_sdk_may_be_given(
    file: str, interface: str
) -> None:
    client = ROOT / "web_client"
    declared = (client / file).read_text(encoding="utf-8")
    body = re.search(rf"interface {interface} {{(.*?)^}}", declared, re.MULTILINE | re.DOTALL)
    assert body
    names = re.findall(r'^  "?([\w-]+)"?\??:', body[1], re.MULTILINE)
    assert len(names) > 5
    said = (client / "README.md").read_text(encoding="utf-8")
    assert [name for name in names if not re.search(rf"(?<![\w-]){name}(?![\w-])", said)] == []
