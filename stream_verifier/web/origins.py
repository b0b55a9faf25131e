"""Which pages may do something with this server."""

from __future__ import annotations

from urllib.parse import urlsplit


def origin_allowed(origin: str | None, host: str | None, allowed: tuple[str, ...]) -> bool:
    """Whether a page of that origin may open a call or change something.

    Browsers always send an origin; a client without one is no page and cannot be tricked.
    """
    if origin is None or origin in allowed:
        return True
    return urlsplit(origin).netloc == host
