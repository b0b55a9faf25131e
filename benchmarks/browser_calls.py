"""Enrols and verifies a pack's people in a real Chromium and tables the verdicts.

    python -m benchmarks.browser_calls --pack DIR [--people 6] [--seconds 14] [--out FILE.md]

Every person enrols by clicking through the page; then four calls are made in that name: the
person, a full swap, the right voice with another face, the right face with another voice.
Exit code 0 only if each call ended in the right state for the right reasons.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.async_api import Page
from rich.console import Console
from rich.progress import track

from benchmarks.casting import Part, Role, cast, frames, sound
from benchmarks.chromium import CAMERA_FPS, Capture, open_page, until, write_capture
from model.data.packs import Pack
from stream_verifier.hosting.server import running_server
from stream_verifier.media.webrtc.ice import LOOPBACK
from stream_verifier.settings import load_settings

ENROL_TIMEOUT_S = 90
MISMATCHES = frozenset({"face_mismatch", "voice_mismatch"})
EXPECTED = {
    "genuine": ("verified", frozenset[str]()),
    "impostor_both": ("rejected", frozenset({"face_mismatch", "voice_mismatch"})),
    "impostor_face": ("rejected", frozenset({"face_mismatch"})),
    "impostor_voice": ("rejected", frozenset({"voice_mismatch"})),
}
TITLES = {
    "genuine": "the person",
    "impostor_both": "full swap",
    "impostor_face": "face swap",
    "impostor_voice": "voice swap",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one call came to.

    Attributes:
        state, reasons: of the verdict in force when the call was stopped.
        first_s: media time of the first verdict of that state, None if it never came.
        changes: how often the state changed.
    """

    role: str
    kind: str
    state: str
    reasons: tuple[str, ...]
    first_s: float | None
    changes: int

    @property
    def right(self) -> bool:
        """Whether the state is right and exactly the swapped modalities are named.

        Remarks on the picture, such as a bystander's face, are true or false of the picture and
        do not count here; the table shows them.
        """
        return (self.state, MISMATCHES & frozenset(self.reasons)) == EXPECTED[self.kind]


def capture(folder: Path, name: str, part: Part, seconds: float) -> Capture:
    """Make the camera's and the microphone's files of one call."""
    moving = frames(part, seconds=seconds, fps=CAMERA_FPS)
    return write_capture(folder, name, moving, sound(part, seconds=seconds))


async def begin(page: Page, *, mode: str, name: str) -> None:
    """Click through the page as a person would, up to the running call."""
    await page.get_by_test_id(f"mode-{mode}").check(force=True)
    await page.get_by_test_id("identity-name").fill(name)
    if mode == "enrol":
        await page.get_by_test_id("consent").check()
    await page.get_by_test_id("start").click()


async def enrol(address: str, files: Capture, name: str) -> None:
    """Enrol in the browser.

    Raises:
        TimeoutError: it did not come to an end.
    """
    async with open_page(address, files) as page:
        await begin(page, mode="enrol", name=name)
        await page.get_by_test_id("enrol-done").wait_for(timeout=ENROL_TIMEOUT_S * 1000)


async def scored_until(page: Page, end_s: float) -> None:
    """Wait until the call was scored up to that media time, or has failed.

    Raises:
        TimeoutError: neither came.
    """
    done = (
        "end => streamVerifierEvents.some("
        "e => e.type === 'error' || e.type === 'score' && e.end_s >= end)"
    )
    await until(page, done, end_s, timeout_s=end_s + 60)


async def call(address: str, files: Capture, name: str, seconds: float) -> list[dict[str, Any]]:
    """Verify in the browser for that many seconds of media; return the events."""
    async with open_page(address, files) as page:
        await begin(page, mode="verify", name=name)
        await scored_until(page, seconds)
        events: list[dict[str, Any]] = await page.evaluate("streamVerifierEvents")
        await page.get_by_test_id("stop").click()
        return events


def judge(role: str, kind: str, events: Sequence[dict[str, Any]]) -> Outcome:
    """Sum a call's events up."""
    changes = [event for event in events if event["type"] == "state_changed"]
    state, reasons = "waiting", ()
    if changes:
        state, reasons = changes[-1]["state"], tuple(changes[-1]["reasons"])
    states = [c for c in changes if c["state"] != c["previous"]]
    first_s = next((c["media_s"] for c in states if c["state"] == state), None)

    return Outcome(
        role=role,
        kind=kind,
        state=state,
        reasons=reasons,
        first_s=first_s,
        changes=len(states),
    )


async def measure(roles: Sequence[Role], seconds: float, console: Console) -> list[Outcome]:
    """Run every role's enrolment and calls against a server of its own."""
    outcomes = []
    with tempfile.TemporaryDirectory(prefix="browser-calls-") as text:
        folder = Path(text)
        settings = load_settings(port=0, data_dir=folder / "data", ice_host_addresses=LOOPBACK)
        async with running_server(settings) as server:
            for role in track(roles, "people", console=console, transient=True):
                name = role.chimera.name
                files = await asyncio.to_thread(capture, folder, name, role.enrolment, 24.0)
                await enrol(server.address, files, name)
                for kind, part in role.calls.items():
                    files = await asyncio.to_thread(capture, folder, kind, part, seconds)
                    events = await call(server.address, files, name, seconds)
                    outcomes.append(judge(name, kind, events))
                    console.print(line(outcomes[-1]), highlight=False)
    return outcomes


def line(outcome: Outcome) -> str:
    """One outcome for the terminal."""
    mark = "[green]right[/]" if outcome.right else "[bold red]WRONG[/]"
    why = ", ".join(outcome.reasons)
    return f"{mark} {outcome.role} {TITLES[outcome.kind]}: {outcome.state} {why}"


def table(outcomes: Sequence[Outcome]) -> str:
    """All outcomes as a Markdown table."""

    def number(value: float | None) -> str:
        return "–" if value is None else f"{value:.1f}"

    rows = [
        "| enrolled | call | verdict | reasons | after (s) | right |",
        "|---|---|---|---|---|---|",
    ]
    for item in outcomes:
        cells = (
            item.role,
            TITLES[item.kind],
            item.state,
            ", ".join(item.reasons) or "–",
            number(item.first_s),
            "yes" if item.right else "**no**",
        )
        rows.append("| " + " | ".join(cells) + " |")
    right = sum(item.right for item in outcomes)
    return "\n".join([*rows, "", f"{right} of {len(outcomes)} calls came out right."])


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--pack", type=Path, required=True, help="folder with trials.csv")
    parser.add_argument("--people", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=14.0, help="media time of each call")
    parser.add_argument("--out", type=Path, help="Markdown file for the table")
    options = parser.parse_args()
    console = Console()
    roles = cast(Pack(options.pack), options.people)
    outcomes = asyncio.run(measure(roles, options.seconds, console))
    text = table(outcomes)
    print(text)
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(f"{HEADER.format(len(roles))}\n{text}\n", encoding="utf-8")
    raise SystemExit(0 if all(item.right for item in outcomes) else 1)


HEADER = """# Calls from a real Chromium

Made by `python -m benchmarks.browser_calls --pack DIR`: {} people whom no training saw enrol by
clicking through the page, then four calls are made in each name. Their pictures, moved about, are
the camera; their recordings are the microphone. Face, voice and fused are median LLRs over the
call; "after" is the media time at which the final state first came.
"""

if __name__ == "__main__":
    main()
