"""The walls between the rooms, as docs/architecture.md draws them, and that the checks check."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.house_rules import (
    Tree,
    beyond_neighbours,
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
LOOSE = {"__init__", "__main__", "app", "errors", "mount", "secrecy"}
WEBRTC = "stream_verifier/media/webrtc/"
WEB = {"fastapi", "starlette", "uvicorn"}
CLOCKS = {"asyncio", "time", "threading", "datetime", "random"}


# Which other rooms a room may import, one within another by itself. A room that is not here is in
# nobody's plan: give it a line. Loose modules are rooms too.
MAY_KNOW = {
    "errors": set[str](),
    "secrecy": set[str](),
    "settings": {"errors", "access", "webhooks"},
    "decoded": {"errors"},
    "media": {"errors", "decoded"},
    "media.webrtc": {"errors", "media", "settings"},
    "media.fed": {"errors", "decoded", "media", "settings"},
    "windows": {"errors", "media"},
    "verify": {"errors", "secrecy", "settings", "media", "windows", "identities", "events"},
    "audit": {"errors"},
    "identities": {"errors", "settings", "audit"},
    "access": {"errors", "settings", "identities", "audit"},
    "events": {"errors", "identities", "fleet.link"},
    "fleet.link": {"errors"},
    "fleet": {
        *("errors", "settings", "calls", "events", "fleet.link", "rooms"),
    },
    "calls": {
        *("access", "audit", "errors", "settings", "media", "verify", "identities", "events"),
        "decoded",
    },
    "rooms": {
        *("access", "audit", "calls", "client", "errors", "events", "media", "settings"),
        *("identities", "webhooks"),
    },
    "client": {"errors", "events", "decoded"},
    "webhooks": {"errors", "settings", "events", "client"},
    "web": {
        "errors",
        "settings",
        "access",
        "audit",
        "identities",
        "events",
        "calls",
        "rooms",
        "decoded",
        "web.ice",
        "web.state",
    },
    "web.ice": {"errors", "settings", "access", "media.webrtc", "web", "web.state"},
    "web.state": {
        "errors",
        "settings",
        "access",
        "audit",
        "identities",
        "events",
        "calls",
        "media",
        "rooms",
        "verify",
    },
    "app": {
        *("errors", "settings", "access", "audit", "identities", "events", "verify", "calls"),
        *("webhooks", "media", "media.webrtc", "media.fed", "web", "web.state", "fleet", "rooms"),
    },
    "mount": {"errors", "settings", "media", "app"},
    "hosting": {
        *("errors", "secrecy", "settings", "media", "events", "app", "web", "web.state", "decoded"),
    },
    "simulation": {"errors", "media", "windows", "verify", "events"},
    "demo": {
        *("errors", "settings", "access", "media", "media.webrtc", "events", "hosting", "console"),
    },
    "console": {
        *("errors", "settings", "access", "audit", "media", "verify", "identities", "events"),
        *("client", "fleet", "hosting", "demo", "simulation"),
    },
    "__main__": {"console"},
}

# What of the rest of the world a room must not know.
FORBIDDEN = {
    "model": {HOUSE},
    "model/runtime": {"tensorflow", "keras", "librosa", "matplotlib"},
    f"{HOUSE}/errors.py": WEB,
    # Media may ask where speech is, to choose among channels; not whose face or voice it is.
    f"{HOUSE}/media": {
        *WEB,
        *(f"model.{part}" for part in ("data", "siamese", "towers", "training", "types")),
        *(f"model.runtime.{part}" for part in ("comparator", "face", "litert", "reference")),
        *("model.runtime.voice", "ai_edge_litert"),
    },
    f"{HOUSE}/windows": {*WEB, *CLOCKS, "av"},
    f"{HOUSE}/verify": {*WEB, "av"},
    f"{HOUSE}/calls": {*WEB, "av"},
    f"{HOUSE}/access": {*WEB, "asyncio", "numpy", "sqlalchemy", "model"},
    f"{HOUSE}/audit": {*WEB, "numpy", "model"},
    f"{HOUSE}/identities": {*WEB, "ai_edge_litert"},
    f"{HOUSE}/events": {*WEB, "threading", "numpy", "model"},
    f"{HOUSE}/fleet": {*WEB, "numpy", "model", "sqlalchemy"},
    f"{HOUSE}/rooms": {*WEB, "numpy", "model", "sqlalchemy"},
    f"{HOUSE}/client": {*WEB, "numpy", "model"},
    f"{HOUSE}/decoded": {*WEB, *CLOCKS, "numpy", "model"},
    f"{HOUSE}/webhooks": {*WEB, "numpy", "model"},
    f"{HOUSE}/web": {"numpy", "model", "sqlalchemy"},
    f"{HOUSE}/hosting": {"numpy", "model", "sqlalchemy"},
    f"{HOUSE}/simulation": {*WEB, "asyncio", "sqlalchemy"},
    f"{HOUSE}/console": WEB,
    **{
        f"{HOUSE}/verify/{name}.py": CLOCKS
        for name in (
            *("belief", "coverage", "decision", "freshness", "observation", "pace", "pipeline"),
            *("enrol_pipeline", "intake", "load", "schedule", "table"),
        )
    },
}

Check = Callable[[Tree], list[str]]
CHECKS: dict[str, Check] = {
    "rooms": lambda tree: beyond_neighbours(tree, HOUSE, MAY_KNOW),
    "walls": lambda tree: through_walls(tree, FORBIDDEN),
    "aiortc": lambda tree: knows_aiortc(_house(tree), only=WEBRTC),
    "private names": lambda tree: private_names_of_others(
        _house(tree), room=WEBRTC, only=f"{WEBRTC}aiortc_patches/"
    ),
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


PEER, PRIVATE = f"{HOUSE}/media/webrtc/peer.py", "private names"
LISTED = f"{HOUSE}/media/webrtc/intake.py"
# What each check must find: where a violation is planted, and what is written there.
PLANTED = {
    "windows know a clock": ("walls", f"{HOUSE}/windows/looks.py", "import time"),
    "a verdict knows a clock": ("walls", f"{HOUSE}/verify/belief.py", "from time import monotonic"),
    "events know the web": (
        "walls",
        f"{HOUSE}/events/hub.py",
        "def f():\n    import starlette.requests",
    ),
    "the model knows serving": ("walls", "model/new.py", "import stream_verifier"),
    "a call knows WebRTC": (
        "rooms",
        f"{HOUSE}/calls/registry.py",
        "from stream_verifier.media import webrtc",
    ),
    "WebRTC by dots": ("rooms", f"{HOUSE}/calls/registry.py", "from ..media import webrtc"),
    "WebRTC by a string": (
        "rooms",
        f"{HOUSE}/calls/registry.py",
        'import importlib\nP = importlib.import_module("stream_verifier.media.webrtc.peer")',
    ),
    "media knows a verdict": (
        "rooms",
        f"{HOUSE}/media/new.py",
        "from stream_verifier import verify",
    ),
    "a recording knows WebRTC": (
        "rooms",
        f"{HOUSE}/media/recorded.py",
        "from .webrtc.peer import Peer",
    ),
    "a route knows a peer": (
        "rooms",
        f"{HOUSE}/web/whip.py",
        "from stream_verifier.media.webrtc.peer import Peer",
    ),
    "the gate knows calls": ("rooms", f"{HOUSE}/access/gate.py", "import stream_verifier.calls"),
    "the console knows routes": ("rooms", f"{HOUSE}/console/watch.py", "from ..web import access"),
    "a server knows simulation": (
        "rooms",
        f"{HOUSE}/hosting/server.py",
        "def f():\n    from stream_verifier.simulation import replay",
    ),
    "a room that nobody planned": ("rooms", f"{HOUSE}/liveness/channel.py", ""),
    "aiortc outside its room": (
        "aiortc",
        f"{HOUSE}/media/new.py",
        "from aiortc.rtp import RtpPacket",
    ),
    "aiortc by a string": ("aiortc", f"{HOUSE}/calls/session.py", 'A = __import__("aiortc")'),
    "a private name by a dot": (PRIVATE, PEER, "def f(pc):\n    return pc._connection"),
    "of a part of one's own": (PRIVATE, PEER, "def f(self):\n    return self._pc._connection"),
    "by a string": (PRIVATE, PEER, 'def f(pc):\n    setattr(pc, "_x", 1)'),
    "in a dictionary": (PRIVATE, PEER, 'def f(pc):\n    return pc.__dict__["_x"]'),
    "by a getter": (PRIVATE, PEER, 'import operator\nG = operator.attrgetter("transport._x")'),
    "by an import": (PRIVATE, PEER, "from aiortc.rtcrtpreceiver import _x"),
    "where aiortc is not imported": (PRIVATE, LISTED, "def f(tap):\n    return tap._receiver"),
    "by inheritance": (
        PRIVATE,
        f"{HOUSE}/media/webrtc/publisher.py",
        "from aiortc import MediaStreamTrack\n"
        "class Track(MediaStreamTrack):\n    def f(self):\n        return self._queue",
    ),
    "a mangled name anywhere": (
        PRIVATE,
        f"{HOUSE}/calls/session.py",
        'NAME = "_RTCPeerConnection__sctp"',
    ),
    "a ring of imports": (
        "cycles",
        f"{HOUSE}/errors.py",
        "from stream_verifier.settings import Settings",
    ),
    "a ring by dots": ("cycles", f"{HOUSE}/errors.py", "from . import settings"),
    "a module beside the rooms": ("loose", f"{HOUSE}/helpers.py", ""),
    "a plural beside its singular": ("near twins", f"{HOUSE}/calls/sessions.py", ""),
    "another plural": ("near twins", f"{HOUSE}/calls/summaries.py", ""),
    "a doer beside what it does": ("near twins", f"{HOUSE}/console/watcher.py", ""),
    "a doing beside it": ("near twins", f"{HOUSE}/identities/enrolling.py", ""),
    "a folder beside a module": ("near twins", f"{HOUSE}/call/new.py", ""),
}


@pytest.mark.parametrize("violation", PLANTED)
def test_a_planted_violation_is_found(violation: str, tree: Tree) -> None:
    check, path, text = PLANTED[violation]
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
        "wrong = {'tensorflow', 'keras', 'librosa', 'matplotlib', 'torch', 'skimage', 'redis',\n"
        "         'stream_verifier.simulation'}\n"
        "print(sorted(wrong & set(sys.modules)))\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True
    )
    assert result.stdout.strip() == "[]"
