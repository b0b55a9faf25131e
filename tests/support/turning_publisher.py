"""Somebody whose packets say that his pictures are to be turned, as phones' packets do."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from aiortc.codecs import HEADER_EXTENSIONS
from aiortc.rtcrtpparameters import RTCRtpHeaderExtensionParameters
from aiortc.rtp import (
    HeaderExtensions,
    HeaderExtensionsMap,
    pack_header_extensions,
    unpack_header_extensions,
)

from stream_verifier.media.webrtc.publisher import Publisher

URI = "urn:3gpp:video-orientation"
_ID = 13
_MAP = "_RTCRtpSender__rtp_header_extensions_map"


@contextlib.contextmanager
def _offered() -> Iterator[None]:
    """Have aiortc offer it, which does not know it."""
    extension = RTCRtpHeaderExtensionParameters(id=_ID, uri=URI)
    HEADER_EXTENSIONS["video"].append(extension)
    try:
        yield
    finally:
        HEADER_EXTENSIONS["video"].remove(extension)


class _Says(HeaderExtensionsMap):
    def __init__(self, quarters: int) -> None:
        super().__init__()
        self._quarters = quarters

    def set(self, values: HeaderExtensions) -> tuple[int, bytes]:
        usual = unpack_header_extensions(*super().set(values))
        return pack_header_extensions([*usual, (_ID, bytes([self._quarters]))])


class TurningPublisher(Publisher):
    """Plays a file that lies on its side.

    Args:
        path: of the file.
        quarters: clockwise quarter turns that put it upright.
    """

    def __init__(self, path: Any, *, quarters: int, **options: Any) -> None:
        super().__init__(path, **options)
        self._quarters = quarters

    async def offer(self) -> str:
        with _offered():
            sdp = await super().offer()
        assert self._connection is not None
        for sender in self._connection.getSenders():
            if sender.kind == "video":
                setattr(sender, _MAP, _Says(self._quarters))
        return sdp

    async def accept(self, answer: str) -> None:
        with _offered():
            await super().accept(answer)
