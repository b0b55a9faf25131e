"""Holds a live call's media time to the server's own clock, whatever its sender writes.

Media is dated by its sender: a stream that lags behind, or runs ahead, would make trust last as
long as the sender likes. Each kind of media has a least transit (arrival minus media time) that may
rise by a real device's drift and no more. Media that stays late beyond it is dated anew, with a gap
where time went missing. What pauses of the arrival do not explain is counted: a little is a network
that queues, more is a sender whose clock lies.
"""

from __future__ import annotations

from dataclasses import dataclass

from stream_verifier.media.types import AudioChunk, MediaGap, MediaItem, VideoFrame

IMPLAUSIBLE = "implausible"
"""Reason of a gap where media time and arrival drifted apart as no device's do."""
PAUSED = "paused"
"""Reason of a gap where nothing came and the sender's clock stood still, as in a phone's sleep."""
_MOST_DRIFT_S = 0.1
"""What a clock may have drifted by since it was last seen, however long ago that is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaceSettings:
    """What is still a device and a network.

    Attributes:
        drift: how much faster or slower than ours a device's clock may run, as a share.
        jitter_s: how late media may stay without being dated anew.
        settle_s: for so long media must have been late, so that a burst after a freeze, which makes
            good for itself, changes nothing.
        pause_s: a longer break between two arrivals explains lateness.
        most_s: lateness, or lead, that nothing explains and that is still put up with.
        forgiven_per_s: how fast that is forgotten.
    """

    drift: float = 0.01
    jitter_s: float = 0.5
    settle_s: float = 1.0
    pause_s: float = 0.3
    most_s: float = 3.0
    forgiven_per_s: float = 0.02


class Pace:
    """Redates the media of one live call; pure."""

    def __init__(self) -> None:
        settings = PaceSettings()
        self._streams = {kind: _Stream(kind, settings) for kind in ("audio", "video")}
        self._began_s: float | None = None
        self._reached_s = 0.0

    def take(self, item: MediaItem) -> list[MediaItem]:
        """Date one item anew.

        Args:
            item: as it came; without an arrival it passes as it is.

        Returns:
            The item on the call's timeline, after a gap where one opened before it.
        """
        stream = self._streams[item.kind]
        items: list[MediaItem] = []
        items += [stream.shifted(item)] if isinstance(item, MediaGap) else stream.take(item)
        self._reached_s = max(self._reached_s, *(one.end_s for one in items))
        return items

    def behind_s(self, now_s: float) -> float:
        """For how long nothing has come that would lie in the present.

        Args:
            now_s: monotonic, on the clock of the arrivals; first when the call begins.
        """
        if self._began_s is None:
            self._began_s = now_s
        transits = [one.transit_at(now_s) for one in self._streams.values()]
        known = [transit for transit in transits if transit is not None]
        if not known:
            return now_s - self._began_s
        return max(0.0, now_s - min(known) - self._reached_s)


class _Stream:
    def __init__(self, kind: str, settings: PaceSettings) -> None:
        self._kind = kind
        self._settings = settings
        self._shift_s = 0.0
        self._transit_s: float | None = None
        self._at_s = 0.0
        self._end_s = 0.0
        self._paused_s = 0.0
        self._late = 0.0
        self._lead = 0.0
        self._unpaid_s = 0.0
        self._late_since_s: float | None = None
        self._least_s = 0.0

    def transit_at(self, now_s: float) -> float | None:
        """The least transit that is plausible by now; None before any media."""
        if self._transit_s is None:
            return None
        drifted_s = self._settings.drift * max(0.0, now_s - self._at_s)
        return self._transit_s + min(drifted_s, _MOST_DRIFT_S)

    def shifted(self, gap: MediaGap) -> MediaGap:
        """A gap on the call's timeline."""
        return gap.shifted(self._shift_s) if self._shift_s else gap

    def take(self, item: AudioChunk | VideoFrame) -> list[MediaItem]:
        if item.arrived_s is None:
            return [item]
        gaps = self._follow(item.arrived_s, item.end_s + self._shift_s)
        moved = item.shifted(self._shift_s) if self._shift_s else item
        self._end_s = max(self._end_s, moved.end_s)
        return [*gaps, moved]

    def _follow(self, arrived_s: float, end_s: float) -> list[MediaItem]:
        transit_s, allowed_s = arrived_s - end_s, self.transit_at(arrived_s)
        if allowed_s is None:
            self._transit_s, self._at_s = transit_s, arrived_s
            return []
        elapsed_s = max(0.0, arrived_s - self._at_s)
        if elapsed_s > self._settings.pause_s:
            self._paused_s += elapsed_s
        forgiven = elapsed_s * self._settings.forgiven_per_s
        self._late, self._lead = max(0.0, self._late - forgiven), max(0.0, self._lead - forgiven)
        if transit_s <= allowed_s + self._settings.jitter_s:
            # Who is late has no claim to drift: it would add up to seconds in an hour.
            self._transit_s = min(transit_s, allowed_s)
        self._at_s = max(arrived_s, self._at_s)
        if transit_s < allowed_s:
            return self._note_lead(allowed_s - transit_s, elapsed_s, end_s)
        return self._note_lateness(transit_s - allowed_s, arrived_s, end_s)

    def _note_lead(self, lead_s: float, elapsed_s: float, end_s: float) -> list[MediaItem]:
        """Media came sooner than any before: its clock is fast, or the network's queue went."""
        self._late_since_s = None
        # What comes back was a queue, in the network or before our own door, and no clock.
        repaid_s = min(lead_s, self._unpaid_s)
        self._unpaid_s -= repaid_s
        self._late = max(0.0, self._late - repaid_s)
        self._lead += max(0.0, lead_s - repaid_s - self._settings.drift * elapsed_s)
        if self._lead <= self._settings.most_s:
            return []
        self._lead = 0.0
        return [MediaGap(self._kind, min(self._end_s, end_s), end_s, IMPLAUSIBLE)]

    def _note_lateness(self, late_s: float, arrived_s: float, end_s: float) -> list[MediaItem]:
        if late_s <= self._settings.jitter_s:
            self._late_since_s = None
            if late_s <= self._settings.drift:
                self._paused_s = 0.0
            return []
        if self._late_since_s is None:
            self._late_since_s, self._least_s = arrived_s, late_s
        self._least_s = min(self._least_s, late_s)
        if arrived_s - self._late_since_s < self._settings.settle_s:
            return []
        return [self._date_anew(self._least_s, end_s)]

    def _date_anew(self, late_s: float, end_s: float) -> MediaGap:
        self._late += max(0.0, late_s - self._paused_s)
        self._paused_s = 0.0
        self._shift_s += late_s
        self._unpaid_s += late_s
        self._late_since_s = None
        reason = PAUSED
        if self._late > self._settings.most_s:
            reason, self._late = IMPLAUSIBLE, 0.0
        return MediaGap(self._kind, self._end_s, max(self._end_s, end_s + late_s), reason)
