"""Trains the network of lips: a mouth on stills, then all of it on clips, people left out by turns.

The networks that were trained without some people are what the LLR is fitted on; what is shipped
is trained on everybody.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras

from model.convert.litert_export import to_litert_float16
from model.convert.manifest import update_part
from model.lips.calibrate import calibrate
from model.lips.clips import Clip
from model.lips.lessons import Lesson, clip_batches, make_lessons, still_batches
from model.lips.material import Material, by_person
from model.lips.network import (
    build_both,
    build_mouth,
    build_picture,
    build_sound,
    compile_both,
    compile_mouth,
)
from model.lips.parts import ABOUT, ARMS, CALIBRATION_FILE
from model.lips.trials import Read, own_and_others, read_clips
from model.runtime.lips import CALIBRATION_PART, LipNetwork
from model.runtime.weights import Weights
from model.training.run import Run

STEPS = 25
"""Length of a training clip: 1 s."""
VALIDATED = 40
"""Clips of people left out that are looked at after every epoch."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of everything; the defaults are the full training."""

    folds: int = 2
    copies: int = 2
    still_epochs: int = 25
    still_size: int = 128
    still_rate: float = 2e-3
    epochs: int = 18
    batches: int = 40
    size: int = 20
    rate: float = 2e-3


QUICK = Plan(folds=2, copies=1, still_epochs=1, epochs=1, batches=2, size=4, still_size=8)


@dataclass(frozen=True)
class Arms:
    """The three networks, which together are trained as one."""

    mouth: keras.Model
    picture: keras.Model
    sound: keras.Model

    @classmethod
    def new(cls) -> Arms:
        """With random weights."""
        return cls(build_mouth(), build_picture(), build_sound())


def train(material: Material, folder: Path, *, quick: bool, seed: int) -> None:
    """Train, fit the LLR, and leave what serving loads in the run's ``weights`` folder.

    Raises:
        CheckpointError: the folder holds another run, or the disk is full.
        PackError: the pack lacks clips or faces.
    """
    plan = QUICK if quick else Plan()
    run = Run(folder, {"pack": str(material.root), "seed": seed, "plan": asdict(plan)})
    keras.utils.set_random_seed(seed)
    clips = material.clips()
    _train_mouth(run, Arms.new().mouth, material, plan, seed)
    lessons = make_lessons(clips, copies=plan.copies, seed=seed)
    held: list[Read] = []
    for number, left_out in enumerate(folds(clips, plan.folds)):
        theirs = [x for x in lessons if x.clip.identity not in left_out]
        others = [clip for clip in clips if clip.identity in left_out]
        network = _train_lips(run, f"without-{number}", theirs, others, plan, seed)
        held += read_clips(others, network)
    _train_lips(run, "lips", lessons, [], plan, seed)
    _write_calibration(run, held)


def folds(clips: Sequence[Clip], count: int) -> list[set[str]]:
    """People in groups of about as many clips, whose members are left out together."""
    people = by_person(clips)
    groups: list[set[str]] = [set() for _ in range(count)]
    for who in sorted(people, key=lambda name: -len(people[name])):
        least = min(groups, key=lambda group: sum(len(people[member]) for member in group))
        least.add(who)
    return groups


def _train_mouth(run: Run, mouth: keras.Model, material: Material, plan: Plan, seed: int) -> None:
    stills = material.stills()
    steps = len(stills.mouths) // plan.still_size
    compile_mouth(mouth, _falling(plan.still_rate, plan.still_epochs * steps))
    run.train(
        "mouth",
        mouth,
        still_batches(stills, size=plan.still_size, seed=seed),
        epochs=plan.still_epochs,
        steps=steps,
    )


def _train_lips(
    run: Run,
    stage: str,
    lessons: Sequence[Lesson],
    others: Sequence[Clip],
    plan: Plan,
    seed: int,
) -> LipNetwork:
    """Train on some people, validate on others, and write what serving loads."""
    keras.utils.set_random_seed(seed)
    arms = Arms.new()
    run.restore("mouth", arms.mouth)
    _hold_statistics(arms.mouth)
    model = build_both(arms.mouth, arms.picture, arms.sound, STEPS)
    compile_both(model, _falling(plan.rate, plan.epochs * plan.batches))
    batches = clip_batches(lessons, steps=STEPS, size=plan.size, batches=plan.batches, seed=seed)
    run.train(
        stage,
        model,
        batches,
        epochs=plan.epochs,
        steps=plan.batches,
        validate=_validation(arms, others[:: max(1, len(others) // VALIDATED)]),
    )
    folder = run.folder / ("weights" if stage == "lips" else stage)
    return write_network(arms, folder)


def write_network(arms: Arms, folder: Path) -> LipNetwork:
    """Convert the arms to LiteRT and list them in a manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    models = (arms.mouth, arms.picture, arms.sound)
    for arm, model in zip(ARMS, models, strict=True):
        data = to_litert_float16(model, arm.shape)
        said = {"input": arm.input, "output": arm.output, **ABOUT}
        update_part(arm.name, arm.file, data=data, directory=folder, **said)
    return LipNetwork(Weights.load(folder))


def _hold_statistics(mouth: keras.Model) -> None:
    """Leave the means and deviations of many people's mouths as they are: a batch has one's."""
    for layer in mouth.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False


def _validation(arms: Arms, clips: Sequence[Clip]) -> Callable[[], dict[str, float]] | None:
    if not clips:
        return None
    from model.lips.validation import KerasNetwork

    def figures() -> dict[str, float]:
        reads = read_clips(clips, KerasNetwork(arms.mouth, arms.picture, arms.sound))
        trials = own_and_others(reads, pooled=3, draws=100, seed=0)
        return {"auc_3s": trials.auc()}

    return figures


def _write_calibration(run: Run, held: Sequence[Read]) -> None:
    found: dict[str, Any] = calibrate(held)
    update_part(
        CALIBRATION_PART,
        CALIBRATION_FILE,
        data=(json.dumps(found, indent=2) + "\n").encode(),
        directory=run.folder / "weights",
        input="agreement of picture and sound over seconds of speech",
        output="LLR",
        **ABOUT,
    )


def _falling(rate: float, steps: int) -> Any:
    return keras.optimizers.schedules.CosineDecay(rate, max(1, steps))
