"""Where a recording's time begins.

Encoders of sound put some samples in front, up to a tenth of a second. MP4, Matroska and Ogg say
how many, and demuxers leave them out; FLV, ASF and MPEG streams only let the first picture begin
so much later. There too time begins at the picture, and what lies before it is left out: the
sound that is heard then lies where it does in any other container.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import av
import av.container

from stream_verifier.media.footage.tracks import Track
from stream_verifier.media.types import SAMPLE_RATE_HZ, AudioChunk, MediaItem

PRIMING_S = 0.1
"""No encoder puts more in front of the sound."""
_UNTOLD = {"flv", "asf", "mpegts", "mpeg"}
"""Formats that do not say how much it is."""


def origin_s(container: av.container.InputContainer, chosen: Sequence[Track]) -> float:
    """Return a recording's own time of its first media, without the priming of its sound.

    Args:
        container: open.
        chosen: its tracks that are used.
    """
    starts: dict[str, float] = {
        track.type: float(track.start_time * track.time_base)
        for track in chosen
        if track.start_time is not None and track.time_base is not None
    }
    first_s = min(starts.values(), default=(container.start_time or 0) / av.time_base)
    picture_s = starts.get("video", first_s)
    primed = container.format.name in _UNTOLD and picture_s - first_s <= PRIMING_S
    return picture_s if primed else first_s


def without_priming(items: Sequence[MediaItem]) -> list[MediaItem]:
    """Leave out the sound that lies before time 0."""
    return [kept for item in items if (kept := _kept(item)) is not None]


def _kept(item: MediaItem) -> MediaItem | None:
    if not isinstance(item, AudioChunk) or item.start_s >= 0.0:
        return item
    first = round(-item.start_s * SAMPLE_RATE_HZ)
    asides = None if item.asides is None else item.asides[first:]
    kept = replace(item, samples=item.samples[first:], start_s=0.0, asides=asides)
    return kept if len(kept.samples) else None
