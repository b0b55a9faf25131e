"""Films in place of camera and microphone, for browsers whose devices cannot play files.

A page that plays films never asks for the camera, so that the browser hides its addresses, as it
does by default. Films come from the page's own origin.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from typing import Any

from playwright.async_api import Page

_POLL_S = 0.1

# WebAudio would do, but Firefox's stands still on a machine without a sound card.
STAGE = """
(() => {
  window.peers = [];
  window.offers = [];
  const Peer = RTCPeerConnection;
  window.RTCPeerConnection = class extends Peer {
    constructor(...all) { super(...all); window.peers.push(this); }
    async setRemoteDescription(answer) {
      window.offers.push(this.localDescription.sdp);
      await super.setRemoteDescription(answer);
    }
  };
  window.stage = {
    async play(address) {
      const video = document.createElement("video");
      Object.assign(video, { src: address, loop: true, volume: 0.99, width: 160 });
      document.body.append(video);
      await video.play();
      const stream = (video.captureStream ?? video.mozCaptureStream).call(video);
      while (stream.getTracks().length < 2) await new Promise((next) => setTimeout(next, 50));
      return stream;
    },
    async sit(address) {
      const stream = await this.play(address);
      navigator.mediaDevices.getUserMedia = async () =>
        new MediaStream(stream.getTracks().map((track) => track.clone()));
    },
    async swap(address) {
      const stream = await this.play(address);
      for (const sender of window.peers.at(-1).getSenders()) {
        const kind = sender.track?.kind;
        if (kind) await sender.replaceTrack(stream.getTracks().find((t) => t.kind === kind));
      }
    },
  };
})()
"""
"""`stage.sit(film)` is for the next calls, `stage.swap(film)` for the running one; `peers` and
`offers` are those of the page."""

SEVERAL_FILMS = """async ([server, identity, films, until_s]) => {
  const pc = new RTCPeerConnection();
  for (const film of films) {
    const stream = await stage.play(film);
    for (const track of stream.getTracks()) pc.addTransceiver(track, { direction: "sendonly" });
  }
  const gathered = new Promise((resolve) => {
    pc.addEventListener("icecandidate", ({ candidate }) => candidate?.candidate || resolve());
  });
  await pc.setLocalDescription();
  await gathered;
  const sdp = pc.localDescription.sdp;
  const socket = new WebSocket(`${server.replace("http", "ws")}/api/v1/call`);
  await new Promise((resolve) => { socket.onopen = resolve; });
  socket.send(JSON.stringify({ type: "start", mode: "verify", identity, sdp }));
  const told = [];
  await new Promise((resolve) => {
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data);
      told.push(message);
      if (message.type === "answer") pc.setRemoteDescription({ type: "answer", sdp: message.sdp });
      if (message.type === "error" || message.end_s > until_s) resolve();
    };
  });
  socket.close();
  pc.close();
  return { sdp, told };
}"""
"""Call with the tracks of several films at once; gives the offer and all that the server told."""


class Tab(ABC):
    """One page, whatever browser it is open in."""

    @abstractmethod
    async def goto(self, address: str) -> None:
        """Open an address and wait until it has loaded."""

    @abstractmethod
    async def evaluate(self, expression: str, *arguments: object) -> Any:
        """What an expression gives, or a promise of it; a function is called with the arguments."""

    @abstractmethod
    async def close(self) -> None:
        """Close it, as a person would."""

    async def until(self, expression: str, *, timeout_s: float) -> None:
        """Wait until an expression gives something true.

        Raises:
            TimeoutError: it did not within that time.
        """
        async with asyncio.timeout(timeout_s):
            while not await self.evaluate(f"Boolean({expression})"):  # noqa: ASYNC110 (a browser)
                await asyncio.sleep(_POLL_S)

    async def click(self, test_id: str) -> None:
        """Click what has a test id."""
        await self.evaluate(f"document.querySelector('[data-testid={test_id}]').click()")

    async def fill(self, test_id: str, text: str) -> None:
        """Write into the field that has a test id."""
        await self.evaluate(_FILL, test_id, text)

    async def sit(self, address: str) -> None:
        """Let camera and microphone play a film of this page's origin from now on, in a loop."""
        await self.evaluate(STAGE)
        await self.evaluate("(address) => stage.sit(address)", address)

    async def swap(self, address: str) -> None:
        """Put another film in place of what the running call sends."""
        await self.evaluate("(address) => stage.swap(address)", address)


class ChromiumTab(Tab):
    """One page of Chromium.

    Args:
        page: as Playwright has it.
    """

    def __init__(self, page: Page) -> None:
        self._page = page

    async def goto(self, address: str) -> None:
        """Open an address and wait until it has loaded."""
        await self._page.goto(address)

    async def evaluate(self, expression: str, *arguments: object) -> Any:
        """What an expression gives, or a promise of it; a function is called with the arguments."""
        function = f"""(all) => {{
          const value = {expression};
          return typeof value === "function" ? value(...all) : value;
        }}"""
        return await self._page.evaluate(function, list(arguments))

    async def close(self) -> None:
        """Close it, as a person would."""
        await self._page.close()


_FILL = """(id, text) => {
  const field = document.querySelector(`[data-testid=${id}]`);
  field.value = text;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}"""
