"""What a connection counted so far."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StreamStats:
    """One stream's counts so far.

    Attributes:
        packets: RTP packets received.
        frames: frames decoded.
        lost: audio packets given up, or video frames dropped for a missing reference.
        restarts: times that stalled video had to be restarted.
        silent_s: seconds since the last packet; None before the first.
    """

    packets: int
    frames: int
    lost: int
    restarts: int
    silent_s: float | None


@dataclass(frozen=True, slots=True)
class PeerStats:
    """A peer's state and counts.

    Attributes:
        state: of the connection: "new", "connecting", "connected", "failed" or "closed".
        synchronised: whether audio and video are aligned by sender reports yet.
        streams: by kind, "audio" and "video".
    """

    state: str
    synchronised: bool
    streams: dict[str, StreamStats]
