"""What can be compressed: the two towers, as published or as a training run left them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from model.compress.prune import slim_campplus, slim_sface
from model.convert.load import load_campplus, load_sface
from model.data.augment import augment_picture, augment_speech
from model.data.media import crop_face, read_picture
from model.data.packs import Pack
from model.errors import WeightsError
from model.runtime.speech import cut_speech
from model.runtime.weights import MANIFEST, Weights
from model.siamese.lessons import face_lessons, voice_lessons
from model.siamese.material import Amount, picture_units, shortened, speech_sounds, talkers
from model.siamese.towers import Lessons, as_student
from model.siamese.train import WEIGHTS
from model.training.run import Run
from model.types import Vector


@dataclass(frozen=True, slots=True)
class Kind:
    """One of the two towers.

    Attributes:
        part: its name in a manifest, and of its stage in a training run.
        shape: of one input; None is an open axis.
        load: the published tower in Keras, given the folder for downloads.
        slim: the tower with a share of its channels.
        inputs: so many inputs out of a pack, every other one damaged as calls do.
        lessons: what it can be taught by.
    """

    part: str
    shape: tuple[int | None, ...]
    load: Callable[[Path], keras.Model]
    slim: Callable[[keras.Model, float], keras.Model]
    inputs: Callable[[Pack, int, np.random.Generator], list[Vector]]
    lessons: Callable[[Pack, keras.Model, Amount, int], Lessons]


@dataclass(frozen=True)
class Source:
    """Where towers come from.

    Args:
        run: a training run's folder; None for the package's own towers.
        cache: folder for downloads.

    Raises:
        WeightsError: the run has no weights yet, or the package's own towers are a training
            run's, whose folder was not named.
    """

    run: Path | None
    cache: Path

    def __post_init__(self) -> None:
        if self.run and not (self.run / WEIGHTS / MANIFEST).is_file():
            raise WeightsError(
                f"{self.run} holds no trained weights: make them with 'python -m model train "
                f"--run {self.run}', or name another run"
            )
        entries = self.weights.manifest["parts"]
        tuned = [k.part for k in KINDS.values() if "fine_tuned_by" in entries.get(k.part, {})]
        if self.run is None and tuned:
            raise WeightsError(
                f"{', '.join(tuned)} of the package came out of a training run: name its folder, "
                "such as --run runs/default"
            )

    @property
    def weights(self) -> Weights:
        """All parts as served."""
        return Weights.load(self.run / WEIGHTS if self.run else None)

    def tower(self, kind: Kind) -> keras.Model:
        """A fresh tower in Keras.

        Raises:
            CheckpointError: the run has not trained it.
        """
        tower = kind.load(self.cache)
        if self.run:
            Run.open(self.run).restore(kind.part, as_student(tower))
        return tower


def _crops(pack: Pack, count: int, rng: np.random.Generator) -> list[Vector]:
    units = list(picture_units(pack, Amount(pictures=1)).values())
    chosen = rng.permutation(len(units))[:count]
    crops = []
    read = pack.notes.reading([units[i].path for i in chosen], read_picture)
    for number, (_, picture) in enumerate(read):
        seen = augment_picture(picture, rng)[0] if number % 2 else picture
        crops.append(crop_face(seen).astype(np.float32))
    return crops


def _features(pack: Pack, count: int, rng: np.random.Generator) -> list[Vector]:
    sounds = speech_sounds(pack, Amount(units=1), rng)
    keys = list(sounds)
    features = []
    for number, chosen in enumerate(rng.permutation(len(keys))[:count]):
        who, sound = keys[chosen][0], sounds[keys[chosen]]
        if number % 2:
            babble = talkers(sounds, who, rng)
            sound, _ = augment_speech(shortened(sound, number // 2, rng), rng, babble=babble)
        if cut := cut_speech(sound):
            features.append(cut.fbank)
    return features


KINDS = {
    "face": Kind(
        part="face_tower",
        shape=(1, 112, 112, 3),
        load=load_sface,
        slim=slim_sface,
        inputs=_crops,
        lessons=lambda pack, teacher, amount, _seed: face_lessons(pack, teacher, amount),
    ),
    "voice": Kind(
        part="voice_tower",
        shape=(1, None, 80),
        load=load_campplus,
        slim=slim_campplus,
        inputs=_features,
        lessons=lambda pack, teacher, amount, seed: voice_lessons(pack, teacher, amount, seed=seed),
    ),
}
