"""``python -m benchmarks.oracle --pack DIR``: can a template be computed from what is told?

Writes figures to ``docs/measurements/oracle.json`` and the page beside it. Exit code 0 only if the
bounds hold and the old wire, as a control, breaks.
"""

from __future__ import annotations

import argparse
import json
import pickle
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from rich.progress import track

from benchmarks.oracle.attackers import Loot, Strangers, Vectors, by_cosine
from benchmarks.oracle.genuine import Genuine, genuine
from benchmarks.oracle.page import (
    ATTACKS,
    CHANNELS,
    COMPARED,
    NEAREST_OF,
    OLD,
    PICTURES_S,
    Row,
    holds,
    page,
)
from benchmarks.oracle.server import Probe, Server
from model.data.embed import Embedder
from model.data.media import read_picture, read_voice
from model.data.packs import Pack
from model.runtime.comparator import load_comparator
from model.runtime.reference import make_reference
from model.runtime.weights import Weights
from model.types import FaceSample, Reference, VoiceSample
from stream_verifier.verify.operating import DecisionModel

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "measurements"
_POINT = "alarm_8h"
_ENROLLED = 5
_CACHE = Path(".cache/oracle")


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pack", type=Path, required=True, help="folder of people")
    parser.add_argument("--people", type=int, default=4)
    parser.add_argument("--questions", type=int, default=10_000)
    options = parser.parse_args(argv)
    weights = Weights.load()
    faces, voices = _remembered(options.pack, weights)
    rows = run(faces, voices, weights, people=options.people, questions=options.questions)
    own = {seconds: at_home(faces, voices, weights, picture_s=seconds) for seconds in PICTURES_S}
    figures = {
        "rows": [asdict(row) for row in rows],
        "genuine": {seconds: asdict(found) for seconds, found in own.items()},
    }
    FOLDER.joinpath("oracle.json").write_text(
        json.dumps(figures, indent=1) + "\n", encoding="utf-8"
    )
    text = page(
        rows, own, people=options.people, questions=options.questions, pack=options.pack.name
    )
    FOLDER.joinpath("oracle.md").write_text(text, encoding="utf-8")
    print(text)
    return 0 if holds(rows) else 1


def run(
    faces: dict[str, list[FaceSample]],
    voices: dict[str, list[VoiceSample]],
    weights: Weights,
    *,
    people: int,
    questions: int,
) -> list[Row]:
    """Attack so many people's faces and voices over every channel."""
    comparator, model = load_comparator(weights), DecisionModel.load(weights)
    known = {"face": _units(faces), "voice": _units(voices)}
    loot: dict[tuple[str, str, str, int], list[Loot]] = defaultdict(list)
    for number, (face, voice) in enumerate(track(_cast(faces, voices, people), "people")):
        reference = _enrol(weights.model_id, faces[face], voices[voice])
        for side, own in (("face", face), ("voice", voice)):
            probe = Probe(comparator, reference, side)
            vectors = np.concatenate([v for name, v in known[side].items() if name != own])
            rng = np.random.default_rng(number)
            loot[side, OLD, "least squares", 0].append(_old(probe, vectors, questions, rng))
            for most in (NEAREST_OF, 0):
                strangers = Strangers.met(probe, vectors, most or len(vectors), rng)
                for channel, audience, limits, attacks in CHANNELS if most else CHANNELS[:2]:
                    for attack in attacks if most else (COMPARED,):
                        act = ATTACKS[attack]
                        server = Server(probe, model, _POINT, audience, **limits)
                        found = act(server, probe, strangers, questions, rng)
                        loot[side, channel, attack, most].append(found)
    return [Row.of_loot(key, found) for key, found in loot.items()]


def at_home(
    faces: dict[str, list[FaceSample]],
    voices: dict[str, list[VoiceSample]],
    weights: Weights,
    *,
    picture_s: int,
) -> Genuine:
    """Have all call who have samples beyond what enrols them, each voice with one of the faces."""
    comparator, model = load_comparator(weights), DecisionModel.load(weights)
    seen = [name for name, own in sorted(faces.items()) if len(own) > _ENROLLED + 1]
    heard = [name for name, own in sorted(voices.items()) if len(own) > _ENROLLED + 1]
    found = Genuine()
    for number, voice in enumerate(heard if seen else ()):
        face = seen[number % len(seen)]
        reference = _enrol(weights.model_id, faces[face], voices[voice])
        samples = faces[face][_ENROLLED:], voices[voice][_ENROLLED:]
        rng = np.random.default_rng(number)
        found += genuine(comparator, model, _POINT, reference, samples, rng, picture_s=picture_s)
    return found


def _old(probe: Probe, vectors: Vectors, questions: int, rng: np.random.Generator) -> Loot:
    strangers = Strangers(vectors, vectors[0])
    found = by_cosine(probe, strangers, questions, rng)
    return Loot(0.0, found, found, 0.0, refusals=0, verified=False)


def _remembered(
    pack: Path, weights: Weights
) -> tuple[dict[str, list[FaceSample]], dict[str, list[VoiceSample]]]:
    """What people look and sound like; finding speech takes minutes, so that it is kept."""
    path = _CACHE / f"{pack.name}-{weights.model_id}.pickle"
    if not path.exists():
        found = _samples(Pack(pack), Embedder.of_weights(weights))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pickle.dumps(found))
    kept: tuple[dict[str, list[FaceSample]], dict[str, list[VoiceSample]]]
    kept = pickle.loads(path.read_bytes())  # of our own making
    return kept


def _samples(
    pack: Pack, embedder: Embedder
) -> tuple[dict[str, list[FaceSample]], dict[str, list[VoiceSample]]]:
    faces: dict[str, list[FaceSample]] = defaultdict(list)
    voices: dict[str, list[VoiceSample]] = defaultdict(list)
    for sample in track(pack.faces, "faces"):
        faces[sample.identity].append(embedder.face(read_picture(sample.path)))
    for sample in track(pack.voices, "voices"):
        found = embedder.voice(read_voice(sample.path, notes=pack.notes), whole=True)
        if found is not None:
            voices[sample.identity].append(found)
    return faces, voices


def _cast(
    faces: dict[str, list[FaceSample]], voices: dict[str, list[VoiceSample]], people: int
) -> list[tuple[str, str]]:
    """People with enough samples, spread over the pack."""
    seen = [name for name, own in sorted(faces.items()) if len(own) >= _ENROLLED]
    heard = [name for name, own in sorted(voices.items()) if len(own) >= _ENROLLED]
    at = np.linspace(0, 0.999, people)
    return [(seen[int(x * len(seen))], heard[int(x * len(heard))]) for x in at]


def _enrol(model_id: str, faces: list[FaceSample], voices: list[VoiceSample]) -> Reference:
    return make_reference(model_id, faces[:_ENROLLED], voices[:_ENROLLED])


def _units(
    people: dict[str, list[FaceSample]] | dict[str, list[VoiceSample]],
) -> dict[str, Vectors]:
    vectors = {
        name: np.array([one.vector for one in own], np.float64) for name, own in people.items()
    }
    return {name: v / np.linalg.norm(v, axis=1, keepdims=True) for name, v in vectors.items()}


if __name__ == "__main__":
    sys.exit(main())
