"""Links between the pages lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LINK = re.compile(r"\]\((?!https?://|mailto:)([^)\s]*)\)")
CODE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
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
