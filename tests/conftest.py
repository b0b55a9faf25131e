from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The real faces and voices, which are never part of the repository."""
    path = Path(os.environ.get("STREAM_VERIFIER_DATA", ROOT.parent / "shared" / "data"))
    if not (path / "dev" / "trials.csv").is_file():
        pytest.skip(f"needs real faces and voices in {path} (or set STREAM_VERIFIER_DATA)")
    return path
