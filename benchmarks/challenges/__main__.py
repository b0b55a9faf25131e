"""``python -m benchmarks.challenges --pack DIR``: who passes that is asked to turn a head.

Heads and photographs are drawn: one picture of a person, on its own face mesh, on a plane or on a
cylinder. That is a simulation; no real photograph was measured, and real heads as they talk only.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from benchmarks.challenges.real import RealTurn, real_turns
from benchmarks.challenges.showing import CASES, RATE_HZ, Case, Picture, Rng, Sitter
from benchmarks.shares import share
from model.data.media import read_picture
from model.data.packs import Pack
from model.runtime.detect import DetectedFace, FaceDetector
from model.runtime.mesh import LEAST_PRESENCE, FaceMesh
from model.runtime.relief import LEAST_YAW_DEG, MOST_LEFT
from model.runtime.turning import HeadTurns
from model.runtime.weights import Weights
from stream_verifier.media.types import VideoFrame
from stream_verifier.verify.channels.challenge.following import FaceFollower
from stream_verifier.verify.channels.challenge.kind import LEAST_REACTION_S, Finding, Task
from stream_verifier.verify.channels.challenge.turn_head import TurnHead, TurningHead

_SOURCE = "lfw"
_YAWS_DEG = (5, 10, 15, 20, 28, 90)


def main(argv: Sequence[str] | None = None) -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pack", type=Path, required=True, help="folder with faces")
    parser.add_argument("--people", type=int, default=12)
    parser.add_argument("--markdown", type=Path, help="file for the page")
    options = parser.parse_args(argv)
    weights = Weights.load()
    detector, mesh = FaceDetector(weights.path("face_detector")), FaceMesh.load(weights)
    faces = _faces(options.pack, options.people)
    found: dict[str, list[Answered]] = {case.words: [] for case in CASES}
    for number, face in enumerate(track(faces, "Asking", console=Console(stderr=True))):
        sitter = Sitter(face, np.random.default_rng(number), detector, mesh)
        task = TurnHead().draw(random.Random(number), before=0)
        for case in CASES:
            rng = np.random.default_rng([number, len(case.words)])
            found[case.words].append(_answer(case, task, sitter, _Looker(detector, mesh), rng))
    text = _page(found, options.pack, len(faces), real_turns(options.pack, detector, mesh))
    print(text)
    if options.markdown:
        options.markdown.write_text(text, encoding="utf-8")


def _faces(pack: Path, people: int) -> list[Picture]:
    """A picture of each of so many people: the last ones, since limits were set on the first."""
    by_name = {
        sample.identity: sample.path
        for sample in Pack(pack).faces
        if sample.source.startswith(_SOURCE)
    }
    return [read_picture(path)[:, :, ::-1].copy() for path in [*by_name.values()][-people:]]


class _Looker:
    """Finds face and points for who measures, and keeps them."""

    def __init__(self, detector: FaceDetector, mesh: FaceMesh) -> None:
        self._follower, self._mesh = FaceFollower(detector), mesh
        self.face: DetectedFace | None = None
        self.points: NDArray[np.float32] | None = None

    @property
    def leaps(self) -> int:
        return self._follower.leaps

    def find(self, frame: VideoFrame) -> DetectedFace | None:
        self.face, self.points = self._follower.find(frame), None
        return self.face

    def locate(self, image: Any, box: Any, landmarks: Any) -> tuple[NDArray[np.float32], float]:
        points, presence = self._mesh.locate(image, box, landmarks)
        self.points = points if presence >= LEAST_PRESENCE else None
        return points, presence

    def look(self, frame: VideoFrame) -> None:
        face = self.find(frame)
        if face is not None:
            self.locate(frame.image, face.box, face.landmarks)


@dataclass(frozen=True)
class Answered:
    """What came of one answer.

    Attributes:
        finding: of the challenge.
        five: whether five landmarks alone would have let it pass.
    """

    finding: Finding
    five: bool


def _answer(case: Case, task: Task, sitter: Sitter, looker: _Looker, rng: Rng) -> Answered:
    follower, mesh = cast("FaceFollower", looker), cast("FaceMesh", looker)
    attempt, five = TurningHead(task, 0.0, follower, mesh), HeadTurns()
    finding: Finding | None = None
    for step, angle in enumerate(case.make(task.turns, rng), start=1):
        frame = VideoFrame(sitter.seen(case.on, angle, step), step / RATE_HZ)
        if finding is None:
            attempt.take(frame)
            finding = attempt.finding(over=False)
        else:
            looker.look(frame)
        if looker.face is not None:
            five.see(frame.time_s, looker.face.landmarks, looker.points)
    finding = finding or attempt.finding(over=True)
    if finding is None:
        raise AssertionError("at its end there is a finding")
    asked = five.turns[: len(task.turns)]
    right = tuple(turn.side for turn in asked) == task.turns and not looker.leaps
    soon = any(turn.began_s < LEAST_REACTION_S for turn in asked)
    return Answered(finding, right and not soon and all(one.passed and one.whole for one in asked))


def _page(
    found: dict[str, list[Answered]], pack: Path, people: int, real: Sequence[RealTurn]
) -> str:
    lines = [
        "# Who passes that is asked to turn a head",
        "",
        f"Written by `python -m benchmarks.challenges` on pack `{pack.name}`: one picture of each",
        f"of {people} people, on whom nothing was trained or set, drawn on its own face mesh (a",
        "head), on a plane seen from near (a photograph), or on a cylinder (a bent one), with a",
        "camera's noise and a codec, 15 pictures a second. **No real photograph was measured**: it",
        "has neither edges nor reflections here, and heads are drawn on what the same mesh says of",
        "them that also measures them. Three turns are asked for. Intervals are Wilson's, 95 %.",
        "Who watches colours has [a page of his own](challenges-colours.md).",
        "",
        "| what answers | should pass | passed, % | by five landmarks alone, % | else |",
        "|---|---|---|---|---|",
    ]
    for case in CASES:
        rows = found[case.words]
        findings = [one.finding for one in rows]
        passed = [one.outcome == "passed" for one in findings]
        others = Counter(f"{one.outcome} `{one.why}`" for one in findings if one.why)
        told = ", ".join(f"{what} {count}" for what, count in others.most_common())
        shares = f"{share(passed)} | {share([one.five for one in rows])}"
        lines.append(f"| {case.words} | {'yes' if case.honest else 'no'} | {shares} | {told} |")
    return "\n".join([*lines, "", *_real_lines(real), ""])


def _real_lines(real: Sequence[RealTurn]) -> list[str]:
    """How real heads move that turn a little while they talk."""
    lines = [
        "Real heads of the same pack, of presenters who talk and turn as they happen to, against",
        "the picture of each clip in which they look most nearly straight ahead: "
        "what a rotation of",
        "its points leaves, over what a plane leaves.",
        f"A turn has to come to {MOST_LEFT} or less, at {LEAST_YAW_DEG:.0f} degrees or more.",
        "",
        "| turned by, degrees | pictures | people | median | 95th percentile |",
        "|---|---|---|---|---|",
    ]
    for low, high in pairwise(_YAWS_DEG):
        rows = [one for one in real if low <= abs(one.relief.yaw_deg) < high]
        if rows:
            left = [one.relief.solid / one.relief.plane for one in rows]
            half, most = (float(np.percentile(left, share)) for share in (50, 95))
            people = len({one.identity for one in rows})
            lines.append(f"| {low} to {high} | {len(rows)} | {people} | {half:.2f} | {most:.2f} |")
    return lines


if __name__ == "__main__":
    main()
