"""``python -m benchmarks.challenges.colours --pack DIR``: who passes that watches colours.

People who talk, of a pack, are lit by a room and by a screen in a simulation (`lit.py`). No real
screen, camera or attack was measured.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import cv2
import numpy as np
from rich.console import Console
from rich.progress import track

from benchmarks.challenges.lit import (
    HEIGHT,
    RATE_HZ,
    SCREEN_GREY,
    WIDTH,
    Camera,
    Floats,
    Picture,
    Rng,
    Room,
    before_it,
    coded,
    linear,
    shade,
    through_call,
)
from benchmarks.shares import share
from model.lips.clips import Listed, listed, read_pictures
from model.runtime.colours import COLOURS, light_of_colours
from model.runtime.detect import FaceDetector
from model.runtime.weights import Weights
from stream_verifier.events.schema import ScreenColours
from stream_verifier.media.types import VideoFrame
from stream_verifier.verify.channels.challenge.following import FaceFollower
from stream_verifier.verify.channels.challenge.kind import Finding
from stream_verifier.verify.channels.challenge.watch_colours import WatchColours, Watching

_CODECS = ("libvpx", "libx264")
_BIT_RATE = 400_000
_BEFORE_S, _AFTER_S = 1.0, 1.4
_REFLECTS = 0.04
"""Of a phone's glass, of all the light that falls on it."""


@dataclass(frozen=True)
class Case:
    """One way to answer.

    Attributes:
        words: as the page has it.
        lux: of the room.
        how: what is done to the picture; empty: nothing.
        honest: whether it should pass.
    """

    words: str
    lux: float
    how: str = ""
    honest: bool = False


_LEVELS = (0, 5, 20, 50, 100, 200, 400, 800)
CASES = (
    *(Case(f"somebody before the screen, {lux} lux of other light", lux, "", True)
      for lux in _LEVELS),
    Case("a video in place of the camera, no light of the screen", 100, "video"),
    Case("a video of somebody who was shown other colours", 50, "other"),
    Case("a video with a tint of 15 % on the whole picture, in time", 100, "tint 0.15"),
    Case("a video with a tint of 40 % on the whole picture, in time", 100, "tint 0.4"),
    Case("a video with a layer of the colours, 7 %, over the whole picture, in time", 100, "layer"),
    Case("a phone that plays a video, before the screen", 50, "phone"),
    Case("a photograph, before the screen", 50, "still"),
    Case("a video with a tint of 15 % on head and shoulders alone, in time", 100, "face 0.15"),
)  # fmt: skip


def main(argv: Sequence[str] | None = None) -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pack", type=Path, required=True, help="folder with talking people")
    parser.add_argument("--answers", type=int, default=30, help="to each case")
    parser.add_argument("--markdown", type=Path, help="file for the page")
    options = parser.parse_args(argv)
    detector = FaceDetector(Weights.load().path("face_detector"))
    chosen = _chosen(listed(options.pack), options.answers)
    found: dict[str, list[Finding]] = {case.words: [] for case in CASES}
    for number, row in enumerate(track(chosen, "Asking", console=Console(stderr=True))):
        clip = _pictures(row)
        for case in CASES:
            found[case.words].append(_answer(case, clip, number, detector))
    people = len({row.identity for row in chosen})
    text = _page(found, options.pack.name, len(chosen), people)
    print(text)
    if options.markdown:
        options.markdown.write_text(text, encoding="utf-8")


def _chosen(rows: Sequence[Listed], count: int) -> list[Listed]:
    """So many clips, of each person in turn."""
    ordered = sorted(rows, key=lambda row: row.identity)
    each = [list(group) for _, group in groupby(ordered, key=lambda row: row.identity)]
    turns = (group[at] for at in range(max(map(len, each))) for group in each if at < len(group))
    return [row for row, _ in zip(turns, range(count), strict=False)]


def _pictures(row: Listed) -> list[Floats]:
    """Of a clip that fills the picture's height, as linear light; there and back."""
    once = [_placed(picture) for picture in read_pictures(row.path)[1]]
    return once + once[-2:0:-1]


def _placed(picture: Picture) -> Floats:
    scale = HEIGHT / picture.shape[0]
    left = (WIDTH - scale * picture.shape[1]) / 2
    there = np.array([[scale, 0, left], [0, scale, 0]])
    size = (WIDTH, HEIGHT)
    return linear(
        np.asarray(cv2.warpAffine(picture, there, size, borderMode=cv2.BORDER_REPLICATE), np.uint8)
    )


def _answer(case: Case, clip: Sequence[Floats], number: int, detector: FaceDetector) -> Finding:
    rng = np.random.default_rng([number, len(case.words)])
    asked, other = (
        WatchColours().draw(random.Random(seed), before=0).screen for seed in (number, -number - 1)
    )
    if asked is None or other is None:
        raise AssertionError("colours are drawn")
    attempt = Watching(asked, 0.0, FaceFollower(detector))
    shown = _seen(case, clip, other if case.how == "other" else asked, rng, detector)
    codec = _CODECS[number % len(_CODECS)]
    for step, picture in enumerate(through_call(shown, codec, _BIT_RATE)):
        attempt.take(VideoFrame(picture, asked.from_s - _BEFORE_S + step / RATE_HZ))
    finding = attempt.finding(over=True)
    if finding is None:
        raise AssertionError("at its end there is a finding")
    return finding


def _seen(
    case: Case, clip: Sequence[Floats], screen: ScreenColours, rng: Rng, detector: FaceDetector
) -> Iterator[Picture]:
    """What a call gets, 15 pictures a second."""
    light = light_of_colours()[:, ::-1].astype(np.float32)
    shown = shade([light[COLOURS.index(one)] for one in screen.colours], screen.each_s)
    faces = detector.detect(coded(clip[0]))
    near = before_it(faces[0]) if faces else np.ones((HEIGHT, WIDTH, 1), np.float32)
    room, camera = Room.drawn(case.lux, rng), Camera(rng)
    lasts_s = _BEFORE_S + screen.each_s * len(screen.colours) + _AFTER_S
    for step in range(int(lasts_s * RATE_HZ)):
        colour = shown(step / RATE_HZ - _BEFORE_S - room.delay_s)
        there = clip[0] if case.how == "still" else clip[step % len(clip)]
        yield _picture(case.how, there, colour, near, room, camera)


def _picture(
    how: str, there: Floats, colour: Floats, near: Floats, room: Room, camera: Camera
) -> Picture:
    reach = near + (1 - near) * room.away
    if how in ("", "other", "still"):
        return camera.take(there * (room.ambient + room.screen_lux * colour * reach))
    if how == "phone":
        falls = _REFLECTS * (room.ambient + room.screen_lux * colour)
        held = near * (3 * there * room.ambient.mean() + falls)
        return camera.take(
            held + (1 - near) * there * (room.ambient + room.screen_lux * colour * reach)
        )
    plain = camera.take(there * room.ambient)
    kind, _, strength = how.partition(" ")
    if kind == "layer":
        return np.asarray(0.93 * plain + 0.07 * 255 * colour ** (1 / 2.2) + 0.5, np.uint8)
    if kind == "video":
        return plain
    where = near if kind == "face" else np.ones_like(near)
    return coded(linear(plain) * (1 + float(strength) * (colour - SCREEN_GREY) * where))


def _page(found: dict[str, list[Finding]], pack: str, answers: int, people: int) -> str:
    chance = WatchColours().draw(random.Random(0), before=0).chance or 0.0
    lines = [
        "# Who passes that is asked to watch colours",
        "",
        f"Written by `python -m benchmarks.challenges.colours` on pack `{pack}`: {answers} answers",
        f"to each case, of {people} people on whom no limit was set. **A simulation is no "
        "certificate**: clips of",
        "people who talk are lit by a room and by a laptop's screen 40 to 70 cm away (26 to 90 lux "
        "where it is",
        "white), with a wall 0.6 to 2.5 m behind the face, warm or cold other light, exposure, "
        "white balance that",
        "follows within 1 to 4 s, noise, 0.1 to 0.6 s of delay, and VP8 or H.264 at 400 kbit/s. No "
        "real screen,",
        "camera or attack was measured. Of light that knows nothing of the colours one answer in "
        f"{1 / chance:.0f} passes, by",
        "construction. Intervals are Wilson's, 95 %.",
        "",
        "| what answers | should pass | passed, % | failed, % | bits, median | else |",
        "|---|---|---|---|---|---|",
    ]
    for case in CASES:
        findings = found[case.words]
        passed, failed = (
            share([one.outcome == outcome for one in findings]) for outcome in ("passed", "failed")
        )
        bits = [one.measured.bits for one in findings if one.measured.bits is not None]
        others = Counter(f"{one.outcome} `{one.why}`" for one in findings if one.why)
        told = ", ".join(f"{what} {count}" for what, count in others.most_common())
        half = f"{np.median(bits):.1f}" if bits else "–"
        should = "yes" if case.honest else "no"
        lines.append(f"| {case.words} | {should} | {passed} | {failed} | {half} | {told} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main()
