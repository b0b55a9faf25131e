"""Streams of pictures from browsers and from players, as they come over a peer connection."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaPlayer

from benchmarks.cameras.steps import Steps, steps
from benchmarks.chromium import open_page, write_capture
from benchmarks.firefox import running_firefox
from benchmarks.folder_server import folder_server
from benchmarks.stage import ChromiumTab, Tab
from stream_verifier.media.webrtc.ice import configuration, local_addresses

SIZE = (640, 480)
FILM_S = 8
_SETTLED_S = 3.0
_HIDDEN = re.compile(r"[0-9a-f-]+\.local")
_OFFER = """async (source, rate) => {
  const streams = {
    camera: () => navigator.mediaDevices.getUserMedia({ video: { frameRate: { ideal: rate } } }),
    canvas: async () => {
      const canvas = Object.assign(document.createElement("canvas"), { width: 640, height: 480 });
      const drawn = canvas.getContext("2d");
      let count = 0;
      const draw = () => {
        drawn.fillStyle = `hsl(${count++ % 360} 50% 50%)`;
        drawn.fillRect((count * 5) % 600, 100, 200, 200);
      };
      setInterval(draw, 1000 / rate);
      document.body.append(canvas);
      return canvas.captureStream(rate);
    },
    film: async () => {
      const video = document.createElement("video");
      Object.assign(video, { src: "film.webm", loop: true, muted: true });
      document.body.append(video);
      await video.play();
      return (video.captureStream ?? video.mozCaptureStream).call(video);
    },
  };
  const stream = await streams[source]();
  window.pc = new RTCPeerConnection();
  while (!stream.getVideoTracks().length) await new Promise((next) => setTimeout(next, 50));
  pc.addTrack(stream.getVideoTracks()[0], stream);
  const gathered = new Promise((resolve) => {
    pc.addEventListener("icecandidate", ({ candidate }) => candidate?.candidate || resolve());
  });
  await pc.setLocalDescription();
  await gathered;
  return pc.localDescription.sdp;
}"""
_ANSWER = "async (sdp) => { await pc.setRemoteDescription({ type: 'answer', sdp }); return true; }"


@dataclass(frozen=True)
class Stream:
    """Pictures of one source.

    Attributes:
        name: of what makes them.
        steps: when they are dated.
        label: what the browser calls their track; None where there is no browser.
    """

    name: str
    steps: Steps
    label: str | None


def write_film(file: Path, rate: int) -> Path:
    """Write a film with something that moves: VP8 in WebM, H.264 in anything else."""
    codec = "libvpx" if file.suffix == ".webm" else "libx264"
    with av.open(str(file), "w") as container:
        stream = container.add_stream(codec, rate=rate)
        assert isinstance(stream, av.VideoStream)  # both code pictures
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for picture in pictures(FILM_S * rate):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        container.mux(stream.encode(None))
    return file


def pictures(count: int) -> Iterator[np.ndarray]:
    """Something that moves, uint8 (480, 640, 3)."""
    for number in range(count):
        picture = np.full((SIZE[1], SIZE[0], 3), 90, np.uint8)
        left = number * 5 % 500
        picture[120:300, left : left + 120] = (40, 160, 220)
        yield picture


async def of_chromium(
    folder: Path, source: str, rate: int, seconds: float, *, film: bool
) -> Stream:
    """Pictures of a Chromium: of its camera, which shows a film or a pattern, a canvas, a video."""
    sound = np.zeros(16_000, np.int16)
    capture = write_capture(folder, "c", pictures(FILM_S * 30), sound, fps=30) if film else None
    with _served(folder) as address:
        async with open_page(address, capture) as page:
            return await _of_tab(ChromiumTab(page), source, rate, seconds)


async def of_firefox(folder: Path, source: str, rate: int, seconds: float) -> Stream:
    """Pictures of a Firefox, likewise; its camera is a pattern."""
    with _served(folder) as address:
        async with running_firefox() as firefox:
            tab = await firefox.new_tab()
            await tab.goto(address)
            return await _of_tab(tab, source, rate, seconds)


async def of_player(film: Path, seconds: float) -> Stream:
    """Pictures of aiortc's player of a film."""
    sender = RTCPeerConnection(configuration=configuration(()))
    player = MediaPlayer(str(film), loop=True)
    assert player.video is not None  # the film is one of pictures
    sender.addTrack(player.video)

    async def answered(sdp: str) -> None:
        await sender.setRemoteDescription(RTCSessionDescription(sdp, "answer"))

    try:
        await sender.setLocalDescription(await sender.createOffer())
        found = await _received(sender.localDescription.sdp, answered, seconds)
        return Stream(f"player, {film.name}", found, None)
    finally:
        await sender.close()


async def _of_tab(tab: Tab, source: str, rate: int, seconds: float) -> Stream:
    async def answered(sdp: str) -> None:
        await tab.evaluate(_ANSWER, sdp)

    found = await _received(await tab.evaluate(_OFFER, source, rate), answered, seconds)
    label = await tab.evaluate("pc.getSenders()[0].track.label")
    return Stream(f"{source}, {rate} a second", found, label)


async def _received(offer: str, answered: Callable[[str], Any], seconds: float) -> Steps:
    """Take an offer and keep the times of the pictures that come, from 3 s on.

    A browser that hides its addresses is on this machine: they are put in for it.
    """
    receiver = RTCPeerConnection(configuration=configuration(()))
    tracks: asyncio.Queue[Any] = asyncio.Queue()
    shown = _HIDDEN.sub(local_addresses()[0], offer)
    receiver.on("track", tracks.put_nowait)
    try:
        await receiver.setRemoteDescription(RTCSessionDescription(shown, "offer"))
        await receiver.setLocalDescription(await receiver.createAnswer())
        await answered(receiver.localDescription.sdp)
        track = await tracks.get()
        loop, ticks = asyncio.get_running_loop(), []
        await track.recv()
        began = loop.time()
        with contextlib.suppress(TimeoutError):
            while (now := loop.time()) < began + _SETTLED_S + seconds:
                frame = await asyncio.wait_for(track.recv(), 5)
                if now > began + _SETTLED_S:
                    ticks.append(frame.pts)
        return steps(ticks)
    finally:
        await receiver.close()


@contextlib.contextmanager
def _served(folder: Path) -> Iterator[str]:
    """An empty page of a folder's origin."""
    (folder / "index.html").write_text("<!doctype html><title>camera</title>", encoding="utf-8")
    with folder_server(folder) as address:
        yield f"{address}/index.html"
