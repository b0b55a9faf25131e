"""How well lips and speech are told apart, on people whom the network never saw: a page."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.card.markdown import table
from model.data.media import read_voice
from model.data.packs import Pack
from model.evaluation.metrics import cllr
from model.lips import conditions
from model.lips.calibrate import llrs, nats
from model.lips.clips import Clip
from model.lips.loops import HEAD as LOOP_HEAD
from model.lips.loops import loops
from model.lips.material import Material
from model.lips.timing import TIMED_S, timing
from model.lips.trials import (
    Read,
    Show,
    Speak,
    Trials,
    area,
    instead,
    late,
    own_and_other_moments,
    own_and_others,
    read_clips,
    strangers,
    with_offset,
)
from model.runtime.detect import FaceDetector
from model.runtime.lips import FAR, LipCalibration, LipNetwork, load_calibration
from model.runtime.mouth import RATE_HZ
from model.runtime.weights import Weights
from model.training.files import write_whole

ROUNDS = 300
SEED = 11
SHIFTS = (5, 10, 15, 20)
OFFSETS = (-6, -3, 0, 3, 6)
HEAD = (
    *("against", "speech, s", "people", "trials", "AUC (95 %)"),
    *("right: LLR > 0, %", "right: 5 % below", "wrong: LLR < 0, %", "wrong: 5 % above", "Cllr"),
)


@dataclass(frozen=True)
class Row:
    """What was tried, on how much, and what came out.

    Attributes:
        against: what right pairings were told from, or under which condition.
        seconds: of speech in a trial.
        people: whose clips they were made of.
        trials: right and wrong ones.
        auc: how often a right pairing scores above a wrong one.
        low, high: the middle 95 % of it by bootstrap over people and their trials.
        accepted: share of right pairings with an LLR above 0.
        refused: share of wrong pairings with one below 0.
        right_low: the LLR that 5 % of right pairings are below.
        wrong_high: the LLR that 5 % of wrong pairings are above.
        cllr: cost of the LLRs in bits.
    """

    against: str
    seconds: float
    people: int
    trials: int
    auc: float
    low: float
    high: float
    accepted: float
    refused: float
    right_low: float
    wrong_high: float
    cllr: float

    def cells(self) -> list[str]:
        """As a page shows them."""
        return [
            *(self.against, f"{self.seconds:.1f}", str(self.people), str(self.trials)),
            f"{self.auc:.3f} ({self.low:.3f} to {self.high:.3f})",
            *(f"{100 * self.accepted:.1f}", f"{self.right_low:.1f}"),
            *(f"{100 * self.refused:.1f}", f"{self.wrong_high:.1f}", f"{self.cllr:.2f}"),
        ]


@dataclass(frozen=True)
class Bench:
    """The network, what makes LLRs of it, and how many trials of a kind and person are made."""

    network: LipNetwork
    calibration: LipCalibration
    draws: int

    def read(self, clips: Sequence[Clip], **how: Any) -> list[Read]:
        """Clips as the network reads them."""
        return read_clips(clips, self.network, **how)

    def row(self, against: str, trials: Trials, *, offset: int | None = None) -> Row:
        """Judge trials whose offset is known or not."""
        scores = nats(trials, self.calibration, offset)
        found = llrs(trials, self.calibration, offset)
        low, high = _interval(scores, trials)
        return Row(
            against=against,
            seconds=float(np.mean([a.seconds for a in trials.agreements])),
            people=len(np.unique(trials.people)),
            trials=len(trials.mated),
            auc=area(scores, trials.mated),
            low=low,
            high=high,
            accepted=float(np.mean(found[trials.mated] > 0)),
            refused=float(np.mean(found[~trials.mated] < 0)),
            right_low=float(np.percentile(found[trials.mated], 5)),
            wrong_high=float(np.percentile(found[~trials.mated], 95)),
            cllr=cllr(found, trials.mated),
        )


def evaluate(material: Material, weights_folder: Path, out: Path, *, draws: int) -> None:
    """Measure a network on a pack and write ``lips.md`` and ``lips.json``.

    Raises:
        PackError: the pack lists no talking clips.
        WeightsError: the folder holds no network of lips.
    """
    weights = Weights.load(weights_folder)
    bench = Bench(LipNetwork(weights), load_calibration(weights), draws)
    clips = material.clips()
    noises = _noises(material.root)
    detector = FaceDetector(Weights.load().path("face_detector"))
    found: dict[str, Any] = {"time": timing(bench.network, detector), "sources": {}}
    for source in sorted({clip.source for clip in clips}):
        few = [clip for clip in clips if clip.source == source]
        found["sources"][source] = {
            "people": len({clip.identity for clip in few}),
            "clips": len(few),
            "pairings": list(pairings(few, bench)),
            "conditions": list(under_conditions(few, bench, noises)),
            "offsets": offsets(few, bench),
            "loops": list(loops(few, bench.network, SEED)),
        }
    write_whole(out / "lips.md", page(found, material.root.name).encode())
    plain = json.dumps(found, indent=1, default=asdict) + "\n"
    write_whole(out / "lips.json", plain.encode())
    print(f"{out / 'lips.md'} and lips.json are written")


def pairings(clips: Sequence[Clip], bench: Bench) -> Iterator[Row]:
    """Right pairings against every kind of wrong one, as the clips are."""
    draws, reads = bench.draws, bench.read(clips)
    for pooled in (1, 3, 5, 8):
        trials = own_and_others(reads, pooled=pooled, draws=draws, seed=SEED)
        yield bench.row("other speech of the same person, at the same beat", trials)
    for pooled in (1, 3, 8, 20):
        trials = own_and_other_moments(reads, pooled=pooled, draws=draws, seed=SEED)
        yield bench.row("other speech of the same person, at any moment", trials)
    if len({read.identity for read in reads}) > 1:
        for pooled in (1, 3, 8):
            trials = strangers(reads, pooled=pooled, draws=draws, seed=SEED)
            yield bench.row("speech of somebody else", trials)
    for name, show in (
        ("a still picture", conditions.still),
        ("a still picture, moved", conditions.moved_still),
        ("a shut mouth", conditions.shut),
    ):
        false = bench.read(clips, show=show)
        for pooled in (1, 3):
            trials = instead(reads, false, pooled=pooled, draws=draws, seed=SEED)
            yield bench.row(name, trials)
    whole = bench.read(clips, whole=True)
    for wanted_s in (3, 10):
        for shift in SHIFTS:
            if shift + FAR >= min(len(read.picture) for read in whole):
                continue  # too little of each clip is left to compare with other moments
            trials = _off(whole, shift, wanted_s, draws)
            yield bench.row(f"sound {shift / RATE_HZ:.1f} s off", trials, offset=0)


def under_conditions(
    clips: Sequence[Clip], bench: Bench, noises: Sequence[NDArray[np.float32]]
) -> Iterator[Row]:
    """Own speech against other speech of the same person, with poor cameras and lines."""
    for name, how in _situations(noises).items():
        reads = bench.read(clips, **how)
        for pooled in (3, 8):
            trials = own_and_other_moments(reads, pooled=pooled, draws=bench.draws, seed=SEED)
            yield bench.row(name, trials)


def offsets(clips: Sequence[Clip], bench: Bench) -> list[dict[str, float]]:
    """How often a device's offset is found to within 40 ms in about 3 and 10 s."""
    rng = np.random.default_rng(SEED)
    reads = bench.read(clips, whole=True)
    rows = []
    for wanted_s in (3, 10):
        for offset in OFFSETS:
            found = [
                total.offset() - offset
                for total in with_offset(
                    reads, offset=offset, seconds=wanted_s, draws=bench.draws, rng=rng
                )
            ]
            within = float(np.mean(np.abs(found) <= 1))
            row = {"seconds": wanted_s, "offset_s": offset / RATE_HZ, "trials": len(found)}
            rows.append({**row, "within_40_ms": within})
    return rows


def page(found: dict[str, Any], pack: str) -> str:
    """What was found, as a page."""
    times = found["time"]
    network_ms = sum(times[name] for name in ("mouths_ms", "picture_ms", "sound_ms"))
    parts = [
        "# Lips and speech",
        f"Written by `python -m model lips evaluate` on pack `{pack}`. Nobody in it was trained "
        "on. A clip counts with its middle second, unless sound is moved; several of one person "
        "are added up to make more seconds. LLRs were calibrated on people left out of the "
        "training, not on these. The offset of picture and sound is not known to a trial: any "
        "within 0.24 s is as likely; where sound is moved, it is known to be none. `At the same "
        "beat` is harder than a call: the clips hold a word in their middle, or a sentence of the "
        "same six words, so that other speech moves and rests when the lips do. Intervals are by "
        "bootstrap over people and their trials: with few people they are wide.",
        f"For {TIMED_S:.0f} s of a call the network needs {network_ms:.1f} ms of one thread: "
        f"{times['mouths_ms']} ms for 75 pictures of the mouth, {times['picture_ms']} ms and "
        f"{times['sound_ms']} ms for both arms over time. Before it, finding the face in 75 "
        f"pictures near where it was takes {times['finding_ms']} ms, and cutting the mouth out "
        f"{times['cutting_ms']} ms.",
    ]
    for source, part in found["sources"].items():
        parts += [
            f"## {source}: {part['people']} people, {part['clips']} clips",
            table(HEAD, [row.cells() for row in part["pairings"]]),
            "Against other speech of the same person at any moment, with poor cameras and lines:",
            table(("under", *HEAD[1:]), [row.cells() for row in part["conditions"]]),
            "How often the offset of a device is found to within 40 ms:",
            table(
                ("speech, s", "sound late by, s", "trials", "found, %"),
                [
                    [
                        *(f"{row['seconds']:.0f}", f"{row['offset_s']:.2f}"),
                        *(str(row["trials"]), f"{100 * row['within_40_ms']:.1f}"),
                    ]
                    for row in part["offsets"]
                ],
            ),
            "How much the newest 2 s are like any 2 s before, in calls of 12 s and in loops:",
            table(LOOP_HEAD, [row.cells() for row in part["loops"]]),
        ]
    return "\n\n".join(parts) + "\n"


def _situations(
    noises: Sequence[NDArray[np.float32]],
) -> dict[str, dict[str, Show | Speak]]:
    found: dict[str, dict[str, Show | Speak]] = {
        "nothing": {},
        "15 pictures a second": {"show": conditions.slow(15)},
        "half the pixels, JPEG 30": {"show": conditions.coarse},
        "Opus at 16 kb/s": {"speak": conditions.through_opus(16_000)},
    }
    if noises:
        found["noise at 10 dB"] = {"speak": conditions.in_noise(noises, 10.0, SEED)}
        found["half the pixels, noise at 10 dB"] = {
            "show": conditions.coarse,
            "speak": conditions.in_noise(noises, 10.0, SEED),
        }
    return found


def _off(reads: Sequence[Read], shift: int, wanted_s: float, draws: int) -> Trials:
    """Sound late and early by so much, in trials of about so many seconds."""
    length = float(np.median([len(read.picture) for read in reads]))
    pooled = max(1, round(wanted_s * RATE_HZ / (length - shift)))
    both = [
        late(reads, shift=way * shift, pooled=pooled, draws=max(1, draws // 2), seed=SEED)
        for way in (1, -1)
    ]
    return both[0] + both[1]


def _interval(scores: NDArray[np.float64], trials: Trials) -> tuple[float, float]:
    """Middle 95 % of the AUC over draws of people, and of each one's trials."""
    rng = np.random.default_rng(SEED)
    rows = [np.flatnonzero(trials.people == who) for who in np.unique(trials.people)]
    found = []
    for _ in range(ROUNDS):
        chosen = rng.integers(len(rows), size=len(rows))
        drawn = np.concatenate([rng.choice(rows[i], len(rows[i])) for i in chosen])
        found.append(area(scores[drawn], trials.mated[drawn]))
    low, high = np.percentile(found, (2.5, 97.5))
    return float(low), float(high)


def _noises(root: Path) -> list[NDArray[np.float32]]:
    if not (root / "voices.csv").is_file():
        return []
    return [read_voice(sample.path) for sample in Pack(root).noises]
