"""A hidden Markov filter over who is in front of the camera and who is talking.

Four hidden states: face and voice are each the enrolled person's or somebody else's. Forward
filtering (Rabiner 1989, section III.A) in the form of Bayes' rule on LLRs: a window multiplies
the odds, time lets the states mix back towards the prior. Face and voice are kept apart in it,
so that no face, however good, outvotes a wrong voice.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

_PRIOR = (1 / 2, 1 / 6, 1 / 6, 1 / 6)
"""Even odds for "both are the person's", the three ways in which they are not alike likely."""
_LEAST = 1e-12


@dataclass(frozen=True, slots=True)
class Odds:
    """Natural log-odds that something is the enrolled person's."""

    face: float
    voice: float
    both: float


class Belief:
    """What is believed now; time comes in as the share of trust that it costs."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Believe nothing but the prior."""
        self._own, self._wrong_face, self._wrong_voice, self._wrong_both = _PRIOR

    def mix(self, share: float) -> None:
        """Let this share of the belief go back to the prior: both may have been replaced."""
        kept = 1 - share
        self._own = kept * self._own + share * _PRIOR[0]
        self._wrong_face = kept * self._wrong_face + share * _PRIOR[1]
        self._wrong_voice = kept * self._wrong_voice + share * _PRIOR[2]
        self._wrong_both = kept * self._wrong_both + share * _PRIOR[3]

    def mix_face(self, share: float) -> None:
        """Let this share of what is believed of the face go back to even odds."""
        self._own, self._wrong_face = _level(self._own, self._wrong_face, share)
        self._wrong_voice, self._wrong_both = _level(self._wrong_voice, self._wrong_both, share)

    def mix_voice(self, share: float) -> None:
        """Let this share of what is believed of the voice go back to even odds."""
        self._own, self._wrong_voice = _level(self._own, self._wrong_voice, share)
        self._wrong_face, self._wrong_both = _level(self._wrong_face, self._wrong_both, share)

    def bound(self, most: float) -> None:
        """Hold the log-odds of the face and those of the voice at this much at most."""
        share = 1 / (1 + math.exp(-most))
        face = self._own + self._wrong_voice
        if face > share:
            self.mix_face((face - share) / (face - 0.5))
        voice = self._own + self._wrong_face
        if voice > share:
            self.mix_voice((voice - share) / (voice - 0.5))

    def weigh(self, *, face: float = 0.0, voice: float = 0.0) -> None:
        """Take evidence in: LLRs of both modalities, 0 where there is none."""
        own_face, own_voice = math.exp(face / 2), math.exp(voice / 2)
        own = self._own * own_face * own_voice
        wrong_face = self._wrong_face / own_face * own_voice
        wrong_voice = self._wrong_voice * own_face / own_voice
        wrong_both = self._wrong_both / own_face / own_voice
        total = own + wrong_face + wrong_voice + wrong_both
        self._own, self._wrong_face = own / total, wrong_face / total
        self._wrong_voice, self._wrong_both = wrong_voice / total, wrong_both / total

    @property
    def odds(self) -> Odds:
        """Log-odds of face, voice and both."""
        wrong = self._wrong_face + self._wrong_voice + self._wrong_both
        return Odds(
            face=_log_odds(self._own + self._wrong_voice, self._wrong_face + self._wrong_both),
            voice=_log_odds(self._own + self._wrong_face, self._wrong_voice + self._wrong_both),
            both=_log_odds(self._own, wrong),
        )


def share_lost(elapsed_s: float, lasts_s: float) -> float:
    """What is lost of a trust that fades exponentially, ``lasts_s`` being its mean life."""
    return -math.expm1(-max(0.0, elapsed_s) / lasts_s)


def _level(one: float, other: float, share: float) -> tuple[float, float]:
    even = share * (one + other) / 2
    return (1 - share) * one + even, (1 - share) * other + even


def _log_odds(own: float, other: float) -> float:
    return math.log(max(own, _LEAST) / max(other, _LEAST))
