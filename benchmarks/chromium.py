"""A real Chromium with a camera and a microphone that play files."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
import wave
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from playwright.async_api import Page, async_playwright
from scipy.signal import resample_poly

CAMERA_FPS = 30.0
_WAV_RATE_HZ = 48_000
_POLL_S = 0.1
# Debian's build, without a sandbox because tests often run as root, and without any call home.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--allow-loopback-in-peer-connection",
)


@dataclass(frozen=True, slots=True)
class Capture:
    """What the camera shows and the microphone hears, each played in a loop."""

    video: Path
    audio: Path


def write_capture(
    folder: Path,
    name: str,
    frames: Iterable[NDArray[np.uint8]],
    samples: NDArray[np.int16],
    *,
    fps: int | None = None,
) -> Capture:
    """Write a film and a WAV at 48 kHz, which Chromium's fake devices read.

    Args:
        folder: where to.
        name: of both files.
        frames: uint8 (height, width, 3) BGR.
        samples: int16 (n,), mono at 16 kHz.
        fps: of the frames. Without, they are 30 a second and become a Motion JPEG, which is played
            so; Y4M, fifteen times as large, has its own rate.
    """
    capture = Capture(folder / f"{name}.{'y4m' if fps else 'mjpeg'}", folder / f"{name}.wav")
    if fps:
        _write_y4m(capture.video, frames, fps)
    else:
        _write_mjpeg(capture.video, frames)
    resampled = resample_poly(samples.astype(np.float32), 3, 1)
    with wave.open(str(capture.audio), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(_WAV_RATE_HZ)
        sound.writeframes(np.clip(resampled, -32768, 32767).astype("<i2").tobytes())
    return capture


def _write_mjpeg(path: Path, frames: Iterable[NDArray[np.uint8]]) -> None:
    with path.open("wb") as file:
        for frame in frames:
            file.write(cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes())


def _write_y4m(path: Path, frames: Iterable[NDArray[np.uint8]], fps: int) -> None:
    with path.open("wb") as file:
        for number, frame in enumerate(frames):
            if number == 0:
                height, width = frame.shape[:2]
                file.write(f"YUV4MPEG2 W{width} H{height} F{fps}:1 Ip A1:1 C420jpeg\n".encode())
            file.write(b"FRAME\n" + cv2.cvtColor(frame, cv2.COLOR_BGR2YUV_I420).tobytes())


def chromium_path() -> str | None:
    """Where Debian's Chromium is, None without one."""
    return shutil.which("chromium")


async def until(page: Page, expression: str, argument: object = None, *, timeout_s: float) -> None:
    """Wait until a JavaScript function of one argument gives something true.

    Playwright's own wait needs eval, which the page's content security policy forbids.

    Raises:
        TimeoutError: it did not within that time.
    """
    async with asyncio.timeout(timeout_s):
        while not await page.evaluate(expression, argument):  # noqa: ASYNC110 (another process)
            await asyncio.sleep(_POLL_S)


@contextlib.asynccontextmanager
async def open_page(
    address: str,
    capture: Capture | None = None,
    *,
    viewport: tuple[int, int] = (1280, 900),
    flags: tuple[str, ...] = (),
    dark: bool = False,
    devices: bool = True,
    any_server: bool = False,
) -> AsyncIterator[Page]:
    """Open an address in a fresh Chromium; it is gone afterwards.

    Args:
        address: to open.
        capture: what camera and microphone play; a test pattern and beeps without.
        viewport: width and height in CSS pixels.
        flags: further command-line flags.
        dark: whether the page is asked for its dark colours.
        devices: whether there are a camera and a microphone, allowed to every page. A page that may
            use them is shown its addresses; from others Chromium hides them.
        any_server: whether pages may speak to other servers than their own.
    """
    args = [*(flag for flag in FLAGS if devices or "-media-stream" not in flag), *flags]
    if capture is not None:
        args.append(f"--use-file-for-fake-video-capture={capture.video}")
        args.append(f"--use-file-for-fake-audio-capture={capture.audio}")
    with tempfile.TemporaryDirectory(prefix="chromium-") as profile:
        async with async_playwright() as playwright:
            context = await playwright.chromium.launch_persistent_context(
                profile,
                executable_path=chromium_path(),
                headless=True,
                args=args,
                viewport={"width": viewport[0], "height": viewport[1]},
                color_scheme="dark" if dark else "light",
                bypass_csp=any_server,
            )
            try:
                page = context.pages[0] if context.pages else await context.new_page()
                await page.goto(address)
                yield page
            finally:
                await context.close()
