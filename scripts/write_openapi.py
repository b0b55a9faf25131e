"""Writes the description of the HTTP API from the code: python scripts/write_openapi.py."""

from __future__ import annotations

import json
from pathlib import Path

from stream_verifier.app import create_app
from stream_verifier.settings import Settings

PATH = Path(__file__).resolve().parent.parent / "docs" / "protocol" / "openapi.json"


def description() -> str:
    """The description as it is kept in the repository."""
    return json.dumps(create_app(Settings()).openapi(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PATH.parent.mkdir(parents=True, exist_ok=True)
    PATH.write_text(description(), encoding="utf-8")
