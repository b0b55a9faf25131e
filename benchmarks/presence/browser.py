"""``python -m benchmarks.presence.browser --pack DIR``: one call of each kind from a real Chromium.

A person of the pack enrols by clicking through the page; then the same person, and each attack in
that name, is what Chromium's camera and microphone play. Codec, network, page and server are those
of every call; what is before the camera is composed as in ``python -m benchmarks.presence``.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track

from benchmarks.browser_calls import call, enrol
from benchmarks.chromium import Capture, write_capture
from benchmarks.presence.attacks import ATTACKS, Attack, Show, drawn, honest, to_enrol
from benchmarks.presence.material import RATE_HZ, Person, Picture, people, unpacked
from model.runtime.detect import FaceDetector
from model.runtime.weights import Weights
from stream_verifier.events.schema import PRESENCE_REASONS
from stream_verifier.hosting.server import running_server
from stream_verifier.media.webrtc.ice import LOOPBACK
from stream_verifier.settings import load_settings

_KINDS: Mapping[str, Attack] = {"the person": honest, **ATTACKS}


@dataclass(frozen=True, slots=True)
class Seen:
    """What one call came to.

    Attributes:
        state: in force at the end.
        verified_s: media time at which it was verified first; None where it never was.
        noticed_s: media time at which presence held it back first; None where it never did.
        reasons: all that presence named, in that order.
    """

    state: str
    verified_s: float | None
    noticed_s: float | None
    reasons: tuple[str, ...]


def seen(events: Sequence[Mapping[str, Any]]) -> Seen:
    """Sum a call's events up."""
    changes = [event for event in events if event["type"] == "state_changed"]
    of_presence = {str(reason) for reason in PRESENCE_REASONS}
    verified = (one["media_s"] for one in changes if one["state"] == "verified")
    noticed = (one["media_s"] for one in changes if of_presence & set(one["reasons"]))
    named = itertools.chain.from_iterable(one["reasons"] for one in changes)
    return Seen(
        state=changes[-1]["state"] if changes else "waiting",
        verified_s=next(verified, None),
        noticed_s=next(noticed, None),
        reasons=tuple(dict.fromkeys(one for one in named if one in of_presence)),
    )


async def measure(
    cast: Sequence[Person], seconds: float, console: Console
) -> list[tuple[str, str, Seen]]:
    """Enrol everybody and make every call, one after another, on a server of its own."""
    found = []
    with tempfile.TemporaryDirectory(prefix="presence-browser-") as text:
        folder = Path(text)
        settings = load_settings(
            port=0, data_dir=folder / "data", ice_host_addresses=LOOPBACK, presence="hold"
        )
        async with running_server(settings) as server:
            for person in cast:
                name = person.name.replace("/", "-")
                show = to_enrol(person.enrol)
                await enrol(server.address, await asyncio.to_thread(_capture, folder, show), name)
                for kind, attack in track(_KINDS.items(), name, console=console):
                    show = _made(person, kind, attack, seconds)
                    files = await asyncio.to_thread(_capture, folder, show)
                    events = await call(server.address, files, name, show.seconds)
                    found.append((name, kind, seen(events)))
    return found


def _made(person: Person, kind: str, attack: Attack, seconds: float) -> Show:
    rng = np.random.default_rng([0, *kind.encode()])
    return attack(drawn(person.call, seconds, rng), rng)


def _capture(folder: Path, show: Show) -> Capture:
    return write_capture(folder, "call", _pictures(show), show.sound, fps=RATE_HZ)


def _pictures(show: Show) -> Iterator[Picture]:
    return (unpacked(picture) for picture in show.pictures)


def table(found: Sequence[tuple[str, str, Seen]]) -> str:
    """All calls as a page."""
    rows = [
        "# Whether somebody is there, seen through a real Chromium",
        "",
        "Written by `python -m benchmarks.presence.browser`: one call of each kind. How often an",
        "attack passes is told by [many calls without a browser](presence.md); this shows that",
        "codec, network and page take nothing away. Seconds are media time of the call.",
        "",
        "| enrolled | what is shown and said | verified first | held back by presence | named "
        "| at the end |",
        "|---|---|---|---|---|---|",
    ]
    for name, kind, one in found:
        named = ", ".join(f"`{reason}`" for reason in one.reasons) or "–"
        times = f"{_seconds(one.verified_s)} | {_seconds(one.noticed_s)}"
        rows.append(f"| {name} | {kind} | {times} | {named} | {one.state} |")
    return "\n".join([*rows, ""])


def _seconds(value: float | None) -> str:
    return "never" if value is None else f"{value:.1f}"


def main(argv: Sequence[str] | None = None) -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pack", type=Path, required=True, help="folder with talking people")
    parser.add_argument("--people", type=int, default=1, help="how many of them")
    parser.add_argument("--seconds", type=float, default=30.0, help="length of a call at most")
    parser.add_argument("--markdown", type=Path, help="file for the page")
    options = parser.parse_args(argv)
    detector = FaceDetector(Weights.load().path("face_detector"))
    cast = people(options.pack, detector, most_clips=65)[: options.people]
    text = table(asyncio.run(measure(cast, options.seconds, Console(stderr=True))))
    if options.markdown:
        options.markdown.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
