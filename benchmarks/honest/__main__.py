"""``python -m benchmarks.honest``: honest calls over bad lines, and what is told of them.

Ten minutes of calls over each kind of line, of people enrolled from other clips of theirs. Nothing
that costs trust may be told without cause. Calls are played by clocks of their own, so that a busy
machine changes nothing; --live makes them by WebRTC against a real server, on
a machine that keeps up.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

from benchmarks.honest.calling import Call
from benchmarks.honest.counting import Breaks, Tally, counting_breaks, tally
from benchmarks.honest.making import make_calls, planned_calls, play_calls
from benchmarks.honest.network import CONDITIONS, Conditions
from benchmarks.honest.people import LAP_S, Person, cast, clips_of
from benchmarks.honest.shots import Shots, count_shots
from benchmarks.honest.table import page
from model.runtime.detect import FaceDetector
from model.runtime.weights import Weights
from model.types import Reference
from stream_verifier.console.offline import enrol_files
from stream_verifier.hosting.server import running_server
from stream_verifier.identities.consent import Consent
from stream_verifier.identities.opening import open_store
from stream_verifier.settings import Settings
from stream_verifier.verify.recogniser import Recogniser

MINUTES = 10.0
AT_ONCE = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line; exit with 1 where something was told without cause."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pack", type=Path, help="folder with real talkers (talking.csv, av.csv)")
    parser.add_argument("--minutes", type=float, default=MINUTES, help="of calls over each line")
    parser.add_argument("--at-once", type=int, default=AT_ONCE, help="calls at once")
    parser.add_argument("--only", help="lines whose names hold this")
    parser.add_argument("--live", action="store_true", help="by WebRTC against a real server")
    parser.add_argument("--clips", type=Path, help="folder that keeps what is played")
    parser.add_argument("--told", type=Path, help="file for all that was told")
    parser.add_argument("--markdown", type=Path, help="file for the table")
    options = parser.parse_args(argv)
    if options.clips:
        options.clips.mkdir(parents=True, exist_ok=True)
    lines = [one for one in CONDITIONS if not options.only or options.only in one.name]
    tallies, breaks = asyncio.run(
        measure(
            lines,
            minutes=options.minutes,
            at_once=options.at_once,
            clips=options.clips,
            pack=options.pack,
            told=options.told,
            live=options.live,
        )
    )
    text = page(tallies, breaks, _shots(options.pack), live=options.live)
    print(text)
    if options.markdown:
        options.markdown.write_text(text, encoding="utf-8")
    return 1 if any(one.without_cause for one in tallies) else 0


def _shots(pack: Path | None) -> Shots | None:
    if pack is None:
        return None
    detector = FaceDetector(Weights.load().path("face_detector"))
    return count_shots(clips_of(pack), detector)


async def measure(
    lines: Sequence[Conditions],
    *,
    minutes: float,
    at_once: int = AT_ONCE,
    clips: Path | None = None,
    pack: Path | None = None,
    told: Path | None = None,
    lap_s: float = LAP_S,
    live: bool = False,
) -> tuple[list[Tally], Breaks]:
    """Make the calls and count.

    Args:
        lines: kinds of lines.
        minutes: of calls over each; shorter calls where they are few.
        at_once: calls at once.
        clips: folder that keeps what is played.
        pack: folder with real talkers; None for the demo people alone.
        told: file for all that was told.
        lap_s: length of the clips that calls repeat.
        live: over WebRTC, against a real server.
    """
    with tempfile.TemporaryDirectory() as made:
        folder, breaks = Path(made), Breaks()
        planned = planned_calls(lines, minutes)
        castable = cast(clips or folder, pack, lap_s=lap_s)
        people = await asyncio.to_thread(list, islice(castable, len(planned)))
        settings = _settings(folder, at_once)
        references = await asyncio.to_thread(_enrolled, people, settings)
        if live:
            calls = await _live_calls(settings, people, references, planned, breaks, lap_s)
        else:
            played = await asyncio.to_thread(
                play_calls, people, references, planned, at_once, lap_s
            )
            calls = [one for one, _ in played]
            for _, counted in played:
                breaks.add(counted)
    if told:
        await asyncio.to_thread(_write_told, told, calls)
    by_line = [[one for one in calls if one.conditions.name == line.name] for line in lines]
    return [tally(line, of) for line, of in zip(lines, by_line, strict=True)], breaks


def _settings(folder: Path, at_once: int) -> Settings:
    return Settings(
        data_dir=folder / "data",
        port=0,
        operating_point="alarm_2h",
        max_calls=at_once + 2,
        measure_capacity=False,
        max_calls_per_identity=at_once + 2,
        openings_per_minute=10_000,
    )


def _enrolled(people: Sequence[Person], settings: Settings) -> list[Reference]:
    recogniser = Recogniser.load(settings)
    return [
        enrol_files(
            videos=[],
            faces=person.faces,
            voices=person.voices,
            recogniser=recogniser,
            face_rate_hz=settings.face_rate_hz,
        )
        for person in people
    ]


async def _live_calls(
    settings: Settings,
    people: Sequence[Person],
    references: Sequence[Reference],
    planned: Sequence[tuple[int, Conditions]],
    breaks: Breaks,
    lap_s: float,
) -> list[Call]:
    store = open_store(settings)
    for person, reference in zip(people, references, strict=True):
        consent = Consent(
            subject=person.name, given_at=datetime.now(UTC), purpose="benchmark", text="Agreed."
        )
        await store.add(person.name, reference, consent)
    await store.close()
    at_once = settings.max_calls_per_identity - 2
    # In a process of their own: what the server does must not make its callers late.
    with (
        ProcessPoolExecutor(1, mp_context=get_context("spawn")) as callers,
        counting_breaks() as counted,
    ):
        async with running_server(settings) as server:
            calls = await asyncio.get_running_loop().run_in_executor(
                callers, make_calls, server.address, people, planned, at_once, lap_s
            )
    breaks.add(counted)
    return calls


def _write_told(path: Path, calls: Sequence[Call]) -> None:
    path.write_text(json.dumps([_as_told(one) for one in calls], indent=1) + "\n")


def _as_told(one: Call) -> dict[str, object]:
    return {
        "person": one.person,
        "line": one.conditions.name,
        "lasted_s": one.lasted_s,
        "told": [[at_s, said.model_dump(mode="json")] for at_s, said in one.told],
    }


if __name__ == "__main__":
    raise SystemExit(main())
