"""The wheel, as somebody gets it who has no checkout."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import sysconfig
import time
import tomllib
import urllib.request
import venv
import zipfile
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from benchmarks.ports import free_port
from tests.support.house_rules import imports

ROOT = Path(__file__).resolve().parent.parent
START_S = 120.0
OURS = ("stream_verifier", "model")
NEED = r"^Requires-Dist: ([A-Za-z0-9._-]+)(?:.*extra == '(\w+)')?"
OPTIONAL = {"dlib", "onnxruntime", "resemblyzer"}
"""For the peer of a comparison and for references; docstrings say how to install them."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
    run(*command, "--directory", folder, cwd=ROOT)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment with the wheel in it.

    What it depends on is taken from the environment of the tests, by a line a folder: installing
    it again takes minutes and a network, and whether it is declared another test tells. Such lines
    lead to no others, so that a checkout installed there is not found.
    """
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, symlinks=True, with_pip=False)
    python = folder / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--quiet", "--python", str(python))
    # What is never imported need not be compiled.
    run(*pip, "install", "--no-deps", "--no-index", "--no-compile", wheel)
    packages = sysconfig.get_path("purelib", vars={"base": str(folder)})
    others = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    Path(packages, "dependencies.pth").write_text("".join(f"{path}\n" for path in others))
    return folder


def run(*command: str | Path, cwd: Path | None = None) -> str:
    """What a command printed, away from the checkout unless told."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd or "/",
        env=environment(),
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def environment(**more: str) -> dict[str, str]:
    """Nothing that could lead to the checkout or set the server up."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "STREAM_VERIFIER_", "VIRTUAL_ENV"))
    }
    return kept | {"COLUMNS": "100"} | more


def test_the_wheel_holds_the_packages_the_weights_and_the_pages(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == set(OURS)
    pages = {path.relative_to(ROOT / "web_client") for path in (ROOT / "web_client").rglob("*")}
    files = {f"stream_verifier/web/client/{page}" for page in pages if page.suffix}
    assert files
    assert files <= names
    weights = ROOT / "model" / "weights"
    assert {f"model/weights/{path.name}" for path in weights.iterdir() if path.is_file()} <= names
    licences = {path.name for path in (weights / "licences").iterdir()} | {"LICENSE"}
    assert licences <= {Path(name).name for name in names if "/licenses/" in name}


REDIS = "fleet/|events/redis/"
"""What a server without Redis never imports."""
LIVEKIT = "rooms/livekit/"
"""What is imported where rooms of LiveKit are attached, and its package by nothing else."""


@pytest.mark.parametrize(
    ("part", "extras"),
    [
        (rf"stream_verifier/(?!demo/|.*plot|identities/hsm|{REDIS}|{LIVEKIT})|model/runtime/", ()),
        (rf"stream_verifier/(?!identities/hsm|{REDIS}|{LIVEKIT})", ("demo",)),
        (rf"stream_verifier/({REDIS})", ("fleet",)),
        (rf"stream_verifier/{LIVEKIT}", ("livekit",)),
        (r"stream_verifier/identities/", ("hsm",)),
        (r"model/", ("train", "peer", "demo")),
    ],
)
def test_everything_that_is_imported_is_declared(
    wheel: Path, part: str, extras: tuple[str, ...]
) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (metadata,) = (name for name in names if name.endswith("/METADATA"))
        told = archive.read(metadata).decode()
        modules = [name for name in names if name.endswith(".py") and re.match(part, name)]
        needed = set().union(*(imported(one, archive.read(one).decode()) for one in modules))
    declared = {
        canonical(name)
        for name, extra in re.findall(NEED, told, re.MULTILINE)
        if not extra or extra in extras
    }
    found = distributions()
    undeclared = {
        name
        for name in needed - OPTIONAL
        if not {canonical(one) for one in found.get(name, [name])} & declared
    }
    assert undeclared == set()


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


# Each reads the lists of files of all packages.
distributions = cache(packages_distributions)


def imported(path: str, source: str) -> set[str]:
    """The top names that a module imports, without Python's own and ours."""
    names = {name.partition(".")[0] for name in imports(path, source)}
    return names - sys.stdlib_module_names - set(OURS)


def declared_version() -> str:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    version: str = tomllib.loads(text)["project"]["version"]
    return version


def test_the_installed_packages_are_the_wheels_and_find_their_weights(installed: Path) -> None:
    code = (
        "import json, model, stream_verifier\n"
        "from importlib.metadata import version\n"
        "from model.runtime.weights import Weights\n"
        "from stream_verifier.app import client_dir\n"
        "print(json.dumps([stream_verifier.__file__, model.__file__, str(client_dir()),\n"
        "    str(Weights.load().path('face_tower')), version('stream-verifier')]))"
    )
    *places, version = json.loads(run(installed / "bin" / "python", "-c", code))
    for place in places:
        assert Path(place).is_relative_to(installed)
        assert Path(place).exists()
    assert version == declared_version()


def test_the_command_tells_what_it_can_do(installed: Path) -> None:
    told = run(installed / "bin" / "stream-verifier", "--help")
    for command in ("serve", "enroll", "verify", "identities", "doctor", "demo"):
        assert re.search(rf"\b{command}\b", told)


def test_the_installed_server_answers_and_has_its_pages(installed: Path, tmp_path: Path) -> None:
    with serving(installed, tmp_path) as address:
        assert json.loads(fetch(f"{address}/api/v1/health"))["status"] == "ok"
        assert b"<title>" in fetch(f"{address}/")
        for page in ("monitor.html", "js/element.js", "css/theme.css"):
            assert fetch(f"{address}/{page}") == (ROOT / "web_client" / page).read_bytes()


@contextlib.contextmanager
def serving(installed: Path, data: Path) -> Iterator[str]:
    port = free_port()
    with (data / "log").open("w+") as log:
        server = subprocess.Popen(
            [installed / "bin" / "stream-verifier", "serve", "--port", str(port)],
            cwd="/",
            env=environment(STREAM_VERIFIER_DATA_DIR=str(data / "data")),
            stdout=log,
            stderr=log,
        )
        try:
            wait_for(f"http://127.0.0.1:{port}/api/v1/health", server)
            yield f"http://127.0.0.1:{port}"
        except Exception as error:
            log.seek(0)
            error.add_note(log.read())
            raise
        finally:
            server.terminate()
            server.wait(timeout=60)


def wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    limit = time.monotonic() + START_S
    while time.monotonic() < limit:
        assert server.poll() is None, "the server ended at its start"
        with contextlib.suppress(OSError):
            fetch(address)
            return
        time.sleep(0.2)
    raise TimeoutError(f"no answer within {START_S:g} s")


def fetch(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=10) as answer:
        content: bytes = answer.read()
    return content
