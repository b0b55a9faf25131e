"""Verifies a pack's talking clips from files, for their speaker and for others.

    python -m benchmarks.recordings --pack DIR [--others 5] [--out FILE.md]

The speaker is enrolled from the first ten clips, the others from their own pictures and
recordings; every further clip is then checked in each name. Exit code 0 only if each clip comes
out verified for its speaker and rejected for the others.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.progress import track

from benchmarks.casting import cast, frames, sound
from model.data.packs import Pack
from model.types import Reference
from stream_verifier.console.offline import enrol_files, verify_file
from stream_verifier.errors import EnrolmentError
from stream_verifier.events.schema import StateChanged
from stream_verifier.media.encode import write_webm
from stream_verifier.media.file import FileSource
from stream_verifier.settings import Settings, load_settings
from stream_verifier.verify.recogniser import Recogniser

ENROLMENT_CLIPS = 10
_ENROL_S = 24.0
_FPS = 12.0


def references(
    pack: Pack, clips: Sequence[Path], others: int, recogniser: Recogniser, settings: Settings
) -> dict[str, Reference]:
    """Enrol the clips' speaker and some others, by name."""

    def enrol(videos: Sequence[Path]) -> Reference:
        return enrol_files(
            videos=videos,
            faces=(),
            voices=(),
            recogniser=recogniser,
            face_rate_hz=settings.face_rate_hz,
        )

    made = {"the speaker": enrol(clips)}
    with tempfile.TemporaryDirectory(prefix="recordings-") as folder:
        for role in cast(pack, 2 * others):
            if len(made) > others:
                break
            path = Path(folder) / f"{role.chimera.name}.webm"
            moving = frames(role.enrolment, seconds=_ENROL_S, fps=_FPS)
            said = sound(role.enrolment, seconds=_ENROL_S)
            write_webm(path, moving, said, fps=_FPS, size=(640, 480), sample_rate_hz=16_000)
            try:
                made[role.chimera.name] = enrol([path])
            except EnrolmentError as error:
                print(f"{role.chimera.name} is left out: {error}")
    return made


def final_state(clip: Path, reference: Reference, recogniser: Recogniser, rate_hz: float) -> str:
    """The verdict at the end of a clip, with its reasons."""
    events = verify_file(
        FileSource(clip, video_rate_hz=rate_hz),
        name="-",
        reference=reference,
        recogniser=recogniser,
    )
    verdict = "waiting"
    for event in events:
        if isinstance(event.payload, StateChanged):
            verdict = ", ".join([event.payload.state, *event.payload.reasons])
    return verdict


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--pack", type=Path, required=True)
    parser.add_argument("--others", type=int, default=5)
    parser.add_argument("--out", type=Path, help="Markdown file for the table")
    options = parser.parse_args()
    settings = load_settings()
    recogniser = Recogniser.load(settings)
    clips = sorted((options.pack / "av").rglob("*.mp4"))
    pack = Pack(options.pack)
    enrolled = references(pack, clips[:ENROLMENT_CLIPS], options.others, recogniser, settings)
    rows = ["| enrolled | verdict at the end of the clip | clips |", "|---|---|---|"]
    right = True
    for name, reference in enrolled.items():
        wanted = "verified" if name == "the speaker" else "rejected"
        counts = Counter(
            final_state(clip, reference, recogniser, settings.face_rate_hz)
            for clip in track(clips[ENROLMENT_CLIPS:], name, transient=True)
        )
        rows += [f"| {name} | {verdict} | {count} |" for verdict, count in counts.most_common()]
        right = right and all(verdict.startswith(wanted) for verdict in counts)
    text = "\n".join(rows)
    print(text)
    if options.out:
        options.out.write_text(f"{HEADER}\n{text}\n", encoding="utf-8")
    raise SystemExit(0 if right else 1)


HEADER = """# Recordings

Made by `python -m benchmarks.recordings --pack DIR`: talking clips of 3 s through the same pipeline
as a live call. Their speaker is enrolled from ten further clips; the others are people of the pack.
"""

if __name__ == "__main__":
    main()
