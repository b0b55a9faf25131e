"""A webcam's picture of a screen or a print: a simulation, and no certificate.

Panels have stripes of three colours and rows between, a gamma, a tint and a bezel; prints have less
contrast, paper's white and grain; both are held a little askew, lit, blurred by the lens and full
of the camera's noise. What a given phone, printer and camera do is another matter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.presence.material import HEIGHT, WIDTH, Picture

Rng = np.random.Generator
Floats = NDArray[np.float32]

_OVERSAMPLED = 2
_GAMMA = 2.2


@dataclass(frozen=True)
class Filmed:
    """How something is held before a camera; the same throughout a call."""

    panel_px: int
    gamma: float
    striped: bool
    gain: float
    lift: float
    tint: tuple[float, float, float]
    edge: float
    edge_grey: float
    fill: float
    corners: NDArray[np.float64]
    backdrop: Floats
    blur: float
    noise: float

    @classmethod
    def screen(cls, rng: Rng) -> Self:
        """A phone or tablet."""
        return cls._held(
            rng,
            gamma=float(rng.uniform(1.6, 2.6)),
            striped=True,
            gain=float(rng.uniform(0.8, 1.3)),
            lift=float(rng.uniform(0, 0.03)),
            tint=(float(rng.uniform(1, 1.25)), 1.0, float(rng.uniform(0.85, 1))),
            edge=float(rng.uniform(0.02, 0.07)),
            edge_grey=float(rng.uniform(0, 0.06)),
        )

    @classmethod
    def paper(cls, rng: Rng) -> Self:
        """A print on plain paper."""
        return cls._held(
            rng,
            gamma=_GAMMA,
            striped=False,
            gain=float(rng.uniform(0.75, 0.95)),
            lift=float(rng.uniform(0.02, 0.08)),
            tint=(float(rng.uniform(0.85, 1)), 1.0, float(rng.uniform(1, 1.15))),
            edge=float(rng.uniform(0, 0.06)),
            edge_grey=float(rng.uniform(0.7, 0.9)),
        )

    @classmethod
    def _held(
        cls,
        rng: Rng,
        *,
        gamma: float,
        striped: bool,
        gain: float,
        lift: float,
        tint: tuple[float, float, float],
        edge: float,
        edge_grey: float,
    ) -> Self:
        fill = float(rng.uniform(0.55, 1.1))
        return cls(
            panel_px=int(rng.integers(720, 1200)),
            gamma=gamma,
            striped=striped,
            gain=gain,
            lift=lift,
            tint=tint,
            edge=edge,
            edge_grey=edge_grey,
            fill=fill,
            corners=rng.normal(0, 8 * fill, (4, 2)) + rng.normal(0, 12, 2),
            backdrop=_backdrop(rng),
            blur=float(rng.uniform(0.6, 1.6)),
            noise=float(rng.uniform(0.006, 0.015)),
        )


def filmed(picture: Picture, setting: Filmed, rng: Rng) -> Picture:
    """A webcam's picture of something that shows this picture."""
    light = _panel(picture, setting)
    high, wide = light.shape[:2]
    scale = min(WIDTH / wide, HEIGHT / high) * setting.fill * _OVERSAMPLED
    frame = np.array([[-wide, -high], [wide, -high], [wide, high], [-wide, high]]) / 2 * scale
    middle = np.array([WIDTH, HEIGHT]) * _OVERSAMPLED / 2
    source = np.array([[0, 0], [wide, 0], [wide, high], [0, high]], np.float32)
    held = (frame + middle + setting.corners * _OVERSAMPLED).astype(np.float32)
    view = cv2.getPerspectiveTransform(source, held)
    size = (WIDTH * _OVERSAMPLED, HEIGHT * _OVERSAMPLED)
    seen = cv2.warpPerspective(light, view, size)
    there = cv2.warpPerspective(np.ones((high, wide), np.float32), view, size)[..., None]
    seen = seen * there + setting.backdrop * (1 - there)
    seen = cv2.GaussianBlur(seen, (0, 0), setting.blur)
    # Averaged down only here, so that the panel's grid and the camera's make moire.
    small = cv2.resize(seen, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    grey = np.clip(small, 0, 1) ** (1 / _GAMMA) + rng.normal(0, setting.noise, small.shape)
    return np.asarray(np.clip(grey * 255, 0, 255), np.uint8)


def _panel(picture: Picture, setting: Filmed) -> Floats:
    """The light of a panel or a print, with its edge."""
    high = round(setting.panel_px * picture.shape[0] / picture.shape[1])
    large = cv2.resize(picture, (setting.panel_px, high), interpolation=cv2.INTER_CUBIC)
    light = (large.astype(np.float32) / 255) ** np.float32(setting.gamma)
    if setting.striped:
        light *= _stripes(high, setting.panel_px)
    light = light * np.float32(setting.gain) + np.float32(setting.lift)
    light *= np.array(setting.tint, np.float32)
    edge = int(setting.panel_px * setting.edge)
    grey = (setting.edge_grey,) * 3
    bordered = cv2.copyMakeBorder(light, edge, edge, edge, edge, cv2.BORDER_CONSTANT, value=grey)
    return np.asarray(bordered, np.float32)


def _stripes(high: int, wide: int) -> Floats:
    """Three colours side by side in each pixel of a panel, and a dark row in three."""
    columns = np.full((1, wide, 3), 0.35, np.float32)
    for colour in range(3):
        columns[0, 2 - colour :: 3, colour] = 2.3
    rows = np.ones((high, 1, 1), np.float32)
    rows[::3] = 0.55
    return np.asarray(columns * rows, np.float32)


def _backdrop(rng: Rng) -> Floats:
    """A blurred room."""
    high, wide = HEIGHT * _OVERSAMPLED, WIDTH * _OVERSAMPLED
    coarse = rng.uniform(0.1, 0.7, (6, 8, 3)).astype(np.float32)
    return np.asarray(cv2.resize(coarse, (wide, high), interpolation=cv2.INTER_CUBIC), np.float32)
