"""``python -m benchmarks.poor_faces --pack DIR``: what a face says, by how poor its picture is.

Everybody's second picture is spoilt in one way at a time and compared with a reference made of the
first one, and with those of others, as a call compares them. What a face says should get less as
the picture gets worse, and never be wrong too surely: that is what where to stop looking hangs on.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from benchmarks.faces import in_frame
from model.data.media import Picture, read_picture
from model.evaluation.metrics import cllr, min_cllr
from model.runtime.comparator import load_comparator
from model.runtime.face import FaceTower
from model.runtime.reference import make_reference
from model.runtime.weights import Weights
from model.types import Comparator, FaceSample, Reference, VoiceQuality, VoiceSample
from stream_verifier.simulation.embedded_faces import seen, watch
from stream_verifier.windows.faces import FaceDetector

OTHERS = 12
"""People each spoilt picture is compared with beside its own."""
_NO_VOICE = VoiceSample(np.ones(192, np.float32), VoiceQuality(3.0, 20.0, -20.0))
_SURE = (0.0, 2.0, 4.0)

Spoil = Callable[[Picture, np.random.Generator], Picture]


@dataclass(frozen=True, slots=True)
class Fault:
    """A way in which pictures are poor.

    Attributes:
        measured: the quality that tells how poor, by its name in ``FaceQuality``.
        edges: of the rows by that quality, rising.
        spoils: from hardly to badly.
    """

    measured: str
    edges: tuple[float, ...]
    spoils: tuple[Spoil, ...]


@dataclass(slots=True)
class Row:
    """LLRs of pictures that are about as poor: of the person, and of others."""

    own: list[float] = field(default_factory=list)
    others: list[float] = field(default_factory=list)


def _noisy(picture: NDArray[np.floating], rng: np.random.Generator) -> Picture:
    """What a camera makes of it: grain of 2 grey levels, nothing beyond black and white."""
    return np.clip(picture + rng.normal(0.0, 2.0, picture.shape), 0, 255).astype(np.uint8)


def _blurred(sigma: float) -> Spoil:
    return lambda picture, _: np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.uint8)


def _coarse(side: int) -> Spoil:
    def spoil(picture: Picture, _: np.random.Generator) -> Picture:
        small = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
        back = cv2.resize(small, picture.shape[:2], interpolation=cv2.INTER_CUBIC)
        return np.asarray(back, np.uint8)

    return spoil


def _moved(length: int) -> Spoil:
    kernel = np.zeros((length, length), np.float32)
    kernel[length // 2] = 1 / length
    return lambda picture, _: np.asarray(cv2.filter2D(picture, -1, kernel), np.uint8)


def _small(side: int) -> Spoil:
    def spoil(picture: Picture, _: np.random.Generator) -> Picture:
        small = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
        return np.asarray(small, np.uint8)

    return spoil


def _lit(share: float) -> Spoil:
    return lambda picture, rng: _noisy(picture * share, rng)


def _washed_out(share: float) -> Spoil:
    return lambda picture, rng: _noisy(255 - (255.0 - picture) * share, rng)


def _flat(share: float) -> Spoil:
    return lambda picture, rng: _noisy(110 + (picture - 110.0) * share, rng)


FAULTS = {
    "blurred: by lens, motion, or too few pixels": Fault(
        "sharpness",
        (0, 3, 5, 8, 15, 30, 60),
        (
            *map(_blurred, (1.0, 1.5, 2.0, 3.0, 4.0)),
            *map(_coarse, (40, 28, 20, 14)),
            *map(_moved, (9, 15)),
        ),
    ),
    "small": Fault(
        "size_px", (0, 24, 32, 40, 50, 64), tuple(map(_small, (100, 80, 66, 54, 44, 36, 30)))
    ),
    "dark": Fault(
        "brightness", (0, 0.04, 0.08, 0.12, 0.2, 0.3), tuple(map(_lit, (0.6, 0.4, 0.25, 0.15, 0.1)))
    ),
    "bright": Fault(
        "brightness", (0.6, 0.7, 0.8, 0.9, 0.95), tuple(map(_washed_out, (0.5, 0.3, 0.2, 0.1)))
    ),
    "flat": Fault(
        "contrast", (0, 0.025, 0.05, 0.08, 0.12), tuple(map(_flat, (0.5, 0.3, 0.2, 0.1)))
    ),
}


class Looker:
    """Finds, measures and embeds the face of a picture as a call does."""

    def __init__(self, weights: Weights) -> None:
        self._detector = FaceDetector(weights.path("face_detector"))
        self._tower = FaceTower(weights)

    def look(self, picture: Picture) -> FaceSample | None:
        """The face of a picture in a frame of 640x480, at its own size; None without one."""
        (view,) = seen("", watch([in_frame(picture, 1.0)], self._detector, self._tower))
        return None if view.face is None else view.face.sample


def pairs(pack: Path, most: int) -> dict[str, tuple[Path, Path]]:
    """Two pictures of each of so many people of a pack that has two."""
    found = {}
    for folder in sorted((pack / "faces160").glob("*/*")):
        files = sorted(folder.glob("*.jpg"))
        if len(files) > 1:
            found[folder.name] = (files[0], files[1])
    step = max(1, len(found) // most)
    return dict(list(found.items())[::step][:most])


def spoilt(
    fault: Fault,
    probes: dict[str, Picture],
    references: dict[str, Reference],
    looker: Looker,
    comparator: Comparator,
) -> dict[int, Row]:
    """LLRs by the row that a picture's quality puts it in."""
    rng = np.random.default_rng(1)
    rows: dict[int, Row] = defaultdict(Row)
    names = list(references)
    for spoil in fault.spoils:
        for name, picture in probes.items():
            face = looker.look(spoil(picture, rng))
            if face is None:
                continue
            place = int(
                np.searchsorted(fault.edges, getattr(face.quality, fault.measured), "right")
            )
            others = [names[n] for n in rng.choice(len(names), OTHERS + 1, replace=False)]
            rows[place].own.append(_llr(comparator, references[name], face))
            rows[place].others += [
                _llr(comparator, references[other], face) for other in others if other != name
            ]
    return dict(sorted(rows.items()))


def _llr(comparator: Comparator, reference: Reference, face: FaceSample) -> float:
    llr = comparator.compare(reference, face, None).llr_face
    assert llr is not None
    return llr


def table(fault: Fault, rows: dict[int, Row]) -> Iterator[str]:
    """A fault's rows as Markdown."""
    sure = " | ".join(f"above {t:g}, %" for t in _SURE)
    yield f"| {fault.measured} | pictures | own LLR p5 | p50 | others {sure} | Cllr | least |"
    yield "|---" * (7 + len(_SURE) - 1) + "|"
    for place, row in rows.items():
        llrs = np.array([*row.own, *row.others])
        own = np.arange(len(llrs)) < len(row.own)
        low, middle = np.percentile(row.own, [5, 50])
        wrong = " | ".join(f"{100 * float(np.mean(llrs[~own] > t)):.2f}" for t in _SURE)
        loss = f"{cllr(llrs, own):.2f} | {min_cllr(llrs, own):.2f}"
        said = f"{len(row.own)} | {low:.1f} | {middle:.1f} | {wrong} | {loss}"
        yield f"| {_span(fault.edges, place)} | {said} |"


def _span(edges: Sequence[float], place: int) -> str:
    if place == 0:
        return f"below {edges[0]:g}"
    if place == len(edges):
        return f"{edges[-1]:g} and more"
    return f"{edges[place - 1]:g} to {edges[place]:g}"


def main(argv: Sequence[str] | None = None) -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.poor_faces", description=__doc__)
    parser.add_argument("--pack", type=Path, required=True, help="data pack with faces160/")
    parser.add_argument("--people", type=int, default=250, help="with two pictures each")
    parser.add_argument("--markdown", type=Path, help="file for the page")
    options = parser.parse_args(argv)
    weights = Weights.load()
    looker, comparator = Looker(weights), load_comparator(weights)
    references, probes = {}, {}
    for name, (first, second) in pairs(options.pack, options.people).items():
        if (face := looker.look(read_picture(first))) is not None:
            references[name] = make_reference(weights.model_id, [face], [_NO_VOICE])
            probes[name] = read_picture(second)
    lines = [_HEAD.format(people=len(references), pack=options.pack.name, others=OTHERS)]
    for title, fault in track(FAULTS.items(), "spoiling", console=Console(stderr=True)):
        rows = spoilt(fault, probes, references, looker, comparator)
        lines += [f"## {title[0].upper()}{title[1:]}", "", *table(fault, rows), ""]
    text = "\n".join(lines).rstrip() + "\n"
    if options.markdown:
        options.markdown.write_text(text, encoding="utf-8")
    print(text)


_HEAD = """# What poor pictures of a face say

Written by `python -m benchmarks.poor_faces --pack DIR`: {people} people of `{pack}` on whom no
tower was trained, one picture of each spoilt in one way at a time, compared with a reference of
another picture and with {others} others'. Rows go by what the front end measures, not by how
much was spoilt; pictures in which no face is found any more are in none. LLRs that mean what
they say exceed 2 for at most 13.5 % of other people and 4 for at most 1.8 %. *Cllr* is what is
lost in bits, 1 by who says nothing; *least*, by the best calibration of the same scores. One
picture a person: looks of a call add up, though neighbours say the same twice.
"""


if __name__ == "__main__":
    main()
