"""JSON as the routes give it."""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import JSONResponse


class JsonAnswer(JSONResponse):
    r"""JSON in UTF-8, in which half a character (a lone surrogate) is escaped, such as ``\udcfc``.

    Earlier releases took such on record; it has no bytes in UTF-8, and who reads JSON has it back.
    """

    def render(self, content: Any) -> bytes:
        """The body."""
        text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode("utf-8", "backslashreplace")
