"""Somebody who sends another picture in each size of a simulcast, as no browser does."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from typing import Any

from aiortc import RTCRtpSender

from stream_verifier.media.webrtc.publisher import Publisher

_GROUP = "a=ssrc-group:SIM "
_LOCAL_RTP = "_RTCPeerConnection__localRtp"


class LayeredPublisher(Publisher):
    """Plays one file, and its pictures again from others in larger sizes.

    Args:
        path: with the smallest picture, and the sound.
        larger: one file for each larger size, smallest first; of them the pictures are played.
        options: of a `Publisher`.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        larger: Sequence[str | os.PathLike[str]],
        **options: Any,
    ) -> None:
        super().__init__(path, **options)
        self._larger = [Publisher(one, **options) for one in larger]
        self._senders: list[RTCRtpSender] = []
        self._task: asyncio.Task[None] | None = None

    async def offer(self) -> str:
        sdp = await super().offer()
        smallest = self._smallest
        for one in self._larger:
            one._reel = one._open()
            sender = RTCRtpSender(one._reel.tracks["video"], smallest.transport)
            sender._enabled = True
            self._senders.append(sender)
        sources = [smallest._ssrc, *(sender._ssrc for sender in self._senders)]
        lines = [f"a=ssrc:{source} cname:sizes" for source in sources[1:]]
        group = _GROUP + " ".join(map(str, sources))
        before, own, after = sdp.partition(f"a=ssrc:{smallest._ssrc} ")
        return "\r\n".join([before + group, *lines, own + after])

    async def accept(self, answer: str) -> None:
        await super().accept(answer)
        self._task = asyncio.create_task(self._send_larger())

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
        for sender in self._senders:
            await sender.stop()
        for one in self._larger:
            await one.close()
        await super().close()

    @property
    def _smallest(self) -> RTCRtpSender:
        assert self._connection is not None
        return next(one for one in self._connection.getSenders() if one.kind == "video")

    async def _send_larger(self) -> None:
        assert self._connection is not None
        while self._connection.connectionState != "connected":  # noqa: ASYNC110 (no event says so)
            await asyncio.sleep(0.02)
        transceiver = next(one for one in self._connection.getTransceivers() if one.kind == "video")
        parameters = getattr(self._connection, _LOCAL_RTP)(transceiver)
        for sender in self._senders:
            parameters.rtcp.ssrc = sender._ssrc
            await sender.send(parameters)
