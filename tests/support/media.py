"""Pictures and sounds that say which moment they are of, and a call to send them through."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from stream_verifier.media.inbox import MediaInbox
from stream_verifier.media.webrtc.peer import Peer
from stream_verifier.media.webrtc.publisher import Publisher

FPS = 25
SIZE = (320, 240)
SECONDS = 4
_BITS = 8
_CELL = 40


def numbered(number: int, size: tuple[int, int] = SIZE) -> NDArray[np.uint8]:
    """A picture that says its number in blocks which survive a lossy codec."""
    image = np.full((size[1], size[0], 3), 90, np.uint8)
    cell = size[0] // _BITS
    for bit in range(_BITS):
        image[:cell, bit * cell : (bit + 1) * cell] = 235 if number >> bit & 1 else 16
    image[cell:, :, 2] = number * 5 % 250
    return image


def number_in(image: NDArray[np.uint8]) -> int:
    """Read what `numbered` wrote."""
    cell = image.shape[1] // _BITS
    row = image[cell // 4 : cell - cell // 4].mean(axis=(0, 2))
    return sum(
        (row[bit * cell + cell // 4 : (bit + 1) * cell - cell // 4].mean() > 128) << bit
        for bit in range(_BITS)
    )


def sweep(seconds: float, rate_hz: int = 48_000) -> NDArray[np.int16]:
    """A tone that rises, so that every moment sounds different."""
    t = np.arange(int(seconds * rate_hz)) / rate_hz
    return (9000 * np.sin(2 * np.pi * (200 * t + 150 * t**2))).astype(np.int16)


class Call:
    """A publisher connected to a peer on this machine."""

    def __init__(self, publisher: Publisher, peer: Peer, inbox: MediaInbox) -> None:
        self.publisher = publisher
        self.peer = peer
        self.inbox = inbox

    async def connect(self) -> None:
        answer = await self.peer.answer(await self.publisher.offer())
        await self.publisher.accept(answer)

    async def close(self) -> None:
        await self.publisher.close()
        await self.peer.close()


StartCall = Callable[..., Call]
