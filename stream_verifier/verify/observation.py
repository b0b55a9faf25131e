"""What one window tells the decision."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from stream_verifier.verify.channels.channel import Reading


@dataclass(frozen=True, slots=True)
class Observation:
    """What one window says: a reading of each channel, and what the front end noticed.

    Attributes:
        end_s: media time at the window's end, in seconds.
        readings: one a channel that looked at it.
        notes: the front end's machine-readable remarks.
        llr_fused: of what was compared together; None where nothing was.
        spared: something was not scored because the decision did not need it.
        face: the reading of the face.
        voice: that of the voice.
    """

    end_s: float
    readings: tuple[Reading, ...] = ()
    notes: tuple[str, ...] = ()
    llr_fused: float | None = None
    spared: bool = False
    # Looked for once: a decision asks a dozen times, and one is fitted on a million windows.
    face: Reading = field(init=False, repr=False, compare=False)
    voice: Reading = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "face", self.reading("face"))
        object.__setattr__(self, "voice", self.reading("voice"))

    def reading(self, channel: str) -> Reading:
        """Of that channel; an empty one where it said nothing."""
        for one in self.readings:
            if one.channel == channel:
                return one
        return Reading(channel)

    @property
    def scored(self) -> tuple[Reading, ...]:
        """Those that have an LLR."""
        return tuple(one for one in self.readings if one.llr is not None)

    def without_voice(self) -> Observation:
        """The same window where its voice was not compared with the reference."""
        readings = tuple(one.unscored() if one.channel == "voice" else one for one in self.readings)
        return replace(self, readings=readings, llr_fused=self.face.llr, spared=True)
