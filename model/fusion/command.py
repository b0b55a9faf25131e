"""``python -m model fit-fusion``: fit the first fusion on a pack and write its weights."""

from __future__ import annotations

import argparse
import dataclasses
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from model.convert.manifest import update_part
from model.data.embed import Embedder
from model.data.packs import Pack
from model.data.people import PictureMaker, SpeechMaker
from model.evaluation.metrics import cllr, equal_error_rate, threshold_at_fmr
from model.fusion.crossval import KINDS, Joined, Scored, held_out_face, held_out_voice, join
from model.fusion.fit import Options, VoiceModel, fit_face, fit_joint, fit_voice
from model.fusion.material import Probes, face_probes, voice_probes
from model.fusion.rivals import RIVALS, left_out
from model.runtime.fusion import FORMAT, PART, Calibration, Floats, Joint
from model.runtime.weights import Weights

NAME = "calibrated-fusion-1"
FACE_OPTIONS = Options(qualities=(0, 1))
VOICE_OPTIONS = Options(qualities=(0, 1, 2))


def main(argv: Sequence[str]) -> int:
    """Embed a pack, measure on held-out people, fit on all, write weights and manifest."""
    options = _parser().parse_args(argv)
    weights = Weights.load()
    embedder = Embedder.of_weights(weights, cache=options.cache)
    faces, voices = read_probes(Pack(options.pack), embedder, options.face_source, options.seed)
    joined = held_out(faces, voices, options.seed)
    joint = fit_joint(
        joined.face, joined.voice, joined.mated, joined.weight, limit=_log_people(voices)
    )
    description = {
        **describe(faces, voices, joint, points(joined, joint)),
        "made_by": {
            "command": "python -m model fit-fusion",
            "pack": options.pack.name,
            "seed": options.seed,
            "towers": weights.model_id,
            **_counts(faces, voices),
            "held_out": figures(joined, joint),
        },
    }
    options.out.write_text(json.dumps(_rounded(description), separators=(",", ":")) + "\n")
    if options.manifest or options.out.resolve().parent == weights.directory:
        update_part(PART, options.out.name, directory=options.out.parent, **_ABOUT)
    print(json.dumps(_rounded(description["made_by"]), indent=2))
    return 0


def read_probes(
    pack: Pack, embedder: Embedder, face_source: str, seed: int
) -> tuple[Probes, Probes]:
    """Embed the pack's pictures and speech, clean and degraded, saying how long it took."""
    started = time.monotonic()
    voices = voice_probes(SpeechMaker(pack.voices, seed=seed), embedder)
    pictures = [face for face in pack.faces if face.source == face_source]
    faces = face_probes(PictureMaker(pictures, seed=seed), embedder)
    took = time.monotonic() - started
    print(f"{len(faces.person)} pictures, {len(voices.person)} pieces of speech, {took:.0f} s")
    return faces, voices


def held_out(faces: Probes, voices: Probes, seed: int) -> Joined:
    """Trials of made-up people, scored by models that knew nothing of their people."""
    face, voice = held_out_face(faces, FACE_OPTIONS), held_out_voice(voices, VOICE_OPTIONS)
    _print_alone("face", face)
    _print_alone("voice", voice)
    return join(face, voice, seed=seed)


def points(joined: Joined, joint: Joint) -> dict[str, float]:
    """Operating points on held-out trials of all kinds: LLR thresholds by name."""
    llr = joint.llr(joined.face, joined.voice)
    found = {
        "fmr_1e-2": threshold_at_fmr(llr, joined.mated, 1e-2),
        "fmr_1e-3": threshold_at_fmr(llr, joined.mated, 1e-3),
        "balanced": _balanced(llr, joined),
    }
    return {name: min(value, joint.limit) for name, value in found.items()}


def describe(
    faces: Probes, voices: Probes, joint: Joint, points: dict[str, float]
) -> dict[str, Any]:
    """Fit both modalities on all people: what ``fusion.json`` holds, less who made it."""
    face: Calibration = fit_face(faces, np.ones(len(faces.names), bool), FACE_OPTIONS)
    voice: VoiceModel = fit_voice(voices, np.ones(len(voices.names), bool), VOICE_OPTIONS)
    return {
        "format": FORMAT,
        "name": NAME,
        "points": points,
        "face": dataclasses.asdict(face),
        "voice": dataclasses.asdict(voice.calibration),
        "flattening": dataclasses.asdict(voice.flattening),
        "joint": dataclasses.asdict(joint),
    }


def figures(joined: Joined, joint: Joint) -> dict[str, Any]:
    """EER and Cllr of all ways to join, each source scored by a fit on the others."""
    rows = {name: left_out(joined, rival) for name, rival in RIVALS.items()}
    found: dict[str, Any] = {name: _figures(llr, joined) for name, llr in rows.items()}
    llr = joint.llr(joined.face, joined.voice)
    for kind in range(1, len(KINDS)):
        chosen = (joined.kind == 0) | (joined.kind == kind)
        found[f"eer_{KINDS[kind]}"] = equal_error_rate(llr[chosen], joined.mated[chosen])
    return found


_ABOUT = {
    "input": "cosines of both modalities with norms, seconds, SNR, sharpness of the probe",
    "output": "three LLRs: face, voice, fused",
    "licence": "Apache-2.0",
}


def _figures(llr: Floats, joined: Joined) -> dict[str, float]:
    return {"eer": equal_error_rate(llr, joined.mated), "cllr": cllr(llr, joined.mated)}


def _balanced(llr: Floats, joined: Joined) -> float:
    """The threshold at which as large a share of genuine trials is lost as of impostors let in."""
    return threshold_at_fmr(llr, joined.mated, equal_error_rate(llr, joined.mated))


def _log_people(voices: Probes) -> float:
    return float(np.log(len(voices.names)))


def _counts(faces: Probes, voices: Probes) -> dict[str, int]:
    return {
        "face_people": len(faces.names),
        "pictures": len(faces.person),
        "voice_people": len(voices.names),
        "pieces_of_speech": len(voices.person),
    }


def _print_alone(name: str, scored: Scored) -> None:
    trials = scored.trials
    rate = equal_error_rate(scored.llr, trials.mated, trials.weight)
    cost = trials.weight @ np.logaddexp(0, np.where(trials.mated, -1, 1) * scored.llr) / np.log(2)
    print(f"{name} alone, held out: EER {100 * rate:.2f} %, Cllr {cost:.3f}")


def _rounded(value: Any) -> Any:
    """Plain JSON values, numbers to 6 significant digits."""
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | list | tuple):
        return [_rounded(item) for item in value]
    return float(f"{value:.6g}") if isinstance(value, float | np.floating) else value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m model fit-fusion", description=__doc__)
    parser.add_argument("--pack", type=Path, required=True, help="folder with training people")
    parser.add_argument("--out", type=Path, default=Path("model/weights/fusion.json"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--face-source", default="lfw", help="data set to take faces from")
    parser.add_argument("--manifest", action="store_true", help="list it in --out's manifest")
    parser.add_argument("--cache", type=Path, default=Path(".cache/embeddings"))
    return parser
