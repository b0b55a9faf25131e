"""Looks at a machine and says what would keep the server from working, and what to do."""

from __future__ import annotations

import importlib
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from model.errors import ModelError
from stream_verifier.console import doctor_store
from stream_verifier.errors import SettingsError, StreamVerifierError
from stream_verifier.hosting.address_space import require_address_space
from stream_verifier.settings import Settings, doubts

_LIBRARIES = ("aiortc", "av", "ai_edge_litert", "cv2", "webrtcvad", "websockets", "sqlalchemy")
_DEMO_LIBRARIES = ("matplotlib", "skimage", "espeakng_loader")
_FREE_BYTES = 100 * 1024 * 1024
_FREE_FILES = 256
_MANY_CALLS = 64


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    check: str
    ok: bool
    message: str


def examine(settings: Settings) -> list[Finding]:
    """Run all checks; none of them changes anything or stops the others."""
    checks: tuple[tuple[str, Callable[[Settings], str]], ...] = (
        ("python", _python),
        ("settings", _settings),
        ("libraries", lambda _: _import_all(_LIBRARIES, "pip install stream-verifier")),
        ("demo", _demo),
        ("weights", _weights),
        ("port", _port),
        ("data folder", _data_dir),
        ("access", _access),
        ("store key", doctor_store.key),
        ("store", doctor_store.store),
        ("audit trail", doctor_store.audit_trail),
        ("fleet", doctor_store.fleet),
        ("open files", _open_files),
        ("address space", _address_space),
    )
    return [_run(name, check, settings) for name, check in checks]


def _run(name: str, check: Callable[[Settings], str], settings: Settings) -> Finding:
    try:
        return Finding(name, True, check(settings))
    except (StreamVerifierError, ModelError, OSError, ImportError) as error:
        return Finding(name, False, str(error))


def _python(_: Settings) -> str:
    version = ".".join(map(str, sys.version_info[:3]))
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        raise OSError(f"Python {version} is not supported: use 3.11 to 3.13.")
    return version


def _settings(_: Settings) -> str:
    if found := doubts():
        raise SettingsError(" ".join(found))
    return "no variable is misspelt"


def _import_all(names: tuple[str, ...], remedy: str) -> str:
    missing = []
    for name in names:
        try:
            importlib.import_module(name)
        except Exception as error:  # a broken binary wheel may raise anything
            missing.append(f"{name} ({error})")
    if missing:
        raise ImportError(f"cannot import {', '.join(missing)}: {remedy}")
    return f"{len(names)} importable"


def _demo(_: Settings) -> str:
    """A server needs none of it, so that its absence is no fault."""
    try:
        return _import_all(_DEMO_LIBRARIES, "pip install 'stream-verifier[demo]'")
    except ImportError as error:
        return f"not installed, only 'stream-verifier demo' needs it: {error}"


def _weights(settings: Settings) -> str:
    from model.runtime.weights import Weights
    from stream_verifier.verify.operating import DecisionModel

    weights = Weights.load()
    DecisionModel.load(weights).point(settings.operating_point)
    return f"{weights.model_id}, every hash as in the manifest"


def _port(settings: Settings) -> str:
    from stream_verifier.hosting.listener import listen

    with listen(settings):
        return f"{settings.host}:{settings.port} is free"


def _nearest_existing(path: Path) -> Path:
    while not path.exists():
        path = path.parent
    return path


def _data_dir(settings: Settings) -> str:
    folder = _nearest_existing(settings.data_dir)
    if not os.access(folder, os.W_OK):
        raise OSError(
            f"{folder} is not writable: set STREAM_VERIFIER_DATA_DIR to a folder of yours."
        )
    free = shutil.disk_usage(folder).free
    if free < _FREE_BYTES:
        raise OSError(f"only {free >> 20} MiB are free at {folder}: make room.")
    found = os.statvfs(folder)
    if found.f_files and found.f_favail < _FREE_FILES:  # some file systems do not count them
        raise OSError(
            f"only {found.f_favail} files may be made yet at {folder}: delete some that are of no "
            "use, or make a file system with more inodes."
        )
    return f"{settings.data_dir}, {free >> 30} GiB free"


def _access(settings: Settings) -> str:
    from stream_verifier.access.gate import Gate

    gate = Gate.of(settings)
    if gate.tokens is None:
        return "no key for tokens: this machine alone is answered"
    return "by tokens" if gate.provider is None else "by tokens, and those of a provider"


def _open_files(settings: Settings) -> str:
    from stream_verifier.hosting.open_files import most_open_files

    limit = most_open_files()
    needed = 64 + 16 * (settings.max_calls or _MANY_CALLS)
    if limit < needed:
        raise OSError(f"only {limit} files may be open, {needed} are needed: raise 'ulimit -Hn'.")
    return f"{limit} files may be open"


def _address_space(_: Settings) -> str:
    limit = require_address_space()
    return "no limit" if limit is None else f"{limit >> 20} MiB may be asked for"
