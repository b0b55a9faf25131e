"""The list of modules in the docs is written from the code, and says what is there."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = runpy.run_path(str(ROOT / "scripts" / "write_reference.py"))
MADE_UP = '''\
"""Adds up.

And more.
"""
from dataclasses import dataclass


@dataclass(frozen=True)
class Pair:
    """Two numbers."""

    left: int
    right: int = 0

    @property
    def total(self) -> int:
        """Their sum."""

    async def wait(self, *, limit_s: float = 1.0) -> None:
        """Wait for both."""


class Adder:
    """Adds."""

    def __init__(self, start: int) -> None: ...

    def _hidden(self) -> None: ...


def add(left: int, *, right: int) -> int:
    """Add two numbers."""
'''


def test_the_kept_list_is_current() -> None:
    kept = SCRIPT["PATH"].read_text(encoding="utf-8")
    assert kept == SCRIPT["reference"](), "run 'make reference' and commit what it writes"


def test_every_folder_of_the_packages_is_in_it() -> None:
    kept = SCRIPT["PATH"].read_text(encoding="utf-8")
    for package in ("stream_verifier", "model"):
        for folder in {path.parent for path in (ROOT / package).rglob("*.py")}:
            assert f"\n## {folder.relative_to(ROOT).as_posix()}/\n" in kept


@pytest.mark.parametrize(
    ("package", "offered"),
    [
        (
            "stream_verifier",
            [
                "  - `Pair(left, right)` Two numbers.",
                "    - `.total: int` Their sum.",
                "    - `await .wait(*, limit_s: float=1.0)` Wait for both.",
                "  - `Adder(start: int)` Adds.",
                "  - `add(left: int, *, right: int) -> int` Add two numbers.",
            ],
        ),
        ("model", []),
    ],
)
def test_what_serves_is_listed_with_what_it_offers(
    tmp_path: Path, package: str, offered: list[str]
) -> None:
    folder = tmp_path / package
    folder.mkdir()
    (folder / "__init__.py").write_text('"""A room."""\n')
    (folder / "adding.py").write_text(MADE_UP)
    lines = SCRIPT["reference"](tmp_path).splitlines()
    room = lines.index(f"## {package}/")
    assert lines[room + 1 :] == ["", "A room.", "", "- **`adding`** Adds up.", *offered]
