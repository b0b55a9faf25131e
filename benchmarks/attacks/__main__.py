"""``python -m benchmarks.attacks``: scripted callers against a real server; what each one wins.

Each attacker holds a valid token and writes his own packets. He is the enrolled person for 8 s, as
in a call that was taken over; what he wins is the wall time for which the call stays ``verified``
afterwards, beyond that of an honest silence or an honest swap in the same run.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import re
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from benchmarks.attacks.clips import GRACE, Clips
from benchmarks.attacks.door_cases import DOORS, QUICK, DoorAttack, Target
from benchmarks.attacks.hidden_cases import HIDDEN
from benchmarks.attacks.media_cases import ATTACKS, GENUINE_S, MediaAttack, silence, swap
from benchmarks.attacks.outcome import Outcome, won
from benchmarks.attacks.sending import Script
from stream_verifier.access.tokens import Tokens
from stream_verifier.console.offline import enrol_files
from stream_verifier.hosting.server import running_server
from stream_verifier.identities.consent import Consent
from stream_verifier.identities.keys import new_key, parse_key
from stream_verifier.identities.opening import open_store
from stream_verifier.settings import Settings
from stream_verifier.verify.recogniser import Recogniser

AT_ONCE = 2
_HONEST = {"silence": silence, "swap": swap}
_HONEST_TRIES = 3
_console = Console(stderr=True)


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line; exit with 1 where something does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="only the quick half")
    parser.add_argument("--only", help="only attacks by media whose names hold this expression")
    parser.add_argument("--clips", type=Path, help="folder that keeps what is played")
    parser.add_argument("--json", type=Path, help="file for all outcomes")
    parser.add_argument("--markdown", type=Path, help="file for the table")
    options = parser.parse_args(argv)
    if options.clips:
        options.clips.mkdir(parents=True, exist_ok=True)
    clips = Clips(options.clips) if options.clips else None
    outcomes = asyncio.run(attack(quick=options.quick, only=options.only, clips=clips))
    text = table(outcomes)
    print(text)
    if options.markdown:
        options.markdown.write_text(text, encoding="utf-8")
    if options.json:
        rows = [asdict(outcome) for outcome in outcomes]
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return 0 if all(outcome.holds for outcome in outcomes) else 1


async def attack(
    *,
    quick: bool = False,
    only: str | None = None,
    clips: Clips | None = None,
) -> list[Outcome]:
    """Try all attacks, or the quick half.

    Args:
        quick: the quick half.
        only: an expression; attacks by media whose names hold it, and no others.
        clips: what is played; by default made anew.
    """
    with tempfile.TemporaryDirectory() as made:
        played = clips or Clips(Path(made))
        async with _server(Path(made), played) as target:
            doors: Sequence[DoorAttack] = () if only else QUICK if quick else DOORS
            media = [one for one in (*ATTACKS, *HIDDEN) if one.quick or not quick]
            media = [one for one in media if re.search(only or "", one.name)]
            outcomes = await _media(target, media)
            for door in doors:
                outcomes.append(await door(target))
                _say(outcomes[-1])
    return outcomes


@contextlib.asynccontextmanager
async def _server(folder: Path, clips: Clips) -> AsyncIterator[Target]:
    key = new_key()
    settings = Settings(
        data_dir=folder / "data",
        port=0,
        operating_point="alarm_2h",
        max_calls=64,
        max_calls_per_identity=8,
        measure_capacity=False,
        token_key=key,
        bad_tokens_per_minute=10_000,
        openings_per_minute=10_000,
    )
    await asyncio.to_thread(clips.call, GRACE, GRACE)
    reference = await asyncio.to_thread(
        enrol_files,
        videos=[clips.path(GRACE, GRACE)],
        faces=[],
        voices=[],
        recogniser=Recogniser.load(settings),
        face_rate_hz=settings.face_rate_hz,
    )
    store = open_store(settings)
    consent = Consent(
        subject="Demo Grace", given_at=datetime.now(UTC), purpose="attacks", text="Agreed."
    )
    await store.add("grace", reference, consent)
    await store.close()
    async with running_server(settings) as server:
        yield Target(server.address, Tokens(parse_key(key)), clips, folder)


async def _media(target: Target, attacks: Sequence[MediaAttack]) -> list[Outcome]:
    seats = asyncio.Semaphore(AT_ONCE)

    async def verified_s(script: Script) -> float:
        async with seats, target.caller_of(script).calling() as caller:
            await asyncio.sleep(target.clips.seconds)
            return caller.verified_s(GENUINE_S, target.clips.seconds)

    async def try_one(one: MediaAttack) -> Outcome:
        script = await asyncio.to_thread(one.script, target.clips)
        outcome = won(one.name, await verified_s(script), honest_s[one.honest], one.honest)
        _say(outcome)
        return outcome

    async def yardstick_s(script: Script) -> float:
        # Who was in doubt already, on a machine that was busy, says nothing of how doubt begins.
        for _ in range(_HONEST_TRIES):
            if seconds := await verified_s(script):
                return seconds
        raise RuntimeError("no honest call was verified up to its end: give the machine less to do")

    scripts = {name: await asyncio.to_thread(make, target.clips) for name, make in _HONEST.items()}
    seconds = await asyncio.gather(*map(yardstick_s, scripts.values()))
    honest_s = dict(zip(scripts, seconds, strict=True))
    return list(await asyncio.gather(*map(try_one, attacks)))


def _say(outcome: Outcome) -> None:
    mark = "holds" if outcome.holds else "[red]does not hold[/]"
    _console.print(f"{outcome.attack}: {outcome.measured} ({mark})")


def table(outcomes: Sequence[Outcome]) -> str:
    """The outcomes as a page."""
    rows = "\n".join(
        f"| {one.attack} | {one.measured} | {one.bound} | {'yes' if one.holds else '**no**'} |"
        for one in outcomes
    )
    return (
        "# Attacks\n\nWritten by `python -m benchmarks.attacks`: scripted callers with a valid "
        f"token against a real server. Each plays the enrolled person for {GENUINE_S:g} s and then "
        "attacks; what is measured is the wall time for which the call stays verified from then "
        "on.\n\n"
        f"| attack | measured | bound | holds |\n|---|---|---|---|\n{rows}\n"
    )


if __name__ == "__main__":
    raise SystemExit(main())
