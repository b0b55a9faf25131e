"""How well faces are found and aligned at several sizes, and what a search costs.

The last row of a size looks for the face near a place that it has left by a part of its width.

python -m benchmarks.faces --pack $STREAM_VERIFIER_DATA/dev
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np

from model.data.media import Picture, crop_face, read_picture
from model.runtime.detect import Box, DetectedFace
from model.runtime.face import FaceTower
from model.runtime.weights import Weights
from stream_verifier.windows.faces import FaceDetector, align
from stream_verifier.windows.quality import measure, usable

FRAME = (480, 640)
SIZES = (0.5, 0.75, 1.0, 1.5, 2.5)
SIDES: dict[str, dict[str, int]] = {
    "320": {"first_side_px": 320, "max_side_px": 320},
    "640": {"first_side_px": 640, "max_side_px": 640},
    "320, then 640": {},
}
MOVED = 0.15
"""Of a face's width: how far it has gone, each way, since it was where it is looked for."""

Search = Callable[[Picture, Box], Sequence[DetectedFace]]


def in_frame(picture: Picture, size: float) -> Picture:
    """A 640x480 BGR frame, grey but for the picture at this many times its 160 pixels."""
    side = round(picture.shape[0] * size)
    way = cv2.INTER_AREA if size < 1 else cv2.INTER_CUBIC
    scaled = cv2.resize(picture, (side, side), interpolation=way)
    frame = np.full((*FRAME, 3), 127, np.uint8)
    top, left = (FRAME[0] - side) // 2, (FRAME[1] - side) // 2
    frame[top : top + side, left : left + side] = scaled[:, :, ::-1]
    return frame


def cosines(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Row by row."""
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return np.asarray((a * b).sum(axis=1) / lengths)


def searches(path: Path) -> dict[str, Search]:
    """Ways to find the faces of a frame, told where one was last."""

    def whole(detector: FaceDetector) -> Search:
        return lambda frame, _: detector.detect(frame)

    ways = {name: whole(FaceDetector(path, **sides)) for name, sides in SIDES.items()}
    return {**ways, "near": FaceDetector(path).detect_near}


def last_place(detector: FaceDetector, frame: Picture, sign: int) -> Box | None:
    """Where a face was before it moved; None where there is none."""
    faces = detector.detect(frame)
    if not faces:
        return None
    x, y, width, height = max(faces, key=lambda face: face.box[2]).box
    return x + sign * MOVED * width, y - sign * MOVED * width, width, height


def row(
    search: Search,
    usual: FaceDetector,
    tower: FaceTower,
    pictures: Sequence[Picture],
    size: float,
) -> str:
    """Found, usable, cosine with the pack's own crop, box size and time."""
    found, crops, boxes, taken, good = [], [], [], [], 0
    for number, picture in enumerate(pictures):
        frame = in_frame(picture, size)
        place = last_place(usual, frame, 1 if number % 2 else -1) or (0, 0, 0, 0)
        start = time.process_time()
        faces = search(frame, place)
        taken.append(time.process_time() - start)
        if faces:
            face = max(faces, key=lambda candidate: candidate.box[2])
            pixels = align(frame, face.landmarks)
            quality = measure(face, pixels)
            good += not usable(quality)
            boxes.append(quality.size_px)
            crops.append(pixels)
            found.append(crop_face(picture))
    alike = cosines(tower.embed(np.stack(crops)), tower.embed(np.stack(found)))
    return (
        f"{np.median(boxes):.0f} | {len(found)}/{len(pictures)} | {good} | "
        f"{np.percentile(alike, 5):.3f} | {np.median(alike):.3f} | {1000 * np.median(taken):.1f}"
    )


def main() -> None:
    """Print one row per face size and way of searching."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pack", type=Path, required=True, help="data pack with faces160/")
    parser.add_argument("--count", type=int, default=60, help="pictures")
    options = parser.parse_args()
    files = sorted((options.pack / "faces160").glob("*/*/*.jpg"))
    pictures = [read_picture(file) for file in files[:: max(1, len(files) // options.count)]]
    weights = Weights.load()
    path, tower = weights.path("face_detector"), FaceTower(weights)
    usual = FaceDetector(path)
    print("| longer side searched | face, px | found | usable | cosine, 5 % | median | ms |")
    print("|---|---|---|---|---|---|---|")
    for size in SIZES:
        for name, search in searches(path).items():
            print(f"| {name} | {row(search, usual, tower, pictures, size)} |")


if __name__ == "__main__":
    main()
