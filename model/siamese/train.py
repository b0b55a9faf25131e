"""Trains the default system: towers on damaged media, then the fused network, then calibration."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import keras
import numpy as np

from model.convert.load import load_campplus, load_sface
from model.convert.manifest import update_part
from model.data.embed import Embedder
from model.data.packs import Pack
from model.runtime.comparator import TELEPHONE_UNFITTED, CalibrationSet
from model.runtime.weights import WEIGHTS_DIR, Weights
from model.siamese.artifacts import write_fusion
from model.siamese.calibration import evidence_limit, fit_calibration, operating_points
from model.siamese.export import INT8, to_litert, write_tower
from model.siamese.fit import Schedule, fit_network
from model.siamese.lessons import face_lessons, voice_lessons
from model.siamese.material import Amount, face_samples, remembered, voice_samples
from model.siamese.network import Shape
from model.siamese.samples import Samples
from model.siamese.towers import Lessons, Tuning, tune
from model.siamese.validation import HeldOut, Trials, held_out, table
from model.training.command import TrainOptions
from model.training.run import Run
from model.types import Vector

NAME = "fused-siamese-1"
VERSION = 2
WEIGHTS = "weights"
"""Folder of a run that holds what serving loads."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of everything; the defaults are the full training."""

    amount: Amount = field(default_factory=Amount)
    face: Tuning = field(default_factory=Tuning)
    voice: Tuning = field(default_factory=lambda: Tuning(steps=800, rate=3e-5))
    shape: Shape = field(default_factory=Shape)
    schedule: Schedule = field(default_factory=Schedule)


QUICK = Plan(
    amount=Amount(people=5, pictures=2, picture_copies=1, units=2, speech_copies=1),
    face=Tuning(steps=2, size=4),
    voice=Tuning(steps=1, size=2),  # each new length of speech is compiled for anew
    schedule=Schedule(epochs=2, batches=5, size=64),
)
QUICK_TRIALS = Trials(folds=1, per_fold=2_000)


def train(options: TrainOptions) -> None:
    """Train on a pack; what serving loads ends up in the run's ``weights`` folder.

    ``validation.json`` says how well the network does on people whom it was not fitted on.
    """
    plan = QUICK if options.quick else Plan()
    if options.frozen:
        plan = replace(plan, face=replace(plan.face, steps=0), voice=replace(plan.voice, steps=0))
    pack = Pack(options.pack)
    run = Run(options.run, _config(options, plan, pack))
    weights = _tuned_towers(run, pack, plan, options)
    faces, voices = _samples(run, pack, plan, weights, options.seed)

    def fit(stage: str, some_faces: Samples, some_voices: Samples) -> keras.Model:
        return fit_network(
            run,
            stage,
            some_faces,
            some_voices,
            seed=options.seed,
            shape=plan.shape,
            schedule=plan.schedule,
        )

    trials = QUICK_TRIALS if options.quick else Trials()
    found = held_out(faces, voices, fit, seed=options.seed, trials=trials)
    calibration = _calibrate(found, faces, voices, pack)
    run.write("validation.json", calibration.made_by)
    write_fusion(weights.directory, to_litert(fit("fusion", faces, voices)), calibration)
    _tell(pack, calibration, weights)


def _config(options: TrainOptions, plan: Plan, pack: Pack) -> dict[str, Any]:
    lists = b"".join(pack.list_file(name).read_bytes() for name in ("faces.csv", "voices.csv"))
    return {
        "system": "default",
        "version": VERSION,
        "seed": options.seed,
        "lists_sha256": hashlib.sha256(lists).hexdigest(),
        **asdict(plan),
    }


def _tuned_towers(run: Run, pack: Pack, plan: Plan, options: TrainOptions) -> Weights:
    """Fine-tune and export both towers; done ones are kept as they are."""
    folder = run.folder / WEIGHTS
    detector = Weights.load().path("face_detector")
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(detector, folder / detector.name)
    update_part("face_detector", detector.name, directory=folder, **_about("face_detector"))
    if not (folder / "sface.tflite").is_file():
        tower = load_sface(options.cache)
        lessons = face_lessons(pack, tower, plan.amount)
        tune(run, "face_tower", tower, lessons, plan.face, seed=options.seed)
        shape = (1, 112, 112, 3)
        # Half of float16's size at no loss in verification; CAM++ would lose too much.
        write_tower(folder / "sface.tflite", tower, shape, _examples(lessons), INT8)
    update_part("face_tower", "sface.tflite", directory=folder, **_about("face_tower"))
    if not (folder / "campplus.tflite").is_file():
        tower = load_campplus(options.cache)
        lessons = voice_lessons(pack, tower, plan.amount, seed=options.seed)
        tune(run, "voice_tower", tower, lessons, plan.voice, seed=options.seed)
        write_tower(folder / "campplus.tflite", tower, (1, None, 80), _examples(lessons))
    update_part("voice_tower", "campplus.tflite", directory=folder, **_about("voice_tower"))
    return Weights.load(folder)


def _examples(lessons: Lessons, count: int = 4) -> list[Vector]:
    drawn = [
        lessons.draw(row, np.random.default_rng(row))
        for row in range(min(4 * count, len(lessons.person)))
    ]
    return [sample for sample in drawn if sample is not None][:count]


def _about(part: str) -> dict[str, Any]:
    """What the package's own manifest says of a part: its source, licence, input and output."""
    entry = dict(Weights.load(WEIGHTS_DIR).manifest["parts"][part])
    for key in ("file", "sha256", "bytes", "made_with"):
        entry.pop(key, None)
    tuned = {"fine_tuned_by": "python -m model train"} if part.endswith("tower") else {}
    return entry | tuned


def _samples(
    run: Run, pack: Pack, plan: Plan, weights: Weights, seed: int
) -> tuple[Samples, Samples]:
    embedder = Embedder.of_weights(weights, cache=None)
    faces = remembered(
        run.folder / "faces.npz", lambda: face_samples(pack, embedder, plan.amount, seed=seed)
    )
    voices = remembered(
        run.folder / "voices.npz", lambda: voice_samples(pack, embedder, plan.amount, seed=seed)
    )
    return faces, voices


def _calibrate(found: HeldOut, faces: Samples, voices: Samples, pack: Pack) -> CalibrationSet:
    limits = (_pairs(faces), _pairs(voices), min(_pairs(faces), _pairs(voices)))
    lines = [
        fit_calibration(
            found.scores[:, k].astype(np.float64), found.labels[:, k], limit=evidence_limit(pairs)
        )
        for k, pairs in enumerate(limits)
    ]
    columns = zip(found.scores.T, lines, strict=True)
    llrs: Vector = np.column_stack([line.llrs(column) for column, line in columns])
    face, voice, fused = lines
    return CalibrationSet(
        name=NAME,
        face=face,
        voice=voice,
        fused=fused,
        telephone=TELEPHONE_UNFITTED,
        points=operating_points(llrs[:, 2].astype(np.float64), found.labels[:, 2]),
        made_by={
            "command": "python -m model train",
            "pack": pack.name,
            "face_people": len(faces.people),
            "pictures": len(faces.person),
            "voice_people": len(voices.people),
            "pieces_of_speech": len(voices.person),
            "held_out": table(found, llrs),
        },
    )


def _pairs(samples: Samples) -> int:
    """Different pairs of people of one source."""
    counts = np.unique(samples.sources, return_counts=True)[1]
    return int((counts * (counts - 1) // 2).sum())


def _tell(pack: Pack, calibration: CalibrationSet, weights: Weights) -> None:
    print("on people whom the network was not fitted on:")
    for name, row in calibration.made_by["held_out"].items():
        print(
            f"  {name:<26} EER {100 * row['eer']:5.2f} %   Cllr {row['cllr']:.3f} "
            f"(minimum {row['min_cllr']:.3f}), {row['trials']:.0f} trials"
        )
    print(*pack.notes.lines(), sep="\n")
    print(f"weights for serving: {weights.directory}")
