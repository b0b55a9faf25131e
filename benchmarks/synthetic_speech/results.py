"""All scores of a run, and the figures that are drawn from them."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.synthetic_speech.channels import CHANNELS
from benchmarks.synthetic_speech.figures import Figure, figure, share_above
from benchmarks.synthetic_speech.generators import GENUINE
from benchmarks.synthetic_speech.pieces import Piece
from benchmarks.synthetic_speech.trying import Fold, Scores
from model.evaluation.metrics import Floats

NETWORK = "network"


@dataclass
class Results:
    """What every detector said of every piece.

    Attributes:
        fitted: name of the pack that was learnt from.
        judged: name of the pack that was judged.
        lessons: pieces that were learnt from.
        people: by generator, the pieces that were judged.
        made: generators that copy people.
    """

    fitted: str
    judged: str
    lessons: Sequence[Piece]
    people: Mapping[str, Sequence[Piece]]
    made: tuple[str, ...]
    _scores: dict[tuple[Fold, str], Scores] = field(default_factory=dict)

    @property
    def sources(self) -> list[str]:
        """Data sets of voices that were learnt from and are judged, too."""
        return sorted({p.source for p in self.lessons} & {p.source for p in self.genuine})

    @property
    def genuine(self) -> Sequence[Piece]:
        """Pieces of people."""
        return self.people[GENUINE]

    @property
    def key(self) -> str:
        """Tells runs apart whose scores are no one's but theirs."""
        said = (self.fitted, self.judged, len(self.lessons), self.made, sorted(self.people))
        return f"{zlib.crc32(repr((*said, len(self.genuine))).encode()):08x}"

    def take(self, fold: Fold, detector: str, scores: Scores) -> None:
        """Keep what a detector said."""
        self._scores[fold, detector] = scores

    def figure(
        self,
        fold: Fold,
        made: str,
        channel: str | None,
        *,
        detector: str = NETWORK,
        source: str | None = None,
    ) -> Figure:
        """How well one way of making speech is told.

        Args:
            fold: what the detector did not learn from.
            made: the generator.
            channel: one; None for all.
            detector: which.
            source: of voices; None for all.
        """
        kinds = (GENUINE, made)
        scores = {kind: self._of(fold, detector, kind, channel) for kind in kinds}
        kept = {
            kind: [
                row for row, piece in enumerate(self.people[kind]) if source in (None, piece.source)
            ]
            for kind in kinds
        }
        channels = scores[GENUINE].shape[1]
        whose = {
            kind: [self.people[kind][row].person for row in kept[kind] for _ in range(channels)]
            for kind in kinds
        }
        genuine, artificial = (scores[kind][kept[kind]].ravel() for kind in kinds)
        return figure(genuine, artificial, whose[GENUINE], whose[made])

    def called_made(self, fold: Fold, kind: str, channel: str) -> float:
        """Share of a kind that is called made where 5 % of genuine speech is."""
        one, genuine = (self._of(fold, NETWORK, which, channel) for which in (kind, GENUINE))
        return share_above(one.ravel(), genuine.ravel())

    def _of(self, fold: Fold, detector: str, kind: str, channel: str | None) -> Floats:
        scores = self._scores[fold, detector][kind]
        return scores if channel is None else scores[:, [list(CHANNELS).index(channel)]]
