"""Takes the README's pictures of the real page, in real calls of the demo people.

python scripts/take_pictures.py [--out docs/images]
"""

from __future__ import annotations

import argparse
import asyncio
import io
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from playwright.async_api import Page

from benchmarks.browser_calls import ENROL_TIMEOUT_S, begin, scored_until
from benchmarks.chromium import CAMERA_FPS, Capture, open_page, until, write_capture
from stream_verifier.demo.people import DEMO_PEOPLE, DemoPerson, portrait_frames, speech
from stream_verifier.media.ice import LOOPBACK
from stream_verifier.server import running_server
from stream_verifier.settings import load_settings

_NAME = "Grace"
_CAPTURE_S = 24.0
_WAIT_S = 60.0
_DESK, _PHONE = (1280, 1000), (390, 844)
_MARGIN_PX = 12
_COLOURS = 256


def in_a_room(person: DemoPerson) -> DemoPerson:
    """The portrait with a blurred background where it ends, so that it fills a camera's picture."""
    portrait = person.load()
    pad = max(portrait.shape[:2]) // 2
    sharp = cv2.copyMakeBorder(portrait, pad, pad, pad, pad, cv2.BORDER_REPLICATE)
    blurred = cv2.GaussianBlur(sharp, (0, 0), 40)
    inside = np.zeros(sharp.shape[:2], np.float32)
    inside[pad + 40 : -pad - 1, pad + 40 : -pad - 40] = 1
    weight = cv2.GaussianBlur(inside, (0, 0), 16)[:, :, None]
    picture = (sharp * weight + blurred * (1 - weight)).astype(np.uint8)
    x, y, width, height = person.face_box
    return replace(person, load=lambda: picture, face_box=(x + pad, y + pad, width, height))


def camera_frames(person: DemoPerson) -> Iterator[NDArray[np.uint8]]:
    """What the camera sees; Chromium takes a JPEG's full range of brightness for the narrow one."""
    for frame in portrait_frames(in_a_room(person), seconds=_CAPTURE_S, fps=CAMERA_FPS):
        yield cv2.convertScaleAbs(frame, alpha=219 / 255, beta=16).astype(np.uint8, copy=False)


def capture(folder: Path, voice: str) -> Capture:
    """Grace's face with one demo person's voice, for Chromium's camera and microphone."""
    people = {person.id: person for person in DEMO_PEOPLE}
    samples = speech(people[voice], seconds=_CAPTURE_S)
    return write_capture(folder, voice, camera_frames(people["grace"]), samples)


async def shoot(page: Page, path: Path, last: str | None = None) -> None:
    """Take what is in view down to the element ``last``, in few colours for a small file."""
    view = page.viewport_size
    assert view is not None
    height = float(view["height"])
    if last and (box := await page.locator(last).bounding_box()):
        height = min(height, box["y"] + box["height"] + _MARGIN_PX)
    png = await page.screenshot(clip={"x": 0, "y": 0, "width": view["width"], "height": height})
    await asyncio.to_thread(save, png, path)


def save(png: bytes, path: Path) -> None:
    """Write with a palette and say how large it became."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    picture = picture.quantize(_COLOURS, kmeans=3, dither=Image.Dither.FLOYDSTEINBERG)
    picture.save(path, optimize=True)
    print(f"{path}: {path.stat().st_size // 1024} KiB")


async def shoot_enrolment(address: str, files: Capture, path: Path) -> None:
    """Enrol Grace and take a picture half-way."""
    async with open_page(address, files, viewport=_DESK) as page:
        await begin(page, mode="enrol", name=_NAME)
        half_way = "() => streamVerifierEvents.some(e => e.boxes && e.speech_s > 4)"
        await until(page, half_way, timeout_s=_WAIT_S)
        await shoot(page, path, "#enrol-panel")
        await page.get_by_test_id("enrol-done").wait_for(timeout=ENROL_TIMEOUT_S * 1000)


async def shoot_call(
    address: str, files: Capture, path: Path, *, state: str, seconds: float, phone: bool = False
) -> None:
    """Verify for some seconds of media and take a picture.

    Raises:
        RuntimeError: the call came out as something else.
    """
    async with open_page(address, files, viewport=_PHONE if phone else _DESK) as page:
        await begin(page, mode="verify", name=_NAME)
        await scored_until(page, seconds)
        found = await page.get_by_test_id("state").get_attribute("data-state")
        if found != state:
            raise RuntimeError(f"The call is {found}, not {state}: no picture was taken.")
        await shoot(page, path, None if phone else "#chart-figure")


async def take_all(out: Path) -> None:
    """Enrol Grace, then call as her and with another voice, taking pictures all along."""
    with tempfile.TemporaryDirectory(prefix="pictures-") as text:
        folder = Path(text)
        right, swapped = capture(folder, "grace"), capture(folder, "eileen")
        settings = load_settings(port=0, data_dir=folder / "data", ice_host_addresses=LOOPBACK)
        async with running_server(settings) as server:
            at = server.address
            await shoot_enrolment(at, right, out / "enrol.png")
            await shoot_call(at, right, out / "verify.png", state="verified", seconds=45)
            await shoot_call(at, swapped, out / "rejected.png", state="rejected", seconds=45)
            await shoot_call(at, right, out / "phone.png", state="verified", seconds=15, phone=True)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--out", type=Path, default=Path("docs/images"))
    out: Path = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    asyncio.run(take_all(out))


if __name__ == "__main__":
    main()
