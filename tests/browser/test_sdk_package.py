"""The npm package: what is in it; scripts/check_package.sh sees that its types hold."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CLIENT = ROOT / "web_client"
ENTRIES = ("js/stream-verifier.js", "js/element.js", "js/enrol-element.js")
BESIDE = {
    "LICENSE",
    "README.md",
    "package.json",
    "stream-verifier.d.ts",
    "element.d.ts",
    "enrol-element.d.ts",
    "react.d.ts",
}
_IMPORT = re.compile(r"""^(?:import|export)\b[^"';]*?["'](\.[^"']+)["'];""", re.MULTILINE)

needs_npm = pytest.mark.skipif(shutil.which("npm") is None, reason="needs npm")


def reached(*entries: str) -> set[str]:
    """Every module that the entries import, and those they import in turn."""
    found: set[str] = set()
    waiting = [CLIENT / entry for entry in entries]
    while waiting:
        module = waiting.pop()
        name = module.relative_to(CLIENT).as_posix()
        if name not in found:
            found.add(name)
            imports = _IMPORT.findall(module.read_text(encoding="utf-8"))
            waiting += [(module.parent / one).resolve() for one in imports]
    return found


def spoken() -> set[str]:
    """The languages, each of which is imported once it is spoken."""
    return {one.relative_to(CLIENT).as_posix() for one in (CLIENT / "js/languages").iterdir()}


@needs_npm
def test_the_package_holds_what_its_entries_need_and_nothing_else() -> None:
    packed = subprocess.run(
        ["npm", "pack", "--dry-run", "--json"],
        cwd=CLIENT,
        capture_output=True,
        check=True,
        timeout=120,
    )
    (report,) = json.loads(packed.stdout)
    assert {file["path"] for file in report["files"]} == BESIDE | reached(*ENTRIES) | spoken()


def test_the_sdk_alone_needs_nothing_of_the_element_or_the_pages() -> None:
    modules = reached("js/stream-verifier.js")
    assert {Path(name).parent.as_posix() for name in modules} == {"js", "js/sdk"}
    assert len([name for name in modules if name.startswith("js/sdk/")]) > 5
    assert modules & {"js/words.js", "js/timeline.js", "js/media.js"} == set()


def test_the_package_has_the_projects_version_and_licence() -> None:
    package = json.loads((CLIENT / "package.json").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert (package["name"], package["version"]) == (project["name"], project["version"])
    assert package["license"] == project["license"]
    assert (CLIENT / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
