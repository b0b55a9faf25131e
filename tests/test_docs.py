"""Links between the pages lead somewhere, and what they tell to write works as it stands."""

from __future__ import annotations

import asyncio
import base64
import re
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Self
from unittest.mock import AsyncMock

import httpx
import pytest

from stream_verifier.access.scopes import Scope
from stream_verifier.access.tokens import Tokens
from stream_verifier.audit.deed import Kind
from stream_verifier.webhooks.signature import (
    ID_HEADER,
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
    sign,
)
from tests.support.calls import TIMEOUT_S

ROOT = Path(__file__).resolve().parent.parent
LINK = re.compile(r"\]\((?!https?://|mailto:)([^)\s]*)\)")
CODE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
PYTHON = re.compile(r"^( *)```python\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
UNPUBLISHED = {".venv", ".git", ".cache", "node_modules", "shared", "runs"}


def pages() -> list[Path]:
    # The card's template becomes a page elsewhere.
    found = sorted(set(ROOT.rglob("*.md")) - {ROOT / "model" / "card" / "template.md"})
    return [path for path in found if not UNPUBLISHED & set(path.relative_to(ROOT).parts)]


def anchors(page: Path) -> set[str]:
    """What a heading can be linked by, as GitHub makes it."""
    text = CODE.sub("", page.read_text(encoding="utf-8"))
    words = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in HEADING.findall(text))
    return {heading.strip().replace(" ", "-") for heading in words}


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    text = CODE.sub("", page.read_text(encoding="utf-8"))
    for link in LINK.findall(text):
        target, _, anchor = link.partition("#")
        place = page.parent / target if target else page
        assert place.exists(), f"{link}: there is no {target}"
        if anchor and place.suffix == ".md":
            assert anchor in anchors(place), f"{link}: {place.name} has no heading {anchor}"


def test_the_readme_lists_every_measurement() -> None:
    listed = set(LINK.findall((ROOT / "README.md").read_text(encoding="utf-8")))
    written = {
        f"docs/measurements/{page.name}" for page in (ROOT / "docs/measurements").glob("*.md")
    }
    assert written - listed == set()


def test_data_protection_names_every_entry_of_the_audit_trail() -> None:
    text = (ROOT / "docs" / "data-protection.md").read_text(encoding="utf-8")
    assert {kind.value for kind in Kind} - set(re.findall(r"`(\w+)`", text)) == set()


def python_of(page: str) -> list[str]:
    text = (ROOT / page).read_text(encoding="utf-8")
    return [textwrap.dedent(code) for _, code in PYTHON.findall(text)]


SNIPPETS = [
    pytest.param(code, id=f"{page.relative_to(ROOT)}-{number}")
    for page in pages()
    for number, code in enumerate(python_of(str(page.relative_to(ROOT))))
]


@pytest.mark.parametrize("code", SNIPPETS)
def test_the_python_of_a_page_stands_alone(code: str) -> None:
    wrong = ["--select", "F", "--isolated", "--output-format", "concise"]
    ruff = [sys.executable, "-m", "ruff", "check", *wrong, "-"]
    found = subprocess.run(ruff, input=code, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout


async def test_the_token_that_a_back_end_signs_as_is_told_is_good(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    key = bytes(range(32))
    monkeypatch.setenv("STREAM_VERIFIER_TOKEN_KEY", base64.urlsafe_b64encode(key).decode())
    (code,) = python_of("docs/integrate.md")
    told: dict[str, Any] = {}
    exec(code, told)
    async with client_of(told["app"]) as client:
        token = (await client.get("/verifier-token")).text
    grant = Tokens(key).read(token)
    assert (grant.identity, grant.scopes) == ("ada", frozenset({Scope.PUBLISH}))


async def test_the_receiver_of_webhooks_as_is_told_takes_what_is_signed_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = base64.b64encode(bytes(range(32))).decode()
    monkeypatch.setenv("STREAM_VERIFIER_WEBHOOK_SECRET", secret)
    told: dict[str, Any] = {}
    exec(python_of("docs/protocol.md")[1], told)
    now_s = int(time.time())
    signature = sign(bytes(range(32)), message_id="msg_1", timestamp_s=now_s, body=b"{}")
    headers = {ID_HEADER: "msg_1", TIMESTAMP_HEADER: str(now_s), SIGNATURE_HEADER: signature}
    async with client_of(told["app"]) as client:
        said = [
            (await client.post("/hook", content=body, headers=headers)).status_code
            for body in (b"{}", b"{}", b"[]")
        ]
    assert said == [204, 204, 401]
    assert capsys.readouterr().out == "{}\n"


async def test_a_bot_as_is_told_ends_with_its_media() -> None:
    told: dict[str, Any] = {}
    exec(python_of("docs/decoded-media.md")[0], told)
    told["DecodedCall"] = SilentCall

    async def media() -> AsyncIterator[tuple[str, float, bytes]]:
        yield "sound", 0.0, bytes(640)
        raise ConnectionError("the meeting is gone")

    with pytest.raises(ExceptionGroup) as ended:
        async with asyncio.timeout(TIMEOUT_S):
            await told["follow"](media(), "token")
    assert ended.group_contains(ConnectionError, match="the meeting is gone")


class SilentCall:
    """A call that takes what it is fed and never says a word."""

    def __init__(self, *_: object, **__: object) -> None:
        self.audio = self.picture = self.finish = AsyncMock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def events(self) -> AsyncIterator[object]:
        await asyncio.Event().wait()
        yield object()


def client_of(app: Any) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app)
    return httpx.AsyncClient(transport=transport, base_url="http://localhost")


def test_the_index_leads_to_every_page_of_the_docs() -> None:
    index = ROOT / "docs" / "README.md"
    linked = {(index.parent / link.partition("#")[0]).resolve() for link in links(index)}
    for page in (ROOT / "docs").glob("*.md"):
        assert page in linked | {index}, f"docs/README.md does not name {page.name}"
    for decision in (ROOT / "docs" / "decisions").glob("*.md"):
        assert decision in linked, f"docs/README.md does not name {decision.name}"


def links(page: Path) -> list[str]:
    found: list[str] = LINK.findall(page.read_text(encoding="utf-8"))
    return found
