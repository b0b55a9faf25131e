"""The walls between the rooms, as docs/architecture.md draws them, and that the checks check."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.house_rules import (
    Tree,
    import_cycles,
    knows_aiortc,
    loose_modules,
    near_twins,
    private_names_of_others,
    read_tree,
    through_walls,
)

ROOT = Path(__file__).resolve().parent.parent
HOUSE = "stream_verifier"
LOOSE = {"__init__", "__main__", "app", "settings", "errors", "mount"}
WEBRTC = "stream_verifier/media/webrtc/"
WEB = {"fastapi", "starlette", "uvicorn"}
CLOCKS = {"asyncio", "time", "threading", "datetime", "random"}


def rooms(*names: str) -> set[str]:
    return {f"{HOUSE}.{name}" for name in names}


OUTERMOST = rooms("app", "mount", "hosting", "console", "demo", "simulation")
FORBIDDEN = {
    "model": {"stream_verifier"},
    "model/runtime": {"tensorflow", "keras", "librosa", "matplotlib"},
    f"{HOUSE}/errors.py": {"stream_verifier", *WEB},
    f"{HOUSE}/media": {*WEB, "model", *rooms("verify", "web", "calls", "windows"), *OUTERMOST},
    f"{HOUSE}/media/file.py": rooms("media.webrtc"),
    f"{HOUSE}/media/source.py": rooms("media.webrtc"),
    f"{HOUSE}/windows": {
        *WEB,
        *CLOCKS,
        "aiortc",
        "av",
        *rooms("verify", "calls", "web"),
        *OUTERMOST,
    },
    f"{HOUSE}/verify": {*WEB, "aiortc", "av", *rooms("web", "calls", "media.webrtc"), *OUTERMOST},
    f"{HOUSE}/calls": {*WEB, "av", *rooms("web", "media.webrtc"), *OUTERMOST},
    f"{HOUSE}/access": {*WEB, "asyncio", "numpy", "sqlalchemy", *rooms("web"), *OUTERMOST},
    f"{HOUSE}/identities": {*WEB, "ai_edge_litert", *rooms("media", "web", "calls"), *OUTERMOST},
    f"{HOUSE}/events": {*WEB, "threading", *rooms("media", "web", "calls"), *OUTERMOST},
    f"{HOUSE}/client": {*WEB, "numpy", "model", *rooms("web", "calls", "media"), *OUTERMOST},
    f"{HOUSE}/webhooks": {*WEB, "numpy", "model", *rooms("web", "calls", "media"), *OUTERMOST},
    f"{HOUSE}/web": {"numpy", "model", "sqlalchemy", *OUTERMOST},
    f"{HOUSE}/app.py": rooms("mount", "hosting", "console", "demo", "simulation"),
    f"{HOUSE}/hosting": rooms("console", "demo", "simulation"),
    f"{HOUSE}/simulation": {*WEB, *rooms("web", "calls", "hosting", "app", "media.webrtc")},
    f"{HOUSE}/verify/belief.py": CLOCKS,
    f"{HOUSE}/verify/coverage.py": CLOCKS,
    f"{HOUSE}/verify/decision.py": CLOCKS,
    f"{HOUSE}/verify/freshness.py": CLOCKS,
    f"{HOUSE}/verify/observation.py": CLOCKS,
    f"{HOUSE}/verify/pace.py": CLOCKS,
    f"{HOUSE}/verify/pipeline.py": CLOCKS,
    f"{HOUSE}/verify/table.py": CLOCKS,
}

Check = Callable[[Tree], list[str]]
CHECKS: dict[str, Check] = {
    "walls": lambda tree: through_walls(tree, FORBIDDEN),
    "aiortc": lambda tree: knows_aiortc(_house(tree), only=WEBRTC),
    "private names": lambda tree: private_names_of_others(_house(tree)),
    "cycles": import_cycles,
    "loose": lambda tree: loose_modules(tree, HOUSE, LOOSE),
    "near twins": lambda tree: near_twins(_house(tree)),
}


def _house(tree: Tree) -> Tree:
    return {path: source for path, source in tree.items() if path.startswith(f"{HOUSE}/")}


@pytest.fixture(scope="module")
def tree() -> Tree:
    return read_tree(ROOT, HOUSE, "model")


@pytest.mark.parametrize("check", CHECKS)
def test_the_house_keeps_its_rules(check: str, tree: Tree) -> None:
    assert CHECKS[check](tree) == []


# What each check must find: where a violation is planted, and what is written there.
PLANTED = {
    "windows know a clock": ("walls", "windows/looks.py", "import time"),
    "a call knows WebRTC": (
        "walls",
        "calls/registry.py",
        "from stream_verifier.media import webrtc",
    ),
    "events know the web": ("walls", "events/hub.py", "def f():\n    import starlette.requests"),
    "media knows a verdict": ("walls", "media/new.py", "from stream_verifier import verify"),
    "the model knows serving": ("walls", "../model/new.py", "import stream_verifier"),
    "aiortc outside its room": ("aiortc", "media/new.py", "from aiortc.rtp import RtpPacket"),
    "a private name by a dot": (
        "private names",
        "media/webrtc/peer.py",
        "def f(pc):\n    return pc._connection",
    ),
    "a private name by a string": (
        "private names",
        "media/webrtc/peer.py",
        'def f(pc):\n    setattr(pc, "_x", 1)',
    ),
    "a mangled name anywhere": (
        "private names",
        "calls/session.py",
        'NAME = "_RTCPeerConnection__sctp"',
    ),
    "a ring of imports": ("cycles", "events/schema.py", "from stream_verifier.events import kinds"),
    "a module beside the rooms": ("loose", "helpers.py", ""),
    "a plural beside its singular": ("near twins", "calls/sessions.py", ""),
    "a doer beside what it does": ("near twins", "console/watcher.py", ""),
}


@pytest.mark.parametrize("violation", PLANTED)
def test_a_planted_violation_is_found(violation: str, tree: Tree) -> None:
    check, place, text = PLANTED[violation]
    path = place.removeprefix("../") if place.startswith("../") else f"{HOUSE}/{place}"
    planted = {**tree, path: f"{tree.get(path, '')}\n{text}\n"}
    assert CHECKS[check](planted) != []


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
