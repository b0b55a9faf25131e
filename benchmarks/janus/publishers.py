"""Chromium publishers that know Janus alone: what they show, and whom they spoke to."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import numpy as np
from playwright.async_api import Page

from benchmarks.casting import Role, frames, sound
from benchmarks.chromium import CAMERA_FPS, Capture, open_page, write_capture
from benchmarks.folder_server import folder_server

_FOLDER = Path(__file__).parent
_MARK_PX, _MARK_BGR = 32, (0, 255, 0)
"""A corner by which the page sees when the person was swapped: under load, devices play late."""


@dataclass
class ChromiumPublisher:
    """One browser.

    Attributes:
        name: under which he is enrolled, and his display name.
        page: that publishes.
        contacted: hosts and ports of all that it opened beside its own page.
    """

    name: str
    page: Page
    contacted: set[str] = field(default_factory=set)

    async def told(self) -> dict[str, Any]:
        """What the page noted: times in ms since 1970."""
        found: dict[str, Any] = await self.page.evaluate("window.told")
        return found


def write_swap(folder: Path, role: Role, *, before_s: float, after_s: float) -> Capture:
    """A camera and a microphone that have the person at first, then somebody else."""
    own, other = role.calls["genuine"], role.calls["impostor_both"]

    def pictures() -> Iterator[Any]:
        yield from frames(own, seconds=before_s, fps=CAMERA_FPS)
        for picture in frames(other, seconds=after_s, fps=CAMERA_FPS):
            picture[:_MARK_PX, :_MARK_PX] = _MARK_BGR
            yield picture

    said = np.concatenate([sound(own, seconds=before_s), sound(other, seconds=after_s)])
    return write_capture(folder, role.chimera.name, pictures(), said)


def page_server() -> contextlib.AbstractContextManager[str]:
    """Serve the page on this machine; gives its address."""
    return folder_server(_FOLDER)


@contextlib.asynccontextmanager
async def publisher(
    pages: str, capture: Capture, name: str, **wanted: str
) -> AsyncIterator[ChromiumPublisher]:
    """Run a browser that publishes until the block ends."""
    async with open_page("about:blank", capture) as page:
        one = ChromiumPublisher(name, page)
        page.on("websocket", lambda socket: one.contacted.add(urlsplit(socket.url).netloc))
        page.on("request", lambda request: one.contacted.add(urlsplit(request.url).netloc))
        await page.goto(f"{pages}/page.html?{urlencode({'display': name, **wanted})}")
        one.contacted.discard(urlsplit(pages).netloc)
        yield one
