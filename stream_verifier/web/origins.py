"""By which names the server answers, and which pages may do something with it."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[^:\[\]]+)(:[0-9]{1,5})?")


def host_allowed(host: str | None, allowed: tuple[str, ...]) -> bool:
    """Whether a Host header names this server; guards against DNS rebinding.

    Args:
        host: the header.
        allowed: names; "*.example" fits every name that ends so, "*" all.
    """
    parts = _HOST.fullmatch((host or "").lower())
    if parts is None:
        return False
    name = parts["name"]
    return any(
        pattern in ("*", name) or (pattern.startswith("*.") and name.endswith(pattern[1:]))
        for pattern in map(str.lower, allowed)
    )


def origin_allowed(origin: str | None, host: str | None, allowed: tuple[str, ...]) -> bool:
    """Whether a page of that origin may open a call or change something.

    Browsers always send an origin; a client without one is no page and cannot be tricked.
    """
    if origin is None or origin in allowed:
        return True
    try:
        return urlsplit(origin).netloc == host
    except ValueError:  # of brackets that hold no address
        return False
