"""``python -m model presentation``: how often living faces pass, and prints and screens do not.

The packs hold no attacks: name a folder of pictures of prints and screens to see those too. What
is found without one says what honest people pay, and nothing about what is kept out.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from model.card.markdown import table
from model.data.media import read_image
from model.errors import PackError
from model.lips.clips import Listed, follow, listed, read_pictures
from model.lips.material import told
from model.outputs import folder
from model.runtime.detect import FaceDetector
from model.runtime.presentation import Look, PresentationCheck
from model.runtime.weights import Weights
from model.training.files import write_whole

Picture = NDArray[np.uint8]

LOOKS = 3
"""Pictures of a clip that are looked at, spread over it."""
EVEN = 0.5
PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".webp")
HEAD = ("what", "how", "people", "tries", "live > 0.5, %", "5 % of them below", "sees, of 4 boxes")


@dataclass(frozen=True)
class Passed:
    """What one kind of face came to, one try a clip or picture.

    Attributes:
        what: of which source, or "attacks".
        how: what was done to the pictures.
        people: how many, 0 where nobody knows.
        tries: how many.
        live: share that the mean of both networks takes for live at 0.5.
        low: the 5th percentile of that mean.
        fits: median share of the wanted surroundings that the pictures hold.
    """

    what: str
    how: str
    people: int
    tries: int
    live: float
    low: float
    fits: float

    def cells(self) -> list[str]:
        """As a page shows them."""
        return [
            *(self.what, self.how, str(self.people or "-"), str(self.tries)),
            *(f"{100 * self.live:.1f}", f"{self.low:.2f}", f"{self.fits:.2f}"),
        ]


def main(argv: Sequence[str]) -> int:
    """Look at faces of a pack, and at attacks where a folder of them is named."""
    options = _parser().parse_args(argv)
    weights = Weights.load()
    detector = FaceDetector(weights.path("face_detector"))
    check = PresentationCheck(weights)
    rows = list(_of_pack(listed(options.pack), detector, check))
    if options.attacks:
        rows += list(_of_attacks(options.attacks, detector, check))
    told_of = f" and `{options.attacks.name}`" if options.attacks else ""
    write_whole(options.out / "presentation.md", page(rows, options.pack.name + told_of).encode())
    plain = json.dumps([asdict(row) for row in rows], indent=1) + "\n"
    write_whole(options.out / "presentation.json", plain.encode())
    print(f"{options.out / 'presentation.md'} and presentation.json are written")
    return 0


def page(rows: Sequence[Passed], packs: str) -> str:
    """What was found, as a page."""
    parts = [
        "# Faces that are there themselves",
        f"Written by `python -m model presentation` on `{packs}`: both MiniFASNets, three looks at "
        "a clip, the mean of their mean. They want to see the face box 4 times as wide; the last "
        "column says how much of that the pictures hold.",
        table(HEAD, [row.cells() for row in rows]),
    ]
    if not any(row.what == "attacks" for row in rows):
        parts.append(
            "No prints or screens were tried here: `--attacks FOLDER` tries pictures of some. "
            "These rows say what honest people pay and nothing about what is kept out."
        )
    return "\n\n".join(parts) + "\n"


def _of_pack(
    clips: Sequence[Listed], detector: FaceDetector, check: PresentationCheck
) -> Iterator[Passed]:
    found: dict[tuple[str, str], list[tuple[str, list[Look]]]] = {}
    for clip in told(clips, "looking at clips"):
        _, pictures = read_pictures(clip.path)
        chosen = pictures[:: max(1, len(pictures) // LOOKS)][:LOOKS]
        for how, change in WAYS.items():
            looks = _looks([change(picture) for picture in chosen], detector, check)
            if looks:
                found.setdefault((clip.source, how), []).append((clip.identity, looks))
    for (source, how), tries in found.items():
        yield _passed(source, how, len({who for who, _ in tries}), [looks for _, looks in tries])


def _of_attacks(folder: Path, detector: FaceDetector, check: PresentationCheck) -> Iterator[Passed]:
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in PICTURES)
    if not paths:
        raise PackError(f"{folder} holds no pictures: name one with prints or screens")
    pictures = [np.ascontiguousarray(read_image(path)[:, :, ::-1]) for path in paths]
    for how, change in WAYS.items():
        tries = [_looks([change(picture)], detector, check) for picture in pictures]
        seen = [looks for looks in tries if looks]
        if seen:
            yield _passed("attacks", how, 0, seen)


def _looks(
    pictures: Sequence[Picture], detector: FaceDetector, check: PresentationCheck
) -> list[Look]:
    """A look at each picture in which there is a face."""
    faces = follow(pictures, detector)
    return [
        check.look(picture, face.box)
        for picture, face in zip(pictures, faces, strict=True)
        if face is not None
    ]


def _passed(what: str, how: str, people: int, tries: Sequence[Sequence[Look]]) -> Passed:
    live = np.array([np.mean([look.live for look in looks]) for looks in tries])
    fits = np.array([look.fits for looks in tries for look in looks])
    return Passed(
        what=what,
        how=how,
        people=people,
        tries=len(tries),
        live=float(np.mean(live > EVEN)),
        low=float(np.percentile(live, 5)),
        fits=float(np.median(fits)),
    )


def _half(picture: Picture) -> Picture:
    size = (max(1, picture.shape[1] // 2), max(1, picture.shape[0] // 2))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def _jpeg(quality: int) -> Callable[[Picture], Picture]:
    def change(picture: Picture) -> Picture:
        coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)

    return change


WAYS: dict[str, Callable[[Picture], Picture]] = {
    "as it is": lambda picture: picture,
    "JPEG 30": _jpeg(30),
    "half the pixels": _half,
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m model presentation", description=__doc__)
    parser.add_argument("--pack", type=Path, required=True, help="pack with talking clips")
    parser.add_argument("--attacks", type=Path, help="folder of pictures of prints and screens")
    parser.add_argument("--out", type=folder, required=True, help="folder for page and figures")
    return parser
