"""Takes the README's pictures of the real pages, in real calls of the demo people.

The monitor's are of made-up calls, so that there are many.

python scripts/take_pictures.py [--out docs/images] [--review DIR]

With --review, every page is also taken at every width in both themes, to be looked at.
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import io
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from playwright.async_api import Page

from benchmarks.browser_calls import ENROL_TIMEOUT_S, begin, scored_until
from benchmarks.chromium import CAMERA_FPS, Capture, open_page, until, write_capture
from benchmarks.feed_stub import FeedStub
from benchmarks.keys import made_reference
from benchmarks.made_up_wall import wall
from stream_verifier.demo.people import DEMO_PEOPLE, DemoPerson, portrait_frames, speech
from stream_verifier.hosting.server import running_server
from stream_verifier.identities.consent import Consent
from stream_verifier.identities.opening import open_store
from stream_verifier.media.webrtc.ice import LOOPBACK
from stream_verifier.settings import Settings, load_settings

_NAME = "Grace"
_CAPTURE_S = 24.0
_WAIT_S = 60.0
_DESK, _PHONE, _WALL = (1280, 1000), (390, 844), (2560, 1440)
_THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
_CALLS, _PEOPLE = 24, 60
_LIVE_S = 4
_SETTLE_S = 0.7
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


async def review(page: Page, name: str, folder: Path | None) -> None:
    """Take the page as it stands at every width in both themes, where that is wanted."""
    if folder is None:
        return
    before = page.viewport_size
    assert before is not None
    for width, height in (_PHONE, _DESK, _WALL):
        await page.set_viewport_size({"width": width, "height": height})
        for theme in _THEMES:
            await page.emulate_media(color_scheme=theme)
            await asyncio.sleep(_SETTLE_S)
            await shoot(page, folder / f"{name}-{width}-{theme}.png")
    await page.set_viewport_size(before)
    await page.emulate_media(color_scheme="light")
    await asyncio.sleep(_SETTLE_S)


async def shoot_enrolment(address: str, files: Capture, path: Path, folder: Path | None) -> None:
    """Enrol Grace and take pictures of the form, half-way and at the end."""
    async with open_page(address, files, viewport=_DESK) as page:
        await page.get_by_test_id("mode-enrol").check()
        await page.get_by_test_id("identity-name").fill(_NAME)
        await review(page, "consent", folder)
        await begin(page, mode="enrol", name=_NAME)
        half_way = "() => streamVerifierEvents.some(e => e.boxes && e.speech_s > 4)"
        await until(page, half_way, timeout_s=_WAIT_S)
        await shoot(page, path, "#enrol-panel")
        await review(page, "enrol", folder)
        await page.get_by_test_id("enrol-done").wait_for(timeout=ENROL_TIMEOUT_S * 1000)
        await review(page, "enrolled", folder)


async def shoot_call(
    address: str,
    files: Capture,
    path: Path,
    folder: Path | None,
    *,
    state: str,
    seconds: float,
    phone: bool = False,
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
        await review(page, path.stem, None if phone else folder)


async def shoot_monitor(out: Path, folder: Path | None) -> None:
    """Take the monitor on a desk, on a wall in the dark and on a phone, full of calls."""
    stub = FeedStub(wall(_CALLS, ended=14))
    await asyncio.to_thread(stub.open)
    running = [call for call in stub.calls.values() if not call.over]
    async with open_page(f"{stub.address}monitor.html", viewport=_DESK) as page:
        for _ in range(_LIVE_S):
            events = [event for call in running for event in call.play(call.media_s + 1)]
            await asyncio.to_thread(stub.publish, *events)
            await asyncio.sleep(1)
        await shoot(page, out / "monitor.png")
        await page.set_viewport_size({"width": _WALL[0], "height": _WALL[1]})
        await page.emulate_media(color_scheme="dark")
        await asyncio.sleep(_SETTLE_S)
        await shoot(page, out / "monitor-wall.png")
        await review(page, "monitor", folder)
        await page.set_viewport_size({"width": _DESK[0], "height": _DESK[1]})
        await page.get_by_test_id("call").first.get_by_role("button").click()
        await asyncio.sleep(_SETTLE_S)
        await shoot(page, out / "monitor-call.png")
        await review(page, "monitor-call", folder)
        await page.get_by_test_id("detail-close").click()
        await page.get_by_test_id("view-ended").check()
        await review(page, "monitor-ended", folder)
    await asyncio.to_thread(stub.close)


async def shoot_people(out: Path, folder: Path | None) -> None:
    """Take the list of people, all of them made up."""
    with tempfile.TemporaryDirectory(prefix="pictures-") as text:
        settings = load_settings(port=0, data_dir=Path(text))
        await enrol_made_up(settings)
        async with (
            running_server(settings) as server,
            open_page(f"{server.address}/people.html", viewport=_DESK) as page,
        ):
            await page.get_by_test_id("person").first.wait_for()
            await asyncio.sleep(_SETTLE_S)
            await shoot(page, out / "people.png")
            await review(page, "people", folder)
            await page.get_by_test_id("delete").first.click()
            await page.get_by_test_id("confirm-yes").click()
            await page.get_by_test_id("receipt").wait_for()
            await review(page, "people-receipt", folder)


async def enrol_made_up(settings: Settings) -> None:
    """Fill a store with people whom nobody ever saw, some with a consent that ends soon."""
    rng, now = np.random.default_rng(1), datetime.now(UTC)
    store = open_store(settings)
    for number in range(_PEOPLE):
        days = 11 if number % 5 == 1 else 500 + number
        consent = Consent("made up", now, "pictures", "Nobody.", now + timedelta(days=days))
        await store.add(f"Person {number + 1}", made_reference(rng), consent)
    await store.withdraw_consent("Person 1")
    await store.close()


async def take_all(out: Path, folder: Path | None) -> None:
    """Enrol Grace, then call as her and with another voice, taking pictures all along."""
    await shoot_monitor(out, folder)
    await shoot_people(out, folder)
    with tempfile.TemporaryDirectory(prefix="pictures-") as text:
        made = Path(text)
        right, swapped = capture(made, "grace"), capture(made, "eileen")
        settings = load_settings(port=0, data_dir=made / "data", ice_host_addresses=LOOPBACK)
        async with running_server(settings) as server:
            at = server.address
            await shoot_enrolment(at, right, out / "enrol.png", folder)
            verified = functools.partial(shoot_call, at, right, state="verified")
            await verified(out / "verify.png", folder, seconds=45)
            await verified(out / "phone.png", None, seconds=15, phone=True)
            await shoot_call(
                at, swapped, out / "rejected.png", folder, state="rejected", seconds=45
            )


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--out", type=Path, default=Path("docs/images"))
    parser.add_argument("--review", type=Path)
    given = parser.parse_args()
    for folder in filter(None, (given.out, given.review)):
        folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(take_all(given.out, given.review))


if __name__ == "__main__":
    main()
