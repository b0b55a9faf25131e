"""What could tell a camera that is software from a device, beside its name.

    python -m benchmarks.cameras --pack DIR [--seconds 10] [--out FILE.md]

Pictures' times come from a real Chromium, a real Firefox and aiortc's player; noise and traces of
codecs are looked for in clips of a pack, coded as calls do.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.cameras.looking import look
from benchmarks.cameras.page import page
from benchmarks.cameras.timing import Stream, of_chromium, of_firefox, of_player, write_film
from benchmarks.chromium import chromium_path
from benchmarks.firefox import firefox_path
from model.training.files import write_whole

OUT = Path(__file__).resolve().parents[2] / "docs" / "measurements" / "cameras.md"
RATE_HZ = 30
_CHROMIUM = (
    ("a pattern", "camera", 30),
    ("a film", "camera", 30),
    ("a film", "camera", 15),
    ("", "canvas", 30),
    ("", "canvas", 15),
    ("", "film", 30),
)
_FIREFOX = (("camera", 30), ("camera", 15), ("canvas", 30), ("film", 30))


def main(argv: Sequence[str] | None = None) -> None:
    """Run it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--pack", type=Path, required=True, help="folder with talking clips")
    add("--each", type=int, default=8, help="clips of a person")
    add("--seconds", type=float, default=10.0, help="of each stream")
    add("--out", type=Path, default=OUT, help="Markdown file for the page")
    options = parser.parse_args(argv)
    streams = asyncio.run(_streams(options.seconds))
    write_whole(options.out, page(streams, look(options.pack, options.each)).encode())


async def _streams(seconds: float) -> list[Stream]:
    """Every stream that this machine has the programs for, one after another."""
    found: list[Stream] = []
    with tempfile.TemporaryDirectory(prefix="cameras-") as text:
        folder = Path(text)
        for name in ("film.webm", "film.mp4"):
            film = await asyncio.to_thread(write_film, folder / name, RATE_HZ)
            found.append(await of_player(film, seconds))
        for shown, source, rate_hz in _CHROMIUM if chromium_path() else ():
            playing = shown == "a film"
            made = await of_chromium(folder, source, rate_hz, seconds, film=playing)
            found.append(replace(made, name=f"Chromium, {made.name}{shown and ', '}{shown}"))
        for source, rate_hz in _FIREFOX if firefox_path() else ():
            made = await of_firefox(folder, source, rate_hz, seconds)
            found.append(replace(made, name=f"Firefox, {made.name}"))
    return found


if __name__ == "__main__":
    main()
