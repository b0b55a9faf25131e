"""The walls between the rooms, as docs/architecture.md draws them."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
WEB = {"fastapi", "starlette", "uvicorn"}
CLOCKS = {"asyncio", "time", "threading", "datetime", "random"}

FORBIDDEN = {
    "model": {"stream_verifier"},
    "model/runtime": {"tensorflow", "keras", "librosa", "matplotlib"},
    "stream_verifier/media": {*WEB, "stream_verifier.verify", "stream_verifier.web", "model"},
    "stream_verifier/windows": {*WEB, *CLOCKS, "aiortc", "av", "stream_verifier.verify"},
    "stream_verifier/access": {*WEB, "asyncio", "aiortc", "numpy", "sqlalchemy"},
    "stream_verifier/verify": {*WEB, "aiortc", "av", "stream_verifier.web"},
    "stream_verifier/identities": {*WEB, "aiortc", "stream_verifier.media", "ai_edge_litert"},
    "stream_verifier/events": {*WEB, "aiortc", "threading", "stream_verifier.media"},
    "stream_verifier/client": {*WEB, "aiortc", "numpy", "model", "stream_verifier.web"},
    "stream_verifier/webhooks": {*WEB, "aiortc", "numpy", "model", "stream_verifier.web"},
    "stream_verifier/web": {"aiortc", "numpy", "model", "sqlalchemy"},
    "stream_verifier/verify/belief.py": CLOCKS,
    "stream_verifier/verify/decision.py": CLOCKS,
    "stream_verifier/verify/freshness.py": CLOCKS,
    "stream_verifier/verify/pipeline.py": CLOCKS,
}


def imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


@pytest.mark.parametrize("room", FORBIDDEN)
def test_a_room_imports_nothing_that_it_must_not_know(room: str) -> None:
    place = ROOT / room
    files = sorted(place.rglob("*.py")) if place.is_dir() else [place]
    assert files
    for path in files:
        for name in imports(path):
            parts = name.split(".")
            prefixes = {".".join(parts[:end]) for end in range(1, len(parts) + 1)}
            assert not prefixes & FORBIDDEN[room], f"{path} imports {name}"


def test_the_server_imports_nothing_that_only_training_and_benchmarks_need() -> None:
    code = (
        "import sys\n"
        "import stream_verifier.app, stream_verifier.hosting.server\n"
        "import stream_verifier.console.commands\n"
        "from stream_verifier.verify.recogniser import Recogniser\n"
        "from stream_verifier.settings import Settings\n"
        "Recogniser.load(Settings()).enrol_pipeline()\n"
        "wrong = {'tensorflow', 'keras', 'librosa', 'matplotlib', 'torch', 'skimage',\n"
        "         'stream_verifier.simulation'}\n"
        "print(sorted(wrong & set(sys.modules)))\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True
    )
    assert result.stdout.strip() == "[]"


def test_only_one_module_touches_private_names_of_aiortc() -> None:
    for path in sorted((ROOT / "stream_verifier").rglob("*.py")):
        if path.name == "aiortc_patches.py":
            continue
        text = path.read_text(encoding="utf-8")
        assert "._RTC" not in text and "__internal" not in text, path
