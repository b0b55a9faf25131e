"""``python -m benchmarks.old_browsers``: an enrolment and a call from Chromium 87 and 102.

Debian's QtWebEngine is Chromium as it was in 2020 and 2022, with its own WebRTC: what a phone has
that gets no newer one. A made-up person enrols by `<stream-verifier-enrol>` in a page of another
origin, and calls by `<stream-verifier>`. Needs Debian's packages python3-pyqt5.qtwebengine,
python3-pyqt6.qtwebengine, xvfb, xauth and libgl1-mesa-dri, without the recommended ones.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.chromium import FLAGS, Capture, write_capture
from benchmarks.folder_server import folder_server
from stream_verifier.demo.people import DEMO_PEOPLE, portrait_frames, speech
from stream_verifier.hosting.server import running_server
from stream_verifier.media.webrtc.ice import LOOPBACK
from stream_verifier.settings import load_settings

_SYSTEM_PYTHON = "/usr/bin/python3"
_WITHIN_S = 60.0
_FPS = 10
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>A page of its own</title>
<script>
  addEventListener("error", ({ message }) => console.log(`complains: ${message}`));
  addEventListener("unhandledrejection", ({ reason }) => console.log(`complains: ${reason}`));
</script>
<script type="module" src="SERVER/js/element.js"></script>
<script type="module" src="SERVER/js/enrol-element.js"></script>
<stream-verifier-enrol server="SERVER" identity="ada"></stream-verifier-enrol>
<stream-verifier server="SERVER" identity="ada"></stream-verifier>
<script type="module">
  const enrolment = document.querySelector("stream-verifier-enrol");
  const badge = document.querySelector("stream-verifier");
  let began = 0;
  const seconds = () => ((performance.now() - began) / 1000).toFixed(1);
  const told = (what) => console.log(`${what} after ${seconds()} s`);
  enrolment.addEventListener("enrolled", () => told("enrolled"));
  enrolment.addEventListener("closed", () => { began = performance.now(); badge.start(); });
  for (const one of [enrolment, badge]) {
    one.addEventListener("error", ({ detail }) => console.log(`complains: ${detail.code}`));
    one.addEventListener("warning", ({ detail }) => console.log(`complains: ${detail.code}`));
  }
  badge.addEventListener("state_changed", ({ detail }) => {
    if (detail.state !== "verified") return;
    told("verified");
    badge.stop();
  });
  badge.addEventListener("closed", () => console.log("done"));
  customElements.whenDefined("stream-verifier-enrol").then(() => {
    began = performance.now();
    enrolment.shadowRoot.querySelector("input[type=checkbox]").click();
    enrolment.start();
  });
</script>
"""


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of it in one browser.

    Attributes:
        browser: Chromium's version.
        enrolled_s: seconds from the tick to the stored reference; None where it never came.
        verified_s: seconds from the call's start to its first verdict; likewise.
        complaints: what the page or the SDK said went wrong.
    """

    browser: str
    enrolled_s: float | None
    verified_s: float | None
    complaints: tuple[str, ...]


def tried(lines: Sequence[str]) -> Tried:
    """Read what `qt_page` printed."""
    told = [json.loads(line) for line in lines if line.startswith("{")]
    said = [one["said"] for one in told if "said" in one]
    agent = next((one["agent"] for one in told if "agent" in one), "")
    found = re.search(r"Chrome/(\d+)", agent)

    def after(what: str) -> float | None:
        seconds = (re.fullmatch(rf"{what} after ([\d.]+) s", line) for line in said)
        return next((float(one[1]) for one in seconds if one), None)

    return Tried(
        browser=f"Chromium {found[1]}" if found else "none",
        enrolled_s=after("enrolled"),
        verified_s=after("verified"),
        complaints=tuple(line for line in said if line.startswith(("complains", "Uncaught"))),
    )


async def try_out(version: str, address: str, capture: Capture) -> Tried:
    """Have one version of Qt open the page."""
    devices = (
        f"--use-file-for-fake-video-capture={capture.video}",
        f"--use-file-for-fake-audio-capture={capture.audio}",
    )
    environment = os.environ | {
        "QTWEBENGINE_DISABLE_SANDBOX": "1",
        "QTWEBENGINE_CHROMIUM_FLAGS": " ".join((*FLAGS, *devices)),
    }
    process = await asyncio.create_subprocess_exec(
        *("xvfb-run", "--auto-servernum", _SYSTEM_PYTHON),
        *(str(Path(__file__).with_name("qt_page.py")), version, address, str(_WITHIN_S)),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    told, _ = await process.communicate()
    return tried(told.decode(errors="replace").splitlines())


def table(rows: Sequence[Tried]) -> str:
    """A line a browser, as Markdown."""
    lines = ["| browser | enrolled after | verified after | complaints |", "|---|---|---|---|"]
    for row in rows:
        enrolled, verified = (
            "never" if one is None else f"{one:.1f} s" for one in (row.enrolled_s, row.verified_s)
        )
        said = "; ".join(row.complaints) or "none"
        lines.append(f"| {row.browser} | {enrolled} | {verified} | {said} |")
    return "\n".join(lines) + "\n"


async def run(versions: Sequence[str]) -> list[Tried]:
    """Enrol and call from each, on a server of its own."""
    person = DEMO_PEOPLE[0]
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        frames = portrait_frames(person, seconds=12.0, fps=_FPS)
        capture = write_capture(folder, "ada", frames, speech(person, seconds=12.0), fps=_FPS)
        pages = folder / "pages"
        pages.mkdir()
        with folder_server(pages) as origin:
            for version in versions:
                settings = load_settings(
                    data_dir=folder / version,
                    port=0,
                    ice_host_addresses=LOOPBACK,
                    presence="observe",  # a portrait's lips do not move
                    allowed_origins=[origin],
                )
                async with running_server(settings) as server:
                    page = PAGE.replace("SERVER", server.address)
                    (pages / "index.html").write_text(page, encoding="utf-8")
                    rows.append(await try_out(version, f"{origin}/", capture))
    return rows


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--qt", nargs="+", choices=("5", "6"), default=["5", "6"])
    options = parser.parse_args()
    print(table(asyncio.run(run(options.qt))))


if __name__ == "__main__":
    main()
