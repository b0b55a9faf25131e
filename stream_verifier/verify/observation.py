"""What one window tells the decision."""

from __future__ import annotations

from dataclasses import dataclass, replace

from model.types import Comparison
from stream_verifier.windows.types import Window

UNSCORED = Comparison(None, None, None, None, None)


@dataclass(frozen=True, slots=True)
class Observation:
    """What one window says: its comparison and what the front end noticed.

    Attributes:
        end_s: media time at the window's end, in seconds.
        comparison: the three LLRs, None where a modality was missing.
        face_seen: any face was in the picture, usable or not.
        speech_heard: any speech was heard in the window's span.
        notes: the front end's machine-readable remarks.
        face_s: media time of the picture that was scored; the same one is no new evidence.
        face_track: number of the face followed in it; another one may be another person.
        speech_span_s: media time of the scored speech's first and last frame; what the span has
            in common with the one before it is no new evidence.
        spared: its voice was not scored because the decision did not need it.
    """

    end_s: float
    comparison: Comparison
    face_seen: bool
    speech_heard: bool
    notes: tuple[str, ...] = ()
    face_s: float | None = None
    face_track: int | None = None
    speech_span_s: tuple[float, float] | None = None
    spared: bool = False

    @classmethod
    def of(cls, window: Window, comparison: Comparison, notes: tuple[str, ...]) -> Observation:
        """Sum up a window that was compared; ``notes`` are its own and the pipeline's."""
        face, speech = window.face, window.speech
        return cls(
            end_s=window.end_s,
            comparison=comparison,
            face_seen=window.faces_seen > 0,
            speech_heard=window.speech_s > 0,
            notes=notes,
            face_s=None if face is None else face.time_s,
            face_track=None if face is None else face.track_id,
            speech_span_s=None if speech is None else (speech.start_s, speech.end_s),
        )

    def without_voice(self) -> Observation:
        """The same window where its voice was not compared with the reference."""
        said = self.comparison
        face = Comparison(said.face_cosine, None, said.llr_face, None, said.llr_face)
        return replace(self, comparison=face, spared=True)
