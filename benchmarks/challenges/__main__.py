"""``python -m benchmarks.challenges --pack DIR``: who passes that is asked to turn a head.

Heads and photographs are drawn: one picture of a person, on an egg with a nose, on a plane or on
a cylinder. That is a simulation; no real head and no real photograph was measured.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track
from scipy.stats import binomtest

from benchmarks.challenges.showing import CASES, RATE_HZ, Case, Sitter
from model.data.media import read_picture
from model.data.packs import Pack
from model.runtime.detect import FaceDetector
from model.runtime.turning import bearing
from model.runtime.weights import Weights
from stream_verifier.media.types import VideoFrame
from stream_verifier.verify.channels.challenge.following import FaceFollower
from stream_verifier.verify.channels.challenge.kind import Finding, Task
from stream_verifier.verify.channels.challenge.turn_head import TurnHead, TurningHead

_SOURCE = "lfw"
_EVERY = 4
"""Of the pack's pictures one in so many is looked at as it was photographed."""


def main(argv: Sequence[str] | None = None) -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pack", type=Path, required=True, help="folder with faces")
    parser.add_argument("--people", type=int, default=40)
    parser.add_argument("--markdown", type=Path, help="file for the page")
    options = parser.parse_args(argv)
    detector = FaceDetector(Weights.load().path("face_detector"))
    faces = _faces(options.pack, options.people)
    found: dict[str, list[Finding]] = {case.words: [] for case in CASES}
    for number, face in enumerate(track(faces, "Asking", console=Console(stderr=True))):
        sitter = Sitter(face, np.random.default_rng(number))
        task = TurnHead().draw(random.Random(number), before=0)
        for case in CASES:
            rng = np.random.default_rng([number, len(case.words)])
            found[case.words].append(_answer(case, task, sitter, detector, rng))
    text = _page(found, options.pack, len(faces), _natural(options.pack, detector))
    print(text)
    if options.markdown:
        options.markdown.write_text(text, encoding="utf-8")


def _faces(pack: Path, people: int) -> list[np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]:
    """A picture of each of so many people."""
    by_name = {
        sample.identity: sample.path
        for sample in Pack(pack).faces
        if sample.source.startswith(_SOURCE)
    }
    return [read_picture(path)[:, :, ::-1].copy() for path in [*by_name.values()][:people]]


def _natural(pack: Path, detector: FaceDetector) -> list[float]:
    """Parallax of faces as they were photographed, many of them turned, nobody knows how far."""
    levels = []
    for sample in Pack(pack).faces[::_EVERY]:
        if not sample.source.startswith(_SOURCE):
            continue
        faces = detector.detect(read_picture(sample.path)[:, :, ::-1].copy())
        if faces and (seen := bearing(faces[0].landmarks)) is not None:
            levels.append(abs(seen.parallax))
    return levels


def _answer(
    case: Case, task: Task, sitter: Sitter, detector: FaceDetector, rng: np.random.Generator
) -> Finding:
    attempt = TurningHead(task, 0.0, FaceFollower(detector))
    for step, angle in enumerate(case.make(task.turns, rng), start=1):
        attempt.take(VideoFrame(sitter.seen(case.shape, angle, step), step / RATE_HZ))
        if (finding := attempt.finding(over=False)) is not None:
            return finding
    finding = attempt.finding(over=True)
    if finding is None:
        raise AssertionError("at its end there is a finding")
    return finding


def _page(
    found: dict[str, list[Finding]], pack: Path, people: int, natural: Sequence[float]
) -> str:
    half, most = (float(np.percentile(natural, share)) for share in (50, 99))
    lines = [
        "# Who passes that is asked to turn a head",
        "",
        f"Written by `python -m benchmarks.challenges` on pack `{pack.name}`: one picture of each",
        f"of {people} people, on whom nothing was trained, drawn on an egg with a nose (a head),",
        "on a plane seen from near (a photograph), or on a cylinder of 16 cm (a bent one), with a",
        "camera's noise and a codec, 15 pictures a second. **No real head and no real photograph",
        "was measured**: what a head's other side looks like is not in the picture, so that heads",
        "of this kind are hard to read, and photographs have neither edges nor reflections. Three",
        "turns are asked for. Intervals are Wilson's, 95 %.",
        "",
        "| what answers | should pass | passed, % | else |",
        "|---|---|---|---|",
    ]
    for case in CASES:
        rows = found[case.words]
        passed = sum(one.outcome == "passed" for one in rows)
        low, high = binomtest(passed, len(rows)).proportion_ci(method="wilson")
        others = Counter(f"{one.outcome} `{one.why}`" for one in rows if one.outcome != "passed")
        told = ", ".join(f"{what} {count}" for what, count in others.most_common())
        share = f"{100 * passed / len(rows):.1f} ({100 * low:.1f} to {100 * high:.1f})"
        lines.append(f"| {case.words} | {'yes' if case.honest else 'no'} | {share} | {told} |")
    lines += [
        "",
        "Real faces of the same pack, photographed as they happened to look, come to a parallax",
        f"of {half:.2f} at the median and {most:.2f} at the 99th percentile ({len(natural)}",
        "pictures).",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
