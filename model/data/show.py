"""``python -m model show-augmentation``: a picture of what training does to pictures.

The portrait is of Eileen Collins, by NASA, in the public domain; scikit-image brings it.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from model.data.augment import Done, PictureChances, augment_picture
from model.data.codecs import jpeg, vp8
from model.data.degrade import blur
from model.data.faces import FaceAligner
from model.data.light import backlight, colour_cast, harsh_light, low_light
from model.data.media import Picture
from model.data.occlusion import KINDS, occlude
from model.data.pose import misalign, turn
from model.errors import MissingExtraError
from model.outputs import new_file
from model.runtime.weights import Weights

COLUMNS = 6
CHAINS = 12
Panel = tuple[str, Picture]


def main(argv: Sequence[str]) -> int:
    """Draw the picture."""
    parser = argparse.ArgumentParser(prog="python -m model show-augmentation", description=__doc__)
    parser.add_argument("--out", type=new_file, required=True, help="PNG or JPEG to write")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(argv)
    portrait = FaceAligner(Weights.load()).aligned(_astronaut())
    rng = np.random.default_rng(options.seed)
    _draw([*kinds(portrait, rng), *chains(portrait, rng)], options.out)
    print(f"wrote {options.out}")
    return 0


def kinds(portrait: Picture, rng: np.random.Generator) -> list[Panel]:
    """Each kind of damage on its own, captioned."""
    return [
        ("as it is", portrait),
        ("turned by 25°", turn(portrait, yaw_deg=25)),
        ("turned by -25°", turn(portrait, yaw_deg=-25)),
        ("nodding by 15°", turn(portrait, yaw_deg=0, pitch_deg=15)),
        ("misaligned", misalign(portrait, shift_px=(4, -3), scale=1.06, rotation_deg=6)),
        *[(kind, occlude(portrait, rng, kind=kind)) for kind in KINDS],
        ("low light", low_light(portrait, rng, gain=0.25, gamma=1.4, noise=4)),
        ("light from one side", harsh_light(portrait, angle=0, dark=0.2, bright=1.6)),
        ("backlight", backlight(portrait, dark=0.3)),
        ("colour cast", colour_cast(portrait, gains=(0.8, 1, 1.25), grey=0)),
        ("grey", colour_cast(portrait, gains=(1, 1, 1), grey=1)),
        ("out of focus", blur(portrait, sigma_px=2.5)),
        ("35 % size, JPEG 30", jpeg(portrait, quality=30, scale=0.35)),
        ("VP8, quantizer 55", vp8(portrait, quantizer=55)),
        ("50 % size, VP8 50", vp8(portrait, quantizer=50, scale=0.5)),
    ]


def chains(portrait: Picture, rng: np.random.Generator) -> list[Panel]:
    """What training draws: two or three damages in a row, captioned with what was done."""
    chances = PictureChances(damages=(0, 0, 0.5, 0.5))
    drawn = [augment_picture(portrait, rng, chances=chances) for _ in range(CHAINS)]
    return [(_caption(done), picture) for picture, done in drawn]


def _caption(done: Done) -> str:
    told = [f"{name} {value:.3g}" for name, value in done.items() if name != "occlusion"]
    if "occlusion" in done:
        told.insert(0, KINDS[int(done["occlusion"])])
    lines = [", ".join(told[k : k + 2]) for k in range(0, len(told), 2)]
    return "\n".join(lines)


def _astronaut() -> Picture:
    try:
        from skimage import data
    except ImportError as error:
        raise MissingExtraError(
            "the portrait comes with scikit-image: pip install 'stream-verifier[demo]'"
        ) from error
    load: Any = data.astronaut
    return np.asarray(load(), dtype=np.uint8)


def _draw(panels: Sequence[Panel], path: Path) -> None:
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError(
            "drawing needs matplotlib: pip install 'stream-verifier[train]'"
        ) from error
    count = -(-len(panels) // COLUMNS)
    figure = Figure(figsize=(2 * COLUMNS, 2.45 * count), layout="constrained")
    for place, (caption, picture) in enumerate(panels, start=1):
        axes = figure.add_subplot(count, COLUMNS, place)
        axes.imshow(picture)
        axes.set_axis_off()
        axes.set_title(caption, fontsize=7)
    figure.savefig(path, dpi=80)
