"""Made-up media that later tests and runs find again, as encoding it is dearer than most tests."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_CACHE = ROOT / ".cache" / "made-media"
_MAKERS = ("constraints.txt", "stream_verifier/media/encode.py", "stream_verifier/demo/*.py")


def kept_folder(name: str, *makers: str) -> Path:
    """A folder for files of made-up people, kept until what makes them or a library of its changes.

    Args:
        name: of its own; a folder of that name whose makers were others is dropped.
        makers: what makes the files besides the demo people: patterns below the root.
    """
    made_by = sorted(path for maker in (*_MAKERS, *makers) for path in ROOT.glob(maker))
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in made_by)).hexdigest()[:16]
    folder = _CACHE / f"{name}-{digest}"
    for other in set(_CACHE.glob(f"{name}-*")) - {folder}:
        shutil.rmtree(other, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def made_once(path: Path, make: Callable[[Path], object]) -> Path:
    """The file at a path, made whole where there is none; who wants it meanwhile waits for it."""
    if not path.exists():
        with path.with_name(f"{path.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not path.exists():
                part = path.with_name(f"{os.getpid()}.{path.name}")
                make(part)
                part.replace(path)
    return path
