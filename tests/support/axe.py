"""axe-core in a page: what it says against the page's accessibility."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page

_TOOLS = Path(__file__).resolve().parents[2] / ".cache" / "node" / "node_modules"
_SCRIPT = _TOOLS / "axe-core" / "axe.min.js"


def read_axe() -> str:
    """axe-core's source; skips the test where it was not fetched."""
    if not _SCRIPT.is_file():
        pytest.skip("needs axe-core: sh scripts/install_node_tools.sh")
    return _SCRIPT.read_text(encoding="utf-8")


def violations(page: Page, axe: str) -> list[str]:
    """Run every rule on the page as it stands; one line an element that breaks one."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(axe)
    # Colours that are still changing would be measured half-way.
    page.evaluate(
        "Promise.all(document.getAnimations().filter(a => a.effect?.getTiming()"
        ".iterations === 1).map(a => a.finished))"
    )
    # What passed is as much again as the page.
    run = "axe.run(document, { resultTypes: ['violations'] }).then((found) => found.violations)"
    return [
        f"{rule['id']}: {node['target']} {node['failureSummary']}"
        for rule in page.evaluate(run)
        for node in rule["nodes"]
    ]
