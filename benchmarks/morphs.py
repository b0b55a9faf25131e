"""``python -m benchmarks.morphs``: whether a blend of two faces can be told from a face.

Blends are made of pairs of people who look alike, as whoever wants to pass as both would choose
them: of the pixels of aligned crops, and warped onto common landmarks first (Delaunay triangles).
Detectors are fitted on the people of one pack and tried on those of another; the warped blends are
all that they are fitted on, and the plain ones are a kind that they never saw. Everything is
written by one JPEG encoder, so that its traces tell nothing.

* one picture: energy by spatial frequency, and how far the embeddings of its halves and of a small
  copy lie from each other; logistic regression.
* against a live look: the difference of the embeddings of the given picture and of another one of
  the same person (as Scherhag et al. 2020), logistic regression; and their cosine alone.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.progress import track
from scipy.optimize import minimize
from scipy.spatial import Delaunay

from model.runtime.detect import FaceDetector
from model.runtime.face import FaceTower
from model.runtime.weights import Weights
from stream_verifier.errors import MediaError

_CROP = slice(24, 136)
_SIDE_PX = 160
_LEAST_PICTURES = 3
_MOST_PEOPLE = 120
_FALSE_MATCHES = 0.001
_JPEG_QUALITY = 90
_RIDGE = 1e-2
_BANDS = 8
BPCERS = (0.01, 0.05)

Picture = NDArray[np.uint8]
Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Person:
    """A person's pictures, 160 x 160 and aligned: one that is given, the others live looks."""

    name: str
    given: Picture
    looks: tuple[Picture, ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """A given picture as detectors see it.

    Attributes:
        kind: "face", "warped" or "plain".
        one: features of the picture alone.
        vector: its embedding, unit length.
        looks: embeddings of live looks of those whom it has to pass as, one each.
    """

    kind: str
    one: Vector
    vector: Vector
    looks: tuple[Vector, ...]


class Study:
    """Makes samples of one pack.

    Args:
        pack: folder with faces.csv.
    """

    def __init__(self, pack: Path) -> None:
        weights = Weights.load()
        self._tower = FaceTower(weights)
        self._detector = FaceDetector(weights.path("face_detector"))
        self._people = _people(pack)

    def samples(self, name: str) -> tuple[list[Sample], float]:
        """Faces and blends of all people, and the cosine that one in a thousand strangers passes.

        Args:
            name: of the pack, for the progress bar.
        """
        vectors = [self._embed(_as_file(person.given)) for person in self._people]
        alike = np.stack(vectors) @ np.stack(vectors).T
        between = alike[~np.eye(len(alike), dtype=bool)]
        samples = []
        for number, person in enumerate(track(self._people, name)):
            # The most alike of the others: whoever blends can choose.
            order = np.argsort(-alike[number])
            other = self._people[next(one for one in order if one != number)]
            looks = tuple(self._embed(_as_file(one.looks[0])) for one in (person, other))
            samples.append(self._sample("face", person.given, looks[:1]))
            extra = tuple(self._embed(_as_file(look)) for look in person.looks[1:2])
            samples.append(self._sample("face", person.looks[0], extra))
            warped = self._warped(person.given, other.given)
            samples.append(self._sample("warped", warped, looks))
            plain = cv2.addWeighted(person.given, 0.5, other.given, 0.5, 0)
            samples.append(self._sample("plain", np.asarray(plain, np.uint8), looks))
        return samples, float(np.quantile(between, 1 - _FALSE_MATCHES))

    def _sample(self, kind: str, picture: Picture, looks: tuple[Vector, ...]) -> Sample:
        crop = _as_file(picture)
        own = self._embed(crop)
        parts = [self._embed(part) for part in _parts(crop)]
        pairs = [parts[0] @ parts[1], parts[2] @ parts[3], *(own @ part for part in parts)]
        return Sample(kind, np.array([*_bands(crop), *pairs]), own, looks)

    def _embed(self, crop: Picture) -> Vector:
        vector = self._tower.embed(crop[None])[0].astype(np.float64)
        return np.asarray(vector / np.linalg.norm(vector))

    def _warped(self, a: Picture, b: Picture) -> Picture:
        """Both warped onto the mean of their landmarks, then mixed."""
        points = [self._landmarks(a), self._landmarks(b)]
        middle = ((points[0] + points[1]) / 2).astype(np.float32)
        views = [_warp(*pair, middle) for pair in zip((a, b), points, strict=True)]
        return np.asarray(cv2.addWeighted(views[0], 0.5, views[1], 0.5, 0), np.uint8)

    def _landmarks(self, picture: Picture) -> NDArray[np.float32]:
        """Eyes, nose, corners of the mouth, those of the box of the face, and the edges."""
        faces = self._detector.detect(np.ascontiguousarray(picture[:, :, ::-1]))
        edge = _SIDE_PX - 1
        frame = [
            (x, y)
            for x in (0, edge / 2, edge)
            for y in (0, edge / 2, edge)
            if (x, y) != (edge / 2,) * 2
        ]
        if not faces:
            inner = np.array([(61, 71), (99, 71), (80, 92), (64, 114), (96, 114)], np.float32)
            return np.concatenate([inner, np.array(frame, np.float32)])
        return np.concatenate([faces[0].landmarks, np.array(frame, np.float32)]).astype(np.float32)


def _people(pack: Path) -> list[Person]:
    files: dict[str, list[Path]] = {}
    with (pack / "faces.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["source"] == "lfw" and not row["flag"]:
                files.setdefault(row["identity"], []).append(pack / row["file"])
    chosen = [name for name in sorted(files) if len(files[name]) >= _LEAST_PICTURES]
    return [_person(name, files[name]) for name in chosen[:_MOST_PEOPLE]]


def _person(name: str, files: Sequence[Path]) -> Person:
    given, *looks = (_read(path) for path in files[:_LEAST_PICTURES])
    return Person(name, given, tuple(looks))


def _read(path: Path) -> Picture:
    image = cv2.imread(str(path))
    if image is None:
        raise MediaError(f"{path} cannot be read. Point --fit and --try at whole packs.")
    return np.asarray(image[:, :, ::-1], np.uint8)


def _as_file(picture: Picture) -> Picture:
    """The crop for the tower, once through a file."""
    bgr = np.ascontiguousarray(picture[:, :, ::-1])
    _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    back = cv2.imdecode(data, cv2.IMREAD_COLOR)
    return np.ascontiguousarray(np.asarray(back)[_CROP, _CROP, ::-1], np.uint8)


def _warp(picture: Picture, source: NDArray[np.float32], target: NDArray[np.float32]) -> Picture:
    warped = np.zeros_like(picture)
    for corners in Delaunay(target).simplices:
        move = cv2.getAffineTransform(source[corners], target[corners].astype(np.float32))
        moved = cv2.warpAffine(picture, move, (_SIDE_PX,) * 2, borderMode=cv2.BORDER_REPLICATE)
        mask = np.zeros(picture.shape[:2], np.uint8)
        cv2.fillConvexPoly(mask, np.round(target[corners]).astype(np.int32), 1)
        warped[mask > 0] = moved[mask > 0]
    return warped


def _parts(crop: Picture) -> Iterator[Picture]:
    """Its left, right, upper and lower half, the other one made of it or grey; and a small copy."""
    middle = crop.shape[0] // 2
    left, right = crop[:, :middle], crop[:, middle:]
    yield np.ascontiguousarray(np.concatenate([left, left[:, ::-1]], axis=1))
    yield np.ascontiguousarray(np.concatenate([right[:, ::-1], right], axis=1))
    for upper in (True, False):
        half = crop.copy()
        half[middle:] = np.where(upper, 128, half[middle:])
        half[:middle] = np.where(upper, half[:middle], 128)
        yield half
    small = cv2.resize(crop, (40, 40), interpolation=cv2.INTER_AREA)
    yield np.asarray(cv2.resize(small, (112, 112), interpolation=cv2.INTER_CUBIC), np.uint8)


def _bands(crop: Picture) -> Vector:
    """Logarithm of the energy by spatial frequency, against that of the lowest."""
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY).astype(np.float64)
    window = np.outer(np.hanning(len(grey)), np.hanning(len(grey)))
    power = np.abs(np.fft.fftshift(np.fft.fft2((grey - grey.mean()) * window))) ** 2
    across, down = np.indices(power.shape) - len(grey) // 2
    ring = np.minimum(np.hypot(across, down) / (len(grey) / 2) * _BANDS, _BANDS - 1).astype(int)
    energy = np.bincount(ring.ravel(), power.ravel()) / np.bincount(ring.ravel())
    return np.asarray(np.log(energy[1:] + 1) - np.log(energy[0] + 1))


Detector = Callable[[Sample], list[float]]
"""Scores of one sample, the higher the rather a blend; the passport of each it has to pass as."""


def _fitted(rows: NDArray[np.float64], blends: NDArray[np.bool_]) -> Callable[[Vector], float]:
    """Logistic regression on standardised features."""
    mean, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-6
    features = np.hstack([(rows - mean) / spread, np.ones((len(rows), 1))])
    weight = np.where(blends, 0.5 / blends.sum(), 0.5 / (~blends).sum())
    sign = np.where(blends, 1.0, -1.0)

    def loss(w: Vector) -> tuple[float, Vector]:
        margin = sign * (features @ w)
        slope = -sign * weight / (1 + np.exp(np.clip(margin, -50, 50)))
        ridge = _RIDGE * np.append(w[:-1], 0.0)
        value = float((weight * np.logaddexp(0, -margin)).sum() + 0.5 * ridge @ w)
        return value, np.asarray(features.T @ slope + ridge)

    w = minimize(loss, np.zeros(features.shape[1]), jac=True, method="L-BFGS-B").x
    return lambda row: float(np.append((row - mean) / spread, 1.0) @ w)


def _difference(own: Vector, look: Vector) -> Vector:
    apart = own - look
    return np.concatenate([np.abs(apart), [own @ look]])


def detectors(fit: Sequence[Sample]) -> dict[str, Detector]:
    """Fit all on faces and warped blends."""
    fit = [one for one in fit if one.kind != "plain"]
    blends = np.array([one.kind != "face" for one in fit])
    one = _fitted(np.stack([sample.one for sample in fit]), blends)
    texture = _fitted(np.stack([sample.one[: _BANDS - 1] for sample in fit]), blends)
    pairs = [(sample, look) for sample in fit for look in sample.looks]
    differs = _fitted(
        np.stack([_difference(sample.vector, look) for sample, look in pairs]),
        np.array([sample.kind != "face" for sample, _ in pairs]),
    )
    return {
        "one picture: frequencies": lambda s: [texture(s.one[: _BANDS - 1])],
        "one picture: frequencies and parts": lambda s: [one(s.one)],
        "against a live look: cosine": lambda s: [-float(s.vector @ look) for look in s.looks],
        "against a live look: difference": lambda s: [
            differs(_difference(s.vector, look)) for look in s.looks
        ],
    }


def rates(detector: Detector, samples: Sequence[Sample], kind: str) -> list[float]:
    """Share of a kind of blends that passes as a face (APCER), at each of `BPCERS`."""
    faces = np.array([score for s in samples if s.kind == "face" for score in detector(s)])
    blends = np.array([score for s in samples if s.kind == kind for score in detector(s)])
    return [float((blends <= np.quantile(faces, 1 - bpcer)).mean()) for bpcer in BPCERS]


def table(fit: Sequence[Sample], tried: Sequence[Sample], threshold: float) -> str:
    """What came out, as a page."""
    lines = []
    for name, detector in detectors(fit).items():
        for kind in ("warped", "plain"):
            shares = " | ".join(f"{rate:.0%}" for rate in rates(detector, tried, kind))
            lines.append(f"| {name} | {kind} | {shares} |")
    passing = []
    for of in ("warped", "plain"):
        least = [min(s.vector @ look for look in s.looks) for s in tried if s.kind == of]
        passing.append(f"{np.mean(np.array(least) >= threshold):.0%} of the {of}")
    faces = sum(one.kind == "face" for one in tried)
    genuine = np.mean(
        [s.vector @ k >= threshold for s in tried if s.kind == "face" for k in s.looks]
    )
    return (
        "# Blends of two faces\n\n"
        "Written by `python -m benchmarks.morphs`: half and half of two people who look alike, "
        "warped onto\ncommon landmarks or plain. Detectors are fitted on other people, and on "
        "warped blends alone. APCER is\nthe share of blends that pass as a face where the given "
        "share of faces is called a blend (BPCER).\n\n"
        f"{faces} faces and {len(tried) - faces} blends. At the cosine that one of a thousand "
        f"strangers passes, {genuine:.0%} of faces\npass as their own person, and "
        f"{' and '.join(passing)} blends as both of theirs.\n\n"
        "| detector | blend | APCER at BPCER 1 % | at 5 % |\n|---|---|---|---|\n"
        + "\n".join(lines)
        + "\n"
    )


def main(argv: Sequence[str] | None = None) -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--fit", type=Path, required=True, help="pack to fit on")
    parser.add_argument("--try", dest="tried", type=Path, required=True, help="pack to try on")
    parser.add_argument("--markdown", type=Path, help="file for the table")
    options = parser.parse_args(argv)
    fit, _ = Study(options.fit).samples("to fit on")
    tried, threshold = Study(options.tried).samples("to try on")
    text = table(fit, tried, threshold)
    print(text)
    if options.markdown:
        options.markdown.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
