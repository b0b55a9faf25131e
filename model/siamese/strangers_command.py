"""``python -m model strangers``: fit how far a voice is doubted beside a face.

Towers and network score the people whom they were trained on too well, and acted or poorly recorded
voices of others as if they were surely somebody else's. On people whom no tower has seen two
numbers of the joint score are fitted (`Joint`), and it is told what they do to each source when
they are fitted to all others. Operating points are read off the same trials. LLRs of the face and
of the voice alone stay as they are.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.progress import track

from model.data.embed import Embedder
from model.data.packs import KINDS, Pack
from model.errors import PackError
from model.outputs import folder
from model.runtime.comparator import CALIBRATION_PART, CalibrationSet, FusedNetwork, load_comparator
from model.runtime.weights import WEIGHTS_DIR, Weights
from model.siamese.artifacts import joined_inputs, write_calibration
from model.siamese.material import Amount, face_samples, voice_samples
from model.siamese.pairs import FACE_MATED, SHARES, VOICE_MATED, join
from model.siamese.samples import REFERENCE_UNITS, Samples, TrialMaker
from model.siamese.strangers import (
    LeftOut,
    Source,
    enough,
    fit_joint,
    left_out,
    points_of,
    shares_of,
)

FACES = Amount(people=40, pictures=3, picture_copies=1)
VOICES = Amount(people=30, units=4, speech_copies=1)
"""Thirty people of a source are enough for two numbers, and no source drowns the others."""
TRIALS = 6000


def main(argv: Sequence[str]) -> int:
    """Embed, score, fit, tell, write."""
    options = _parser().parse_args(argv)
    weights, pack = Weights.load(options.weights), Pack(options.pack)
    shipped = CalibrationSet.read(weights.path(CALIBRATION_PART))
    embedder = Embedder(weights, cache=options.cache)
    faces = face_samples(pack, embedder, FACES, seed=options.seed)
    voices = voice_samples(pack, embedder, VOICES, seed=options.seed)
    network = load_comparator(weights, joined=False)
    sources = scored(network, faces, voices, seed=options.seed)
    fitting = enough(sources)
    if len(fitting) < 2:
        raise PackError(
            f"{pack.root} has {len(fitting)} sources of voices with people enough, and two are "
            "needed, so that one can be left out: add people"
        )
    shares = shares_of(sources.values())
    joint = fit_joint(fitting.values(), shares, shipped.fused)
    print(f"unlike {joint.unlike:g}, gain {joint.gain:g}; each source left out in turn:")
    _tell(sources, left_out(sources, shares, shipped.fused))
    print(*pack.notes.lines(), sep="\n")
    if not options.dry_run:
        points = points_of(fitting, joint, shipped.fused)
        noted = {"command": "python -m model strangers", "pack": pack.name}
        made_by = {**shipped.made_by, "joint": noted}
        fitted = replace(shipped, joint=joint, points=points, made_by=made_by)
        write_calibration(weights.directory, fitted)
        print(f"written to {weights.path(CALIBRATION_PART)}")
    return 0


def scored(
    network: FusedNetwork, faces: Samples, voices: Samples, *, seed: int
) -> dict[str, Source]:
    """Trials of all four kinds within each source of voices, by the network's own outputs.

    Sources with fewer than two people who can be compared are left out.
    """
    found: dict[str, Source] = {}
    for name in np.unique(voices.sources):
        own = voices.of_people(voices.sources == name)
        rng = np.random.default_rng((seed, len(found)))
        kind = rng.choice(len(KINDS), TRIALS, p=SHARES)
        try:
            voice = TrialMaker(own, least=REFERENCE_UNITS).draw(VOICE_MATED[kind], rng)
        except PackError:
            continue
        face = TrialMaker(faces, least=REFERENCE_UNITS).draw(FACE_MATED[kind], rng)
        batch = join(faces, face, own, voice, kind, np.ones((TRIALS, 2), bool))
        rows = track(joined_inputs(batch.inputs), f"scoring {name}")
        face_score, voice_score, both = np.array([network.run(row) for row in rows]).T
        mated = batch.labels[:, 2]
        found[str(name)] = Source(len(own.people), face_score, voice_score, both, mated)
    return found


def _tell(sources: dict[str, Source], found: dict[str, LeftOut]) -> None:
    print("  source            people   Cllr before   after   least")
    for name, one in found.items():
        print(
            f"  {name:<16} {sources[name].people:>7} {one.before:>13.3f} {one.after:>7.3f} "
            f"{one.least:>7.3f}"
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m model strangers", description=__doc__)
    add = parser.add_argument
    add("--pack", type=Path, required=True, help="people whom no tower was trained on")
    add("--weights", type=Path, default=WEIGHTS_DIR, help="folder of weights")
    add("--seed", type=int, default=1, help="of the trials drawn")
    add("--dry-run", action="store_true", help="write nothing")
    add("--cache", type=folder, default=Path(".cache/embeddings"))
    return parser
