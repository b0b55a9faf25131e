"""Bandwidth estimates: told to the sender when they matter, not with every packet."""

from __future__ import annotations

from typing import Any

from aiortc import RTCRtpReceiver
from aiortc.rate import RemoteBitrateEstimator

from stream_verifier.media.webrtc.aiortc_patches.names import PREFIX, private, replace

EVERY_MS = 200
"""Between two reports of about the same; libwebrtc's own spacing."""
WINDOW_MS = 1000
"""Of the rate that estimates begin with."""
LOWER = 0.97
"""An estimate below this share of the last one is told at once."""


class SpacedEstimates:
    """Takes the place of a receiver's bandwidth estimator and keeps back what says nothing new.

    While packets come later than they should, as behind a slow network or on a busy machine,
    aiortc encrypts and sends a report with every packet. libwebrtc spaces them like this.

    After a pause aiortc counts each millisecond of it, 1.2 s of the event loop for an hour without
    pictures; a rate whose window is over begins anew instead.

    Args:
        estimator: aiortc's.
    """

    def __init__(self, estimator: RemoteBitrateEstimator) -> None:
        self._estimator = estimator
        self._newest_ms: int | None = None
        self._told_ms: int | None = None
        self._told_bps = 0.0

    def add(self, *, arrival_time_ms: int, **packet: Any) -> tuple[int, list[int]] | None:
        """Take a packet; return what to tell the sender: bits a second, and of which sources."""
        if self._newest_ms is not None and arrival_time_ms - self._newest_ms >= WINDOW_MS:
            self._estimator.incoming_bitrate.reset()
        self._newest_ms = arrival_time_ms
        found = self._estimator.add(arrival_time_ms=arrival_time_ms, **packet)
        if found is None:
            return None
        recent = self._told_ms is not None and 0 <= arrival_time_ms - self._told_ms < EVERY_MS
        if recent and found[0] >= LOWER * self._told_bps:
            return None
        self._told_ms, self._told_bps = arrival_time_ms, found[0]
        return found


def space_estimates(receiver: RTCRtpReceiver) -> None:
    """Space what a video receiver tells about bandwidth."""
    name = "remote_bitrate_estimator"
    replace(receiver, PREFIX + name, SpacedEstimates(private(receiver, name)))
