"""``python -m model fit-peer``: fit the peer's fusion on a pack and write its few numbers."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import track

from model.data.media import Picture, Samples
from model.data.packs import Pack
from model.data.people import PictureMaker, SpeechMaker
from model.errors import PackError
from model.evaluation.metrics import equal_error_rate
from model.outputs import folder, new_file
from model.peer.fit import (
    FACE,
    UNDAMAGED_SHARE,
    VOICE,
    Joined,
    Piece,
    Trials,
    fit,
    fit_joint,
    join,
    make_trials,
)
from model.peer.fusion import DEFAULT_PATH, Floats, PeerFusion, features
from model.peer.system import embedders
from model.types import Vector

SPEECH_COPIES = 6
PICTURE_COPIES = 1
_TOO_FEW = (
    "pack {pack} has too few people to fit on: it takes two with four pictures each in the data "
    "set {source} (--face-source), and two of one data set with 6 seconds of speech each"
)


def main(argv: Sequence[str]) -> int:
    """Embed a pack, clean and degraded, fit on trials of made-up people, write the numbers."""
    options = _parser().parse_args(argv)
    embed_face, embed_voice = embedders(options.cache)
    pack = Pack(options.pack)
    pictures = [face for face in pack.faces if face.source == options.face_source]
    speech = SpeechMaker(pack.voices, seed=options.seed, copies=SPEECH_COPIES)
    portraits = PictureMaker(pictures, seed=options.seed, copies=PICTURE_COPIES)
    portraits.files = dict(list(portraits.files.items())[: options.face_people])
    voices = voice_pieces(speech, embed_voice)
    faces = face_pieces(portraits, embed_face)
    face, voice = make_trials(faces, FACE), make_trials(voices, VOICE)
    if face.mated.all() or voice.mated.all():  # as it is of no trials
        raise PackError(_TOO_FEW.format(pack=pack.root, source=options.face_source))
    joined = join(face, voice, seed=options.seed)
    fusion = fit(face, voice, joined)
    about = {
        "command": "python -m model fit-peer",
        "pack": pack.name,
        "seed": options.seed,
        "undamaged_share": UNDAMAGED_SHARE,
        "face_people": len({piece.identity for piece in faces}),
        "pictures": len(faces),
        "voice_people": len({piece.identity for piece in voices}),
        "pieces_of_speech": len(voices),
        "eer_on_these": figures(fusion, face, voice, joined),
    }
    fusion.write(options.out, about)
    print(json.dumps(about, indent=2))
    return 0


def voice_pieces(maker: SpeechMaker, embed: Callable[[Samples], Vector]) -> list[Piece]:
    """Embed all speech of a maker; the first of a unit is the whole of it, untouched."""
    total = sum(map(len, maker.units.values())) * (1 + SPEECH_COPIES)
    found: list[Piece] = []
    seen: set[tuple[str, int]] = set()
    for speech in track(maker.speech(), "embedding speech", total=total):
        key = (speech.identity, speech.unit)
        vector = _double(embed(speech.samples))
        found.append(Piece(*key, key not in seen, np.isfinite(speech.noise_db), vector))
        seen.add(key)
    return found


def face_pieces(maker: PictureMaker, embed: Callable[[Picture], Vector]) -> list[Piece]:
    """Embed all pictures of a maker."""
    total = sum(map(len, maker.files.values())) * (1 + PICTURE_COPIES)
    return [
        Piece(p.identity, p.index, not p.damaged, p.damaged, _double(embed(p.picture)))
        for p in track(maker.pictures(), "embedding pictures", total=total)
    ]


def figures(fusion: PeerFusion, face: Trials, voice: Trials, joined: Joined) -> dict[str, Any]:
    """EER on the trials of the fit, [undamaged, damaged]: few parameters learn little by heart.

    "fused_with_squares" has the squares of both scores too. It is not used, but says how much
    the peer's error is the fusion's.
    """
    f, v = joined.face, joined.voice
    squares = features(f, v, f * v, f * f, v * v)
    return {
        "face": _rates(fusion.face_llr(face.score), face),
        "voice": _rates(fusion.voice_llr(voice.score), voice),
        "fused": _rates(fusion.joint_llr(f, v), joined),
        "fused_with_squares": _rates(squares @ np.array(fit_joint(joined, squares)), joined),
    }


def _rates(llr: Floats, trials: Trials | Joined) -> list[float]:
    return [
        round(equal_error_rate(llr[chosen], trials.mated[chosen]), 4)
        for chosen in (~trials.damaged, trials.damaged)
    ]


def _double(vector: Vector) -> Floats:
    return np.asarray(vector, dtype=np.float64)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m model fit-peer", description=__doc__)
    parser.add_argument("--pack", type=Path, required=True, help="folder with training people")
    parser.add_argument("--out", type=new_file, default=DEFAULT_PATH)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--face-source", default="lfw", help="data set to take faces from")
    parser.add_argument("--face-people", type=int, default=120, help="most people with faces")
    parser.add_argument("--cache", type=folder, default=Path(".cache/embeddings"))
    return parser
