"""Embeds what is in a window by the towers that all calls share."""

from __future__ import annotations

from dataclasses import dataclass, field

from model.runtime.face import FaceTower
from model.runtime.telephone import as_by_telephone
from model.runtime.voice import VoiceTower
from model.types import FaceSample, VoiceSample
from stream_verifier.verify.stages import StageTimes
from stream_verifier.windows.types import FaceCrop, Window


@dataclass(frozen=True, slots=True)
class Towers:
    """The two embedders; used from as many threads at once as they have copies.

    Attributes:
        stages: counts their time.
    """

    face: FaceTower
    voice: VoiceTower
    stages: StageTimes = field(default_factory=StageTimes)

    def embed_face(self, window: Window) -> FaceSample | None:
        """The window's best face; None without one."""
        return None if window.face is None else self.embed_crop(window.face)

    def embed_crop(self, crop: FaceCrop) -> FaceSample:
        """One face."""
        with self.stages.timed("face"):
            return FaceSample(self.face.embed(crop.pixels[None])[0], crop.quality)

    def embed_voice(self, window: Window) -> VoiceSample | None:
        """The window's newest speech; None without any."""
        if (speech := window.speech) is None:
            return None
        with self.stages.timed("voice"):
            return VoiceSample(self.voice.embed(speech.fbank), speech.quality, speech.narrow)

    def embed_telephone(self, window: Window) -> VoiceSample | None:
        """The window's newest speech as a telephone would carry it; None without any."""
        if (speech := window.speech) is None:
            return None
        with self.stages.timed("voice"):
            vector = self.voice.embed(as_by_telephone(speech.fbank))
        return VoiceSample(vector, speech.quality, speech.narrow, telephone=vector)
