"""Sends scripted calls through a real Chromium and compares states with the simulated ones.

    python -m benchmarks.swaps.live --pack DIR [--calls 5] [--kinds …] [--markdown FILE.md]

Each call is composed and played as in ``python -m benchmarks.swaps``; then its very pictures and
sound are camera and microphone of a browser that calls a real server, with the same reference.
A browser plays its devices for some moments before the call stands, so that one shift in time is
taken out of each call; a state that lasts no longer than a hop may be there or not. Exit code 0
only if every call shows the same states in the same order, each within one hop.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from benchmarks.browser_calls import call
from benchmarks.chromium import CAMERA_FPS, write_capture
from model.data.packs import Pack
from model.runtime.comparator import load_comparator
from model.runtime.weights import Weights
from model.types import Reference
from stream_verifier.events.schema import State
from stream_verifier.hosting.server import running_server
from stream_verifier.identities.consent import Consent
from stream_verifier.identities.opening import open_store
from stream_verifier.media.webrtc.ice import LOOPBACK
from stream_verifier.settings import Settings, load_settings
from stream_verifier.simulation.call_player import CallPlayer
from stream_verifier.simulation.casting import cast_people
from stream_verifier.simulation.composing import compose
from stream_verifier.simulation.material import CACHE, Material
from stream_verifier.simulation.render import frames, sound
from stream_verifier.simulation.script import Script
from stream_verifier.verify.decision import Decision
from stream_verifier.verify.operating import DecisionModel

KINDS = ("swap_both", "swap_face", "swap_voice", "absent_swap", "camera_off")
_MOST_SHIFT_S = 2.0

Changes = list[tuple[float, str]]
"""Media time and the state entered then, from ``waiting`` at 0 on."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One call, simulated and live.

    Attributes:
        script: of it.
        simulated, live: changes of the state.
        shift_s: by which the live call's times were moved, 2 s at most.
        apart_s: largest distance of a change from its match then; None where the states differ.
    """

    script: Script
    simulated: Changes
    live: Changes
    shift_s: float
    apart_s: float | None

    def agrees(self, hop_s: float) -> bool:
        """Whether states and order are the same, and no change is further off than that."""
        return self.apart_s is not None and self.apart_s <= hop_s


def simulated(script: Script, player: CallPlayer, settings: Settings) -> Changes:
    """The states of a call as the simulation has them."""
    model = DecisionModel.load(Weights.load())
    decision = Decision(evidence=model.evidence, point=model.point(settings.operating_point))
    told = [(seen.end_s, decision.update(seen).state.value) for _, seen in player.play(script)]
    return changes(told)


def live(events: Sequence[dict[str, Any]], until_s: float) -> Changes:
    """The states of a call as its events tell them."""
    told = [(e["media_s"], e["state"]) for e in events if e["type"] == "state_changed"]
    return changes([pair for pair in told if pair[0] <= until_s])


def changes(states: Sequence[tuple[float, str]]) -> Changes:
    """Leave out what only repeats the state before it."""
    kept: Changes = [(0.0, State.WAITING.value)]
    for at_s, state in states:
        if state != kept[-1][1]:
            kept.append((at_s, state))
    return kept


def lasting(told: Changes, hop_s: float) -> Changes:
    """Leave out states that last no longer than a hop: one window decides whether they come."""
    ends = [at_s for at_s, _ in told[1:]] + [float("inf")]
    return changes(
        [pair for pair, end_s in zip(told, ends, strict=True) if end_s - pair[0] > hop_s + 0.1]
    )


def compare(script: Script, expected: Changes, found: Changes, hop_s: float) -> Compared:
    """Take the shift out that suits best, and say how far apart matching changes are then."""
    wanted, had = lasting(expected, hop_s)[1:], lasting(found, hop_s)[1:]
    if [state for _, state in wanted] != [state for _, state in had]:
        return Compared(script, expected, found, 0.0, None)
    early = [a - b for (a, _), (b, _) in zip(wanted, had, strict=True)] or [0.0]
    shift_s = (max(early) + min(early)) / 2
    shift_s = min(_MOST_SHIFT_S, max(-_MOST_SHIFT_S, shift_s))
    return Compared(script, expected, found, shift_s, max(abs(e - shift_s) for e in early))


async def measure(
    scripts: Sequence[Script], material: Material, player: CallPlayer, console: Console
) -> list[Compared]:
    """Make every call in a browser of its own against one server."""
    compared = []
    with tempfile.TemporaryDirectory(prefix="swaps-live-") as text:
        folder = Path(text)
        settings = load_settings(port=0, data_dir=folder / "data", ice_host_addresses=LOOPBACK)
        people = {script.chimera: material.reference(script.chimera) for script in scripts}
        await _enrol(settings, people)
        async with running_server(settings) as server:
            for script in track(scripts, "calls", console=console, transient=True):
                expected = simulated(script, player, settings)
                moving = frames(script, material, fps=CAMERA_FPS)
                said = sound(script, material)
                files = await asyncio.to_thread(write_capture, folder, "call", moving, said)
                # The devices play in a loop: the call ends a little before they begin anew.
                until_s = script.length_s - 1.5
                events = await call(server.address, files, script.chimera, until_s)
                told = live(events, until_s)
                compared.append(compare(script, _until(expected, until_s), told, settings.hop_s))
                console.print(line(compared[-1], settings.hop_s), highlight=False)
    return compared


async def _enrol(settings: Settings, people: dict[str, Reference]) -> None:
    store = open_store(settings)
    try:
        for name, reference in people.items():
            consent = Consent(
                subject=name, given_at=datetime.now(UTC), purpose="benchmark", text="made up"
            )
            await store.add(name, reference, consent)
    finally:
        await store.close()


def _until(told: Changes, until_s: float) -> Changes:
    return [pair for pair in told if pair[0] <= until_s]


def line(one: Compared, hop_s: float) -> str:
    """One call for the terminal."""
    mark = "[green]agrees[/]" if one.agrees(hop_s) else "[bold red]DIFFERS[/]"
    return f"{mark} {one.script.name}: {_told(one.simulated)} | live {_told(one.live)}"


def table(compared: Sequence[Compared], hop_s: float) -> str:
    """All calls as a Markdown table."""
    rows = [
        "| call | simulated | in Chromium | shift, s | furthest apart, s | agrees |",
        "|---|---|---|---|---|---|",
    ]
    for one in compared:
        apart = "other states" if one.apart_s is None else f"{one.apart_s:.2f}"
        agrees = "yes" if one.agrees(hop_s) else "**no**"
        cells = (one.script.kind, _told(one.simulated), _told(one.live))
        rows.append("| " + " | ".join([*cells, f"{one.shift_s:.2f}", apart, agrees]) + " |")
    right = sum(one.agrees(hop_s) for one in compared)
    return "\n".join([*rows, "", f"{right} of {len(compared)} calls agree within {hop_s:g} s."])


def _told(told: Changes) -> str:
    return ", ".join(f"{state} {at_s:.1f}" for at_s, state in told[1:]) or "waiting throughout"


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--pack", type=Path, required=True, help="folder of people")
    parser.add_argument("--calls", type=int, default=5)
    parser.add_argument("--kinds", default=",".join(KINDS), help="joined by commas")
    parser.add_argument("--condition", default="clean")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cache", type=Path, default=CACHE, help="folder of embeddings")
    parser.add_argument("--markdown", type=Path, help="file for the table")
    options = parser.parse_args()
    pack, weights = Pack(options.pack), Weights.load()
    cast = cast_people(pack, seed=options.seed)
    kinds = options.kinds.split(",")
    scripts = compose(
        cast,
        calls=options.calls,
        conditions=[options.condition],
        seed=options.seed,
        genuine_share=1 / len(kinds),
        kinds=kinds,
    )
    material = Material(pack=pack, roles=cast, weights=weights, cache=options.cache)
    material.prepare(scripts)
    player = CallPlayer(material=material, comparator=load_comparator(weights))
    compared = asyncio.run(measure(scripts, material, player, Console()))
    hop_s = Settings().hop_s
    text = table(compared, hop_s)
    print(text)
    if options.markdown:
        options.markdown.write_text(f"{HEADER}\n{text}\n", encoding="utf-8")
    raise SystemExit(0 if all(one.agrees(hop_s) for one in compared) else 1)


HEADER = """# Scripted calls in a real Chromium

Made by `python -m benchmarks.swaps.live --pack DIR`: scripted calls whose pictures and sound are a
browser's camera and microphone, beside the same calls simulated. Times are seconds of media time at
which a state was entered. A browser plays its devices for some moments before the call stands, so
one shift is taken out of each call; a state that lasts no longer than a hop may be there or not.
"""

if __name__ == "__main__":
    main()
