"""What of a call's evidence still counts, by one set of fitted numbers."""

from __future__ import annotations

import math

from stream_verifier.verify.belief import Belief, Odds, share_lost
from stream_verifier.verify.freshness import Freshness
from stream_verifier.verify.operating import FilterModel


class EvidenceFilter:
    """A belief, what each window adds to it and what time takes away.

    Args:
        model: how much windows count, and how soon it is forgotten.
        belief: what adds it up, if not a belief of this model's own.
    """

    def __init__(self, model: FilterModel, *, belief: Belief | None = None) -> None:
        self._swap_every_s, self._ceiling = model.swap_every_s, model.ceiling
        self._belief = belief or Belief()
        self.face, self.voice = Freshness(model.face), Freshness(model.voice)

    @property
    def scored(self) -> tuple[bool, bool]:
        """Whether face and voice have been scored since trust began."""
        return self.face.scored_s > -math.inf, self.voice.scored_s > -math.inf

    @property
    def odds(self) -> Odds | None:
        """What is believed; None as long as neither modality has been scored."""
        return self._belief.odds if any(self.scored) else None

    def forget(self) -> None:
        """Somebody else may have sat down: believe nothing."""
        self._belief.reset()
        self.face.forget()
        self.voice.forget()

    def pass_time(self, elapsed_s: float) -> None:
        """Either may have been replaced meanwhile."""
        self._belief.mix(share_lost(elapsed_s, self._swap_every_s))

    def fade_face(self, elapsed_s: float, lasts_s: float) -> None:
        """Let trust in the face fade, ``lasts_s`` being its mean life."""
        self._belief.mix_face(share_lost(elapsed_s, lasts_s))

    def fade_voice(self, elapsed_s: float, lasts_s: float) -> None:
        """Let trust in the voice fade, ``lasts_s`` being its mean life."""
        self._belief.mix_voice(share_lost(elapsed_s, lasts_s))

    def another_face(self) -> None:
        """Another track may be another person, and follows on nothing."""
        self._belief.mix_face(1.0)
        self.face.forget()

    def weigh(
        self,
        *,
        face: tuple[float, float] | None,
        voice: tuple[float, float, float] | None,
    ) -> None:
        """Take a window in.

        Args:
            face: its LLR and when the picture was taken; None where it has none.
            voice: its LLR and the span of its speech, likewise.
        """
        seen = 0.0 if face is None else self.face.evidence(face[0], -math.inf, face[1])
        heard = 0.0 if voice is None else self.voice.evidence(*voice)
        self._belief.weigh(face=seen, voice=heard)
        self._belief.bound(self._ceiling)
