"""Find faces in a picture; one definition for training and serving."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from model.errors import WeightsError
from model.runtime.align import shrink
from model.runtime.copies import Copies

_SIZES = 4
"""Of pictures searched that are kept laid out: 320 and 640 pixels in two shapes."""

_NEAR_SIDE_PX, _NEXT_SIDE_PX = 128, 96
"""Of the square that is searched near a face seen a while ago, and just before; as fine."""
_NEAR_MARGIN, _NEXT_MARGIN = 0.5, 0.25
"""How far that reaches past the face on each side, in its longer sides."""

Box = tuple[float, float, float, float]
"""x, y, width, height in pixels."""

_Edges = tuple[int, int, int, int]
"""Left, top, right and bottom of a part of a frame, in pixels."""


@dataclass(frozen=True, slots=True)
class DetectedFace:
    """One face found in a frame.

    Attributes:
        box: x, y, width, height in pixels of the frame.
        landmarks: shape (5, 2), pixels: right eye, left eye, nose, right and left mouth corner
            (right and left are the person's own, as YuNet gives them).
        score: the detector's, 0 to 1.
    """

    box: Box
    landmarks: NDArray[np.float32]
    score: float


class FaceDetector:
    """YuNet (Wu et al. 2023) through OpenCV.

    A frame is searched scaled down first, which costs a third and loses nothing on a face of the
    usual size, then in more and more detail where no face or only small ones were found. All calls
    share one: its networks take up to 24 MB once pictures were searched in detail.
    """

    def __init__(
        self,
        model_path: Path | str,
        *,
        first_side_px: int = 320,
        max_side_px: int = 640,
        fine_below_px: float = 40.0,
        min_score: float = 0.7,
        max_overlap: float = 0.3,
        max_faces: int = 20,
        copies: int = 1,
    ) -> None:
        """Load the network.

        Args:
            model_path: the ONNX file.
            first_side_px: longer side of the frame in the first search.
            max_side_px: longer side of the frame in the last; each search doubles it.
            fine_below_px: where the largest face of a search, as it was searched, is smaller, its
                landmarks are too coarse, and the next search decides.
            min_score: detections below are dropped, 0 to 1.
            max_overlap: intersection over union from which two detections are one face.
            max_faces: no more than these are reported, the surest first.
            copies: so many threads may search at once, others wait.

        Raises:
            WeightsError: the file is missing or OpenCV cannot read it.
        """
        if not Path(model_path).is_file():
            raise WeightsError(f"face detector {model_path} is missing: install the package again")
        path = str(model_path)
        self._copies = Copies(lambda: _Nets(path, min_score, max_overlap), most=copies)
        self._first_side_px = min(first_side_px, max_side_px)
        self._max_side_px = max_side_px
        self._fine_below_px = fine_below_px
        self._max_faces = max_faces

    def detect(self, image: NDArray[np.uint8]) -> list[DetectedFace]:
        """Find the faces in one frame, whatever its size.

        Args:
            image: uint8, shape (height, width, 3), BGR.

        Returns:
            Faces in pixels of ``image``, the surest first; boxes may reach beyond the frame.
        """
        side = max(image.shape[:2])
        if min(image.shape[:2]) < 2:
            return []
        searched_px = self._first_side_px
        with self._copies.lent() as nets:
            faces = _search(nets, image, searched_px)
            while searched_px < min(side, self._max_side_px) and (
                _largest_px(faces) * searched_px / side < self._fine_below_px
            ):
                searched_px = min(2 * searched_px, self._max_side_px)
                faces = _search(nets, image, searched_px)
        return sorted(faces, key=lambda face: -face.score)[: self._max_faces]

    def detect_near(self, image: NDArray[np.uint8], box: Box) -> list[DetectedFace]:
        """Find a face again near where it was, at a fraction of what the whole frame costs.

        Other faces are seen only where they are as near, and one that has moved out of reach is
        not found: search the whole frame then, and every few frames anyway.

        Args:
            image: uint8, shape (height, width, 3), BGR.
            box: x, y, width, height of the face when last seen, in pixels of ``image``.

        Returns:
            Faces in pixels of ``image``, the surest first, that lie whole in what was searched or
            reach beyond the frame itself; none where ``box`` has no size or lies outside.
        """
        return self._detect_in(image, _around(box, _NEAR_MARGIN, image.shape), _NEAR_SIDE_PX)

    def detect_next(self, image: NDArray[np.uint8], box: Box) -> list[DetectedFace]:
        """Find a face again in the picture after, at half of what `detect_near` costs.

        Half as far from where it was, for pictures that follow on each other in a tenth of a
        second; landmarks come out as fine, to half a pixel of an aligned face.

        Args:
            image: uint8, shape (height, width, 3), BGR.
            box: as for `detect_near`.

        Returns:
            As `detect_near` does.
        """
        seen = _around(box, _NEXT_MARGIN, image.shape)
        return self._detect_in(image, seen, _NEXT_SIDE_PX, quick=True)

    def _detect_in(
        self, image: NDArray[np.uint8], seen: _Edges, side_px: int, *, quick: bool = False
    ) -> list[DetectedFace]:
        """Faces that lie whole in a part of the frame, searched in a square of so many pixels."""
        left, top, right, bottom = seen
        if min(right - left, bottom - top) < 2:
            return []
        scale = min(1.0, side_px / max(right - left, bottom - top))
        size = (max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale)))
        back = np.array([(right - left) / size[0], (bottom - top) / size[1]])
        part = image[top:bottom, left:right]
        with self._copies.lent() as nets:
            net, square = nets.near(side_px)
            square.fill(0)
            (_shrink_quickly if quick else shrink)(part, size, out=square[: size[1], : size[0]])
            found = _faces(net, square, back, np.array([left, top]))
        whole = [face for face in found if not _is_cut(face.box, seen, image.shape)]
        return sorted(whole, key=lambda face: -face.score)[: self._max_faces]


class _Nets:
    """What one thread searches with: a network for each of the sizes that came last.

    Another size makes a network lay out its memory anew, which takes a third of a search's time.

    Args:
        path: the ONNX file.
        min_score, max_overlap: as `FaceDetector` has them.

    """

    def __init__(self, path: str, min_score: float, max_overlap: float) -> None:
        self._options = path, min_score, max_overlap
        self._by_size: OrderedDict[tuple[int, int], cv2.FaceDetectorYN] = OrderedDict()
        self._squares: dict[int, tuple[cv2.FaceDetectorYN, NDArray[np.uint8]]] = {}
        self.near(_NEAR_SIDE_PX)  # what is wrong with the file shows at the start

    def near(self, side_px: int) -> tuple[cv2.FaceDetectorYN, NDArray[np.uint8]]:
        """The network for squares of that side, which are one of two, and a square to be filled."""
        if side_px not in self._squares:
            net = _load(*self._options)
            net.setInputSize((side_px, side_px))
            self._squares[side_px] = net, np.zeros((side_px, side_px, 3), np.uint8)
        return self._squares[side_px]

    def of(self, size: tuple[int, int]) -> cv2.FaceDetectorYN:
        """The network for pictures of that width and height."""
        net = self._by_size.pop(size, None)
        if net is None:
            full = len(self._by_size) >= _SIZES
            net = self._by_size.popitem(last=False)[1] if full else _load(*self._options)
            net.setInputSize(size)
        self._by_size[size] = net
        return net


def _search(nets: _Nets, image: NDArray[np.uint8], max_side_px: int) -> list[DetectedFace]:
    height, width = image.shape[:2]
    scale = min(1.0, max_side_px / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = image if size == (width, height) else shrink(image, size)
    back = np.array([width / size[0], height / size[1]])
    return _faces(nets.of(size), small, back, np.zeros(2))


def _shrink_quickly(
    image: NDArray[np.uint8], size: tuple[int, int], *, out: NDArray[np.uint8]
) -> None:
    """Scale a picture down into ``out`` by halves, then by less than that between pixels.

    An eighth of what `shrink` takes, which averages over parts of pixels.
    """
    while min(image.shape[1] // size[0], image.shape[0] // size[1]) >= 2:
        height, width = image.shape[0] // 2, image.shape[1] // 2
        image = shrink(image[: 2 * height, : 2 * width], (width, height))
    cv2.resize(image, size, out, interpolation=cv2.INTER_LINEAR)


def _around(box: Box, margin: float, shape: tuple[int, ...]) -> _Edges:
    """The square around a box, as far as it lies in the frame."""
    x, y, width, height = box
    if not (width > 0 and height > 0):
        return 0, 0, 0, 0
    reach = (0.5 + margin) * max(width, height)
    middle_x, middle_y = x + width / 2, y + height / 2
    left, right = (min(shape[1], max(0, round(middle_x + d))) for d in (-reach, reach))
    top, bottom = (min(shape[0], max(0, round(middle_y + d))) for d in (-reach, reach))
    return left, top, right, bottom


def _is_cut(box: Box, seen: _Edges, shape: tuple[int, ...]) -> bool:
    """Whether a face reaches beyond what was searched where the frame goes on."""
    x, y, width, height = box
    left, top, right, bottom = seen
    return (
        (x < left and left > 0)
        or (y < top and top > 0)
        or (x + width > right and right < shape[1])
        or (y + height > bottom and bottom < shape[0])
    )


def _largest_px(faces: list[DetectedFace]) -> float:
    return max(((face.box[2] + face.box[3]) / 2 for face in faces), default=0.0)


def _load(model_path: str, min_score: float, max_overlap: float) -> cv2.FaceDetectorYN:
    """OpenCV 5 warns of each network that it does not need the target that it sets itself."""
    level = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
    try:
        return cv2.FaceDetectorYN.create(model_path, "", (320, 320), min_score, max_overlap)
    except cv2.error as error:
        raise WeightsError(
            f"OpenCV cannot read the face detector {model_path}: install the package again"
        ) from error
    finally:
        cv2.utils.logging.setLogLevel(level)


def _faces(
    net: cv2.FaceDetectorYN,
    picture: NDArray[np.uint8],
    back: NDArray[np.float64],
    origin: NDArray[np.integer[Any] | np.float64],
) -> list[DetectedFace]:
    """What the network finds, scaled back and moved to where the picture was cut out."""
    found: Any = net.detect(picture)[1]  # None without a face, whatever its stub says
    rows = np.empty((0, 15)) if found is None else np.asarray(found, np.float64)
    return [_face(row, back, origin) for row in rows]


def _face(
    row: NDArray[np.float64],
    back: NDArray[np.float64],
    origin: NDArray[np.integer[Any] | np.float64],
) -> DetectedFace:
    x, y = (row[:2] * back + origin).tolist()
    width, height = (row[2:4] * back).tolist()
    landmarks = (row[4:14].reshape(5, 2) * back + origin).astype(np.float32)
    return DetectedFace((x, y, width, height), landmarks, min(1.0, float(row[14])))
