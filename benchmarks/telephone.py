"""Compares voices by telephone with references as they were before and as they are now.

    python -m benchmarks.telephone --pack DIR [--cache DIR] [--out FILE.md]

`before` is a reference without the vector of the telephone's band, as an older release stored it:
everything is compared in the whole band.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from model.data.codecs import narrow_band, telephone
from model.data.embed import Embedder
from model.data.media import Samples, join_voices
from model.data.packs import Pack
from model.evaluation import metrics
from model.evaluation.scoring import VOICE_MATED
from model.runtime.comparator import FusedNetwork, load_comparator
from model.runtime.reference import make_reference
from model.runtime.weights import Weights
from model.types import FaceQuality, FaceSample, Reference, VoiceSample

PATH = Path(__file__).resolve().parents[1] / "docs" / "measurements" / "telephone.md"
WAYS: dict[str, Callable[[Samples], Samples]] = {
    "whole band": lambda samples: samples,
    "8 kHz": narrow_band,
    "telephone": telephone,
}
TRIED = [
    ("whole band", "whole band"),
    ("whole band", "8 kHz"),
    ("whole band", "telephone"),
    ("8 kHz", "whole band"),
    ("8 kHz", "8 kHz"),
    ("8 kHz", "telephone"),
]
_FACE = FaceSample(np.ones(128, np.float32), FaceQuality(100, 100, 0, 0, 0.5, 0.2, 0.9))
Heard = dict[tuple[Path, ...], VoiceSample]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Row:
    """One way to enrol and one to speak.

    Attributes:
        enrolled: how the voice came at enrolment.
        spoken: how it comes.
        narrow: share of the probes that are told to be of the telephone's band.
        before: LLRs against references as they were, shape (n,).
        now: LLRs against references as they are.
        mated: shape (n,).
    """

    enrolled: str
    spoken: str
    narrow: float
    before: Floats
    now: Floats
    mated: Flags


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--pack", type=Path, required=True, help="folder with trials.csv")
    parser.add_argument("--cache", type=Path, default=Path(".cache/embeddings"))
    parser.add_argument("--out", type=Path, default=PATH, help="Markdown file for the table")
    options = parser.parse_args()
    weights, pack = Weights.load(), Pack(options.pack)
    embedder, network = Embedder(weights, cache=options.cache), load_comparator(weights)
    heard = {name: _heard(pack, embedder, name) for name in WAYS}
    rows = [_row(pack, network, heard, *tried) for tried in TRIED]
    options.out.write_text(page(rows, pack.name), encoding="utf-8")


def _heard(pack: Pack, embedder: Embedder, name: str) -> Heard:
    """Every probe and every enrolled file, as it comes that way."""
    enrolled = {(file,) for one in pack.chimeras.values() for file in one.voices}
    keys = sorted({trial.voices for trial in pack.trials} | enrolled)
    made = {
        key: embedder.voice(WAYS[name](join_voices(key)), whole=True, telephone=True)
        for key in track(keys, f"embedding, {name}")
    }
    return {key: sample for key, sample in made.items() if sample is not None}


def _row(
    pack: Pack, network: FusedNetwork, heard: dict[str, Heard], enrolled: str, spoken: str
) -> Row:
    probes = heard[spoken]
    references = {name: _reference(pack, heard[enrolled], name) for name in pack.chimeras}
    trials = list({(trial.chimera, trial.voices): trial for trial in pack.trials}.values())
    llrs = np.array(
        [
            [
                network.compare(reference, None, probes[trial.voices]).llr_voice
                for reference in (
                    replace(references[trial.chimera], telephone=None),
                    references[trial.chimera],
                )
            ]
            for trial in track(trials, f"comparing, {enrolled} with {spoken}")
        ],
        np.float64,
    )
    mated = np.isin([trial.kind for trial in trials], VOICE_MATED)
    used = {trial.voices for trial in trials}
    narrow = float(np.mean([probes[key].narrow for key in used]))
    return Row(enrolled, spoken, narrow, llrs[:, 0], llrs[:, 1], mated)


def _reference(pack: Pack, heard: Heard, name: str) -> Reference:
    return make_reference("", [_FACE], [heard[file,] for file in pack.chimeras[name].voices])


def page(rows: Sequence[Row], pack: str) -> str:
    """All figures as a page."""
    lines = [
        "| enrolled by | speaks by | told as narrow | against | EER | Cllr | mean LLR of the "
        "person | of strangers | person below 0 | strangers above 0 | above 2 |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        for name, llrs in (("before", row.before), ("now", row.now)):
            own, strangers = llrs[row.mated], llrs[~row.mated]
            cells = (
                row.enrolled,
                row.spoken,
                f"{row.narrow:.1%}",
                name,
                f"{metrics.equal_error_rate(llrs, row.mated):.2%}",
                f"{metrics.cllr(llrs, row.mated):.3f}",
                f"{own.mean():.2f}",
                f"{strangers.mean():.2f}",
                f"{(own < 0).mean():.1%}",
                f"{(strangers > 0).mean():.2%}",
                f"{(strangers > 2).mean():.2%}",
            )
            lines.append(f"| {' | '.join(cells)} |")
    same = all(
        np.array_equal(row.before, row.now)
        for row in rows
        if (row.enrolled, row.spoken) == TRIED[0]
    )
    trials, mated = len(rows[0].mated), int(rows[0].mated.sum())
    table = "\n".join(lines)
    return (
        _HEAD.format(pack=pack, mated=mated, strangers=trials - mated)
        + table
        + f"\n\nThe first pair of rows is {'the same' if same else 'not the same'} to the last "
        "digit.\n"
    )


_HEAD = """# Voices by telephone

Made by `python -m benchmarks.telephone --pack DIR`, on the pack `{pack}`: {mated} voice trials of
the person and {strangers} of strangers, one window each. `before` is a reference as an older
release stored it, with which everything is compared in the whole band; `now` has the voice as a
telephone carries it, too. 8 kHz is a file or codec of that rate; telephone is 300 to 3400 Hz by
mu-law. What the narrow band takes from an LLR was fitted to other people
(`python -m model telephone`), so that strangers gain no more in it than in the whole one.

"""

if __name__ == "__main__":
    main()
