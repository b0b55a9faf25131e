"""Evaluations, weights and other files of made-up numbers, for the model card."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from model.evaluation import report
from model.evaluation.scoring import Scores

KINDS = ["genuine", "impostor_both", "impostor_face", "impostor_voice"]


def made_up_scores(seed: int, *, missing: str | None = None, grouped: bool = False) -> Scores:
    rng = np.random.default_rng(seed)
    kind = np.tile(KINDS, 50)
    mated = kind == "genuine"
    face, voice = (4 * mated - 2 + 2 * rng.standard_normal((2, 200))).astype(np.float64)
    fused = voice if missing == "face" else np.minimum(face, voice)
    return Scores(
        face=np.full(200, np.nan) if missing == "face" else face,
        voice=voice,
        fused=fused,
        mated=mated,
        kind=kind,
        source=np.repeat(["near", "far"], 100),
        chimera=np.repeat([f"p{n:02}" for n in range(20)], 10),
        groups={"voice language": np.repeat(["Twi", "Thai"], 100)} if grouped else {},
        missing=missing,
    )


def system(model: str | None, **conditions: Scores) -> dict[str, Any]:
    return {
        "name": "default",
        "model": model,
        "comparator": "made-1",
        "conditions": {
            name.replace("_", "-"): report.summary(scores, rounds=10)
            for name, scores in conditions.items()
        },
    }


def write_weights(folder: Path) -> Path:
    parts = {}
    for part in ("face_tower", "voice_tower"):
        (folder / part).write_bytes(part.encode())
        digest = hashlib.sha256(part.encode()).hexdigest()
        source = {"origin": "a kind stranger", "package": "stranger", "version": "1.2"}
        parts[part] = {"file": part, "sha256": digest, "bytes": 7_000_000, "source": source}
    parts["voice_tower"]["fine_tuned_by"] = "python -m model train"
    parts["voice_tower"]["rounded_by"] = "python -m model round"
    put(folder / "manifest.json", {"format": 1, "space": "made", "parts": parts})
    return folder


def put(path: Path, content: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def others(folder: Path) -> dict[str, Any]:
    """What the other commands write, with numbers of their own."""
    known = {"pairs": 97, "mated": 43, "accuracy": 0.1234, "precision": 0.2345, "recall": 0.3456}
    held_out = {"eer": 0.04321, "cllr": 0.1357, "min_cllr": 0.0975, "trials": 7654}
    history = {"fusion": [{"loss": 0.6789}, {"loss": 0.5432}]}
    times = {"cpu_ms": 12.34, "wall_ms": 13.5, "ratio": 0.876}
    errors = {"eer": 0.0246, "interval": [0.0135, 0.0357], "ratio": 1.0246, "accepted": True}
    return {
        "--known": put(folder / "known.json", {"both": {**known, "eer": 0.4567}}),
        "--validation": put(
            folder / "validation.json",
            {"command": "train", "pack": "theirs", "held_out": {"fused": held_out}},
        ),
        "--training": put(folder / "run" / "config.json", {"system": "default", "seed": 31}).parent,
        "history": put(folder / "run" / "history.json", history),
        "--speed": put(
            folder / "speed.json",
            {
                "repeats": 17,
                "pack": "mine",
                "folders": {
                    "int8": {
                        "face_bytes": 1_230_000,
                        "voice_bytes": 4_560_000,
                        "times": {"face": times},
                        "eer": {"clean": errors},
                        "accepted": True,
                    }
                },
            },
        ),
    }


def given(paths: dict[str, Any]) -> list[str | Path]:
    return [part for name, path in paths.items() if name[0] == "-" for part in (name, path)]
