"""What face and voice say together, where a person's voice may be unlike himself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Joint:
    """Joins a face's and a voice's score as the network does, the voice's being doubted.

    Acted, hoarse or badly recorded speech of a person may sound like anybody's. If a share of his
    speech does, no voice can speak against him by more than that share's logarithm:
    log((1 - u) e^v + u). All scores are the network's own, which are LLRs before calibration.

    Attributes:
        shares: of the impostors who are wrong in both, in the voice alone and in the face alone,
            as the network learned them.
        unlike: share u of a person's own speech that sounds as a stranger's does.
        gain: added to the voice's score before that; strangers to the towers score lower than
            the people whom they were trained on.
    """

    shares: tuple[float, float, float]
    unlike: float
    gain: float

    def voices(self, voice: NDArray[Any]) -> NDArray[Any]:
        """Voices' scores with the doubt in them, any shape."""
        if not self.unlike:
            return np.asarray(voice + self.gain)
        own = np.log1p(-self.unlike) + voice + self.gain
        return np.asarray(np.logaddexp(own, np.log(self.unlike)))

    def scores(self, face: NDArray[Any], voice: NDArray[Any]) -> NDArray[Any]:
        """The score of "both are the person's", any shape."""
        both, wrong_voice, wrong_face = np.log(self.shares)
        heard = self.voices(voice)
        ways = [both - face - heard, wrong_voice - heard, wrong_face - face]
        return np.asarray(-np.logaddexp.reduce(ways, axis=0))
