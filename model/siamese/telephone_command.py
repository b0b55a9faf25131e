"""``python -m model telephone``: fit what the telephone's band takes from a voice's LLR.

Less is heard there, so that strangers sound more alike. Speech of a pack is compared as it is, and
as a sample rate of 8 kHz carries it; under the shift that is fitted strangers gain as little in
the second as in the first, so that a telephone is no easier way in. Whoever attacks may choose the
clearest kind of telephone, so it is that kind which counts.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.progress import track
from scipy.optimize import brentq

from model.data.codecs import narrow_band
from model.data.embed import Embedder
from model.data.media import Samples as Sound
from model.data.packs import Pack
from model.errors import PackError
from model.evaluation import metrics
from model.outputs import folder
from model.runtime.comparator import (
    CALIBRATION_PART,
    CalibrationSet,
    FusedNetwork,
    load_comparator,
    voice_quality_vector,
)
from model.runtime.reference import FACE_SIZE
from model.runtime.weights import WEIGHTS_DIR, Weights
from model.siamese.artifacts import write_calibration
from model.siamese.material import Amount, Unit, speech_sounds
from model.siamese.samples import Samples, TrialMaker
from model.types import Reference, Vector, VoiceSample

TRIALS = 40_000
_LEAST = 1e-4
"""No less can be measured in so many trials."""
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Heard = dict[Unit, VoiceSample]


def main(argv: Sequence[str]) -> int:
    """Embed a pack's speech in both bands, fit, tell, write."""
    options = _parser().parse_args(argv)
    weights, pack = Weights.load(options.weights), Pack(options.pack)
    shipped = CalibrationSet.read(weights.path(CALIBRATION_PART))
    network = load_comparator(weights)
    embedder = Embedder(weights, cache=options.cache)
    rng = np.random.default_rng(options.seed)
    sounds = speech_sounds(pack, Amount(units=options.units), rng)
    whole = _heard(embedder, sounds, lambda sound: sound)
    narrow = {
        key: sample
        for key, sample in _heard(embedder, sounds, narrow_band).items()
        if sample.narrow and key in whole
    }
    as_they_are = _llrs(network, shipped, whole, whole, rng, _of_whole)
    by_telephone = _llrs(network, shipped, whole, narrow, rng, _of_telephone)
    shift = fit_shift(as_they_are, by_telephone)
    _tell(as_they_are, by_telephone, shift)
    if not options.dry_run:
        write_calibration(weights.directory, replace(shipped, telephone=round(shift, 3)))
        print(f"written to {weights.path(CALIBRATION_PART)}")
    return 0


def fit_shift(whole: tuple[Floats, Flags], narrow: tuple[Floats, Flags]) -> float:
    """What to add to the LLRs of the narrow band, 0 at most, so that strangers gain no more.

    What they gain is the mean of their LLRs, those below 0 counted as 0.

    Args:
        whole: calibrated LLRs of the whole band, shape (n,), and which of them are mated.
        narrow: likewise, of the narrow one.
    """
    strangers = narrow[0][~narrow[1]]
    wanted = max(_gain(whole[0][~whole[1]]), _LEAST)
    if _gain(strangers) <= wanted:
        return 0.0
    return float(brentq(lambda shift: _gain(strangers + shift) - wanted, -strangers.max(), 0.0))


def _gain(llrs: Floats) -> float:
    return float(np.maximum(llrs, 0).mean())


def _heard(embedder: Embedder, sounds: dict[Unit, Sound], way: Callable[[Sound], Sound]) -> Heard:
    made = {
        key: embedder.voice(way(sound), telephone=True)
        for key, sound in track(sounds.items(), "embedding speech")
    }
    return {key: sample for key, sample in made.items() if sample is not None}


def _of_whole(sample: VoiceSample) -> Vector:
    return sample.vector


def _of_telephone(sample: VoiceSample) -> Vector:
    if sample.telephone is None:
        raise PackError("the telephone's band was not embedded")
    return sample.telephone


def _llrs(
    network: FusedNetwork,
    shipped: CalibrationSet,
    enrolled: Heard,
    probes: Heard,
    rng: np.random.Generator,
    of: Callable[[VoiceSample], Vector],
) -> tuple[Floats, Flags]:
    """LLRs of drawn trials, without any shift, and which are mated."""
    rows = [(key, sample, True) for key, sample in enrolled.items()]
    if probes is not enrolled:
        rows += [(key, sample, False) for key, sample in probes.items()]
    people, person = np.unique([key[0] for key, _, _ in rows], return_inverse=True)
    samples = Samples(
        vectors=np.stack([of(sample) for _, sample, _ in rows]),
        qualities=np.stack([voice_quality_vector(sample) for _, sample, _ in rows]),
        person=person,
        unit=np.array([key[1] for key, _, _ in rows]),
        clean=np.array([clean for _, _, clean in rows]),
        people=tuple(str(name) for name in people),
    )
    drawn = TrialMaker(samples).draw(rng.random(TRIALS) < 0.5, rng)
    scored = np.flatnonzero(samples.clean[drawn.probe] == (probes is enrolled))
    llrs = []
    for trial in track(scored, "scoring trials"):
        row = drawn.probe[trial]
        probe = replace(rows[row][1], vector=samples.vectors[row])
        reference = Reference("", np.zeros(FACE_SIZE, np.float32), drawn.reference[trial], 0, 0.0)
        llrs.append(shipped.voice.llr(network.scores(reference, None, probe)[1]))
    return np.array(llrs), drawn.mated[scored]


def _tell(whole: tuple[Floats, Flags], narrow: tuple[Floats, Flags], shift: float) -> None:
    print(f"the telephone's band takes {-shift:.2f} from a voice's LLR")
    for name, (llrs, mated) in {
        "whole band": whole,
        "8 kHz": narrow,
        "8 kHz, shifted": (narrow[0] + shift, narrow[1]),
    }.items():
        strangers = llrs[~mated]
        print(
            f"  {name:<15} {len(llrs)} trials, EER {metrics.equal_error_rate(llrs, mated):.2%}, "
            f"Cllr {metrics.cllr(llrs, mated):.3f}, genuine mean {llrs[mated].mean():.2f}, "
            f"strangers above 0 {(strangers > 0).mean():.2%}, above 2 {(strangers > 2).mean():.2%}"
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m model telephone", description=__doc__)
    parser.add_argument("--pack", type=Path, required=True, help="folder with people's speech")
    parser.add_argument("--weights", type=Path, default=WEIGHTS_DIR, help="folder of weights")
    parser.add_argument("--units", type=int, default=6, help="stretches of 3 s of each person")
    parser.add_argument("--seed", type=int, default=1, help="of the trials drawn")
    parser.add_argument("--dry-run", action="store_true", help="write nothing")
    parser.add_argument("--cache", type=folder, default=Path(".cache/embeddings"))
    return parser
