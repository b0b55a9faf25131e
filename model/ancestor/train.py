"""Trains the ancestor: two identity classifiers, then the siamese head, then the pieces alone."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow
from numpy.typing import NDArray

from model.ancestor import networks
from model.ancestor.known import Figures, figures, table
from model.ancestor.pairs import ALONE_COUNTS, COUNTS, Dealer, Pairs
from model.ancestor.people import TEST, TRAIN, VALIDATION, Album, Material
from model.ancestor.trained import HEADS
from model.ancestor.vgg import FaceFeatures
from model.data.packs import Pack
from model.training.command import TrainOptions
from model.training.run import Run
from model.types import Vector

VERSION = 1
PREDICT_BATCH = 32


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of everything; the defaults are the full training.

    Attributes:
        most_people: made-up people; None: as many as there are voices.
        most_pictures: of one person.
        most_pieces: 2 s of speech, of one person.
        face_epochs, voice_epochs, head_epochs: at most.
        face_learning_rate, voice_learning_rate: of the identity classifiers.
        batch: samples or pairs of a step; of the voice classifier, voice_batch, since there
            are few pieces of speech and it needs many steps.
        patience: epochs without a lower validation loss before a stage stops.
        pair_divisor: the ancestor's numbers of pairs are divided by it.
    """

    most_people: int | None = None
    most_pictures: int = 20
    most_pieces: int = 12
    face_learning_rate: float = 1e-4
    voice_learning_rate: float = 1e-3
    batch: int = 32
    voice_batch: int = 8
    face_epochs: int = 60
    voice_epochs: int = 60
    head_epochs: int = 250
    patience: int = 8
    pair_divisor: int = 1


class Course(NamedTuple):
    """How long a stage trains at most, and how much at a time."""

    epochs: int
    batch: int


QUICK = Plan(6, 5, 5, face_epochs=2, voice_epochs=1, head_epochs=2, pair_divisor=20)


def train(options: TrainOptions) -> None:
    """Train the ancestor on a pack, and measure it on its known identities' unseen samples.

    Writes ``known.json`` into the run's folder when all stages are done.

    Raises:
        PackError: the pack has too few people.
        WeightsError: VGG16 cannot be had.
        CheckpointError: the run's folder is of another configuration, or the disk is full.
    """
    # Five models in a row make TensorFlow warn of tracing too often.
    tensorflow.get_logger().setLevel("ERROR")
    plan = QUICK if options.quick else Plan()
    pack = Pack(options.pack)
    album = open_album(pack, plan, options.seed)
    run = Run(options.run, _config(options, plan, album))
    known = Trainer(run, plan, options.seed).train(*read_material(album, options.cache))
    run.write("known.json", known)
    print("known identities, samples that training has not seen:")
    print("\n".join([table(known), *pack.notes.lines()]))


def open_album(pack: Pack, plan: Plan, seed: int) -> Album:
    """The made-up people of a pack."""
    return Album(
        pack,
        seed=seed,
        most_people=plan.most_people,
        most_pictures=plan.most_pictures,
        most_pieces=plan.most_pieces,
    )


def read_material(album: Album, cache: Path) -> tuple[Material, Material]:
    """Faces as VGG16's features, voices as spectrogram pictures."""
    features = FaceFeatures(downloads=cache, memory=cache / "embeddings")
    return album.faces(features.embed), album.voices()


class Trainer:
    """Trains all stages of one run.

    Args:
        run: its folder.
        plan: how much of everything.
        seed: everything random follows from it.
    """

    def __init__(self, run: Run, plan: Plan, seed: int) -> None:
        self._run, self._plan, self._seed = run, plan, seed

    def train(self, faces: Material, voices: Material) -> dict[str, Figures]:
        """Train towers and heads; returns figures on unseen samples for each head."""
        plan = self._plan
        face = self._tower(
            "face",
            networks.face_tower,
            faces,
            Course(plan.face_epochs, plan.batch),
            plan.face_learning_rate,
        )
        voice = self._tower(
            "voice",
            networks.voice_tower,
            voices,
            Course(plan.voice_epochs, plan.voice_batch),
            plan.voice_learning_rate,
        )
        vectors = {
            "face": face.predict(faces.inputs, batch_size=PREDICT_BATCH, verbose=0),
            "voice": voice.predict(voices.inputs, batch_size=PREDICT_BATCH, verbose=0),
        }
        return {
            what: self._head(stage, what, Dealer(faces, voices, self._rng(stage)), vectors)
            for stage, what in HEADS.items()
        }

    def _tower(
        self,
        stage: str,
        build: Callable[[], keras.Model],
        material: Material,
        course: Course,
        learning_rate: float,
    ) -> keras.Model:
        """Train a tower as an identity classifier; returns the tower."""
        keras.utils.set_random_seed(self._seed)
        tower = build()
        people = int(material.person.max()) + 1
        model = networks.classifier(tower, people, learning_rate=learning_rate)
        rows, unseen = material.rows(TRAIN), material.rows(VALIDATION)
        self._fit(
            stage,
            model,
            lambda chosen: (material.inputs[rows[chosen]], material.person[rows[chosen]]),
            len(rows),
            (material.inputs[unseen], material.person[unseen]),
            course,
        )
        return tower

    def _head(self, stage: str, what: str, dealer: Dealer, vectors: dict[str, Vector]) -> Figures:
        """Train a head on pairs of seen samples; returns its figures on unseen ones."""
        counts = COUNTS if what == "both" else ALONE_COUNTS
        counts = {kind: count // self._plan.pair_divisor for kind, count in counts.items()}
        fewer = {kind: count // 4 for kind, count in counts.items()}
        pairs = dealer.draw(counts, (TRAIN, TRAIN))
        unseen, test = (dealer.draw(fewer, sides) for sides in ((TRAIN, VALIDATION), (TEST, TEST)))
        keras.utils.set_random_seed(self._seed)
        (x, y), checked = sides_of(pairs, what, vectors), sides_of(unseen, what, vectors)
        model = networks.siamese(x[0].shape[1])
        self._fit(
            stage,
            model,
            lambda chosen: ((x[0][chosen], x[1][chosen]), y[chosen]),
            len(pairs),
            checked,
            Course(self._plan.head_epochs, self._plan.batch),
        )
        sides, mated = sides_of(test, what, vectors)
        return figures(model.predict(sides, verbose=0)[:, 0], mated[:, 0] > 0)

    def _fit(
        self,
        stage: str,
        model: keras.Model,
        take: Callable[[NDArray[np.intp]], tuple[Any, ...]],
        count: int,
        unseen: tuple[Any, Any],
        course: Course,
    ) -> None:
        def batches(epoch: int) -> Iterator[tuple[Any, ...]]:
            order = self._rng(stage, epoch).permutation(count)
            starts = range(0, count, course.batch)
            return (take(order[at : at + course.batch]) for at in starts)

        def validate() -> dict[str, float]:
            found: dict[str, float] = model.evaluate(
                *unseen, batch_size=256, verbose=0, return_dict=True
            )
            return found

        self._run.train(
            stage,
            model,
            batches,
            epochs=course.epochs,
            steps=-(-count // course.batch),
            validate=validate,
            patience=self._plan.patience,
        )

    def _rng(self, stage: str, epoch: int = -1) -> np.random.Generator:
        return np.random.default_rng([self._seed, *stage.encode(), epoch + 1])


def sides_of(
    pairs: Pairs, what: str, vectors: dict[str, Vector]
) -> tuple[tuple[Vector, Vector], Vector]:
    """A head's inputs: either side's vectors, face before voice, and whether they match.

    Args:
        pairs: n of them.
        what: "both", "face" or "voice".
        vectors: of all faces and of all voices.
    """
    chosen = []
    if what != "voice":
        chosen.append(vectors["face"][pairs.face])
    if what != "face":
        chosen.append(vectors["voice"][pairs.voice])
    sides = np.concatenate(chosen, axis=-1)
    return (sides[0], sides[1]), pairs.mated.astype(np.float32)[:, None]


def _config(options: TrainOptions, plan: Plan, album: Album) -> dict[str, Any]:
    """All that the outcome depends on; the pack by what it lists, wherever it lies."""
    pack = Pack(options.pack)
    lists = b"".join(pack.list_file(name).read_bytes() for name in ("faces.csv", "voices.csv"))
    return {
        "system": "ancestor",
        "version": VERSION,
        "seed": options.seed,
        "lists_sha256": hashlib.sha256(lists).hexdigest(),
        "people": len(album.people.faces),
        **asdict(plan),
    }
