"""Scores of a whole pack's people by the exported network, its own calibration left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.progress import Progress, track

from model.data.conditions import Condition
from model.data.embed import Embedder
from model.data.packs import KINDS, Pack
from model.evaluation.scoring import FACE_MATED as FACE_MATED_KINDS
from model.evaluation.scoring import VOICE_MATED as VOICE_MATED_KINDS
from model.evaluation.scoring import Scorer
from model.evaluation.systems import Llrs
from model.runtime.comparator import FusedNetwork, load_comparator
from model.runtime.reference import make_reference
from model.runtime.weights import Weights
from model.siamese.artifacts import joined_inputs
from model.siamese.material import Amount, face_samples, voice_samples
from model.siamese.pairs import FACE_MATED, SHARES, VOICE_MATED, join
from model.siamese.samples import TrialMaker
from model.types import FaceSample, Reference, VoiceSample

DRAWN_TRIALS = 10_000
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Scored:
    """Trials with the network's outputs.

    Attributes:
        scores: shape (n, 3): face, voice, fused; not calibrated.
        labels: shape (n, 3): mated by face, by voice, by both.
        people: claimed people.
        pairs: comparisons of different people, as a bound of what they can show.
    """

    scores: Floats
    labels: Flags
    people: int
    pairs: int


def score_pack(pack: Pack, weights: Weights, *, seed: int, cache: Path | None) -> Scored:
    """Score a pack's own trials, or where it has none trials drawn among its people.

    Raises:
        PackError: there is nobody to compare.
    """
    network, embedder = load_comparator(weights), Embedder(weights, cache=cache)
    if (pack.root / "trials.csv").is_file():
        return _listed(pack, network, embedder)
    return _drawn(pack, network, embedder, seed)


def _listed(pack: Pack, network: FusedNetwork, embedder: Embedder) -> Scored:
    scorer = Scorer(pack, [_Uncalibrated(network, embedder)])
    condition = Condition.parse("clean")
    with Progress() as bar:
        task = bar.add_task("scoring trials", total=scorer.work([condition]))
        scorer.advance = lambda: bar.advance(task)
        (found,), _ = scorer.score(condition)
    scores = np.column_stack([found.face, found.voice, found.fused])
    each = [np.isin(found.kind, kinds) for kinds in (FACE_MATED_KINDS, VOICE_MATED_KINDS)]
    labels = np.column_stack([*each, found.mated])
    whole = np.isfinite(scores).all(axis=1)
    people = len(np.unique(found.chimera[whole]))
    return Scored(scores[whole], labels[whole], people, int((whole & ~found.mated).sum()))


class _Uncalibrated:
    """The default system with the network's own outputs in place of LLRs."""

    name = "uncalibrated"

    def __init__(self, network: FusedNetwork, embedder: Embedder) -> None:
        self._network = network
        self.face, self.voice = embedder.face, partial(embedder.voice, whole=True)

    def reference(
        self, faces: Sequence[FaceSample], voices: Sequence[VoiceSample | None]
    ) -> Reference:
        return make_reference("calibration", faces, [voice for voice in voices if voice])

    def compare(
        self, reference: Reference, face: FaceSample | None, voice: VoiceSample | None
    ) -> Llrs:
        if face is None or voice is None:
            return Llrs(None, None, None)
        return Llrs(*self._network.scores(reference, face, voice))


def _drawn(pack: Pack, network: FusedNetwork, embedder: Embedder, seed: int) -> Scored:
    plain = Amount(picture_copies=0, speech_copies=0)
    faces = face_samples(pack, embedder, plain, seed=seed)
    voices = voice_samples(pack, embedder, plain, seed=seed)
    rng = np.random.default_rng(seed)
    kind = rng.choice(len(KINDS), DRAWN_TRIALS, p=SHARES)
    face = TrialMaker(faces).draw(FACE_MATED[kind], rng)
    voice = TrialMaker(voices).draw(VOICE_MATED[kind], rng)
    batch = join(faces, face, voices, voice, kind, np.ones((len(kind), 2), bool))
    rows = track(joined_inputs(batch.inputs), "scoring trials")
    scores = np.array([network.run(row) for row in rows])
    people = min(len(faces.people), len(voices.people))
    return Scored(scores, batch.labels, people, people * (people - 1) // 2)
