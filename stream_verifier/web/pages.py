"""The pages and the SDK as static files, beside the API."""

from __future__ import annotations

from pathlib import Path

from starlette.routing import Match, Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

_API = "/api/"


class Pages(Mount):
    """All paths but the API's, so that those answer for themselves what is not theirs.

    Args:
        directory: what is served.
    """

    def __init__(self, directory: Path) -> None:
        super().__init__("/", StaticFiles(directory=directory, html=True))

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match what does not begin like the API."""
        path: str = scope["path"]
        if path.removeprefix(scope.get("root_path", "")).startswith(_API):
            return Match.NONE, {}
        return super().matches(scope)
