"""A real Firefox as Debian has it, by WebDriver BiDi (https://www.w3.org/TR/webdriver-bidi/).

Playwright's Firefox is a build of its own, and its BiDi asks for commands that Debian's extended
support release does not have yet; geckodriver is no Debian package. The few commands that are
needed here fit a page.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import io
import json
import re
import shutil
import tempfile
import wave
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import cv2
from websockets.asyncio.client import ClientConnection, connect

from stream_verifier.demo.people import DemoPerson, portrait_frames, speech

_START_S = 60.0
_COMMAND_S = 60.0
_POLL_S = 0.1
_LISTENING = re.compile(rb"WebDriver BiDi listening on (ws://\S+)")
_FPS = 10
_CLIP_S = 12.0
_SIZE = (480, 360)
PREFERENCES = {
    # Camera and microphone as a test pattern and a tone, allowed without asking.
    "media.navigator.streams.fake": True,
    "media.navigator.permission.disabled": True,
    # Sound without a click first, and without a device.
    "media.autoplay.default": 0,
    "media.autoplay.blocking_policy": 0,
    "media.autoplay.block-webaudio": False,
    # Calls on this machine need its loopback. Addresses stay hidden as they are by default.
    "media.peerconnection.ice.loopback": True,
    # No call home.
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "toolkit.telemetry.enabled": False,
    "browser.startup.page": 0,
    "browser.newtabpage.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,",
}

# Shows people on a canvas and has them talk: `person.turn(name)` puts another in front.
_STAGE = """
(() => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 480, height: 360 });
  const pen = canvas.getContext("2d");
  const people = new Map();
  const sound = new AudioContext({ sampleRate: 48000 });
  const microphone = sound.createMediaStreamDestination();
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  let shown, heard, count = 0;
  setInterval(() => {
    if (shown) pen.drawImage(shown[count++ % shown.length], 0, 0, canvas.width, canvas.height);
  }, 1000 / FPS);
  window.person = {
    async load(name, frames, clip) {
      const blobs = frames.map((frame) => new Blob([bytes(frame)], { type: "image/jpeg" }));
      const pictures = await Promise.all(blobs.map((blob) => createImageBitmap(blob)));
      people.set(name, { pictures, clip: await sound.decodeAudioData(bytes(clip).buffer) });
    },
    turn(name) {
      const { pictures, clip } = people.get(name);
      shown = pictures;
      heard?.stop();
      heard = new AudioBufferSourceNode(sound, { buffer: clip, loop: true });
      heard.connect(microphone);
      heard.start();
    },
    stream() {
      return new MediaStream([
        ...canvas.captureStream(FPS).getVideoTracks(),
        ...microphone.stream.getAudioTracks().map((track) => track.clone()),
      ]);
    },
  };
})()
""".replace("FPS", str(_FPS))


def firefox_path() -> str | None:
    """Where Debian's Firefox is, None without one."""
    return shutil.which("firefox-esr")


class FirefoxError(RuntimeError):
    """A command failed, or a script threw."""


class Tab:
    """One page.

    Args:
        firefox: it is open in.
        context: its id.
    """

    def __init__(self, firefox: Firefox, context: str) -> None:
        self._firefox = firefox
        self._context = context

    async def goto(self, address: str) -> None:
        """Open an address and wait until it has loaded."""
        await self._firefox.send(
            "browsingContext.navigate", context=self._context, url=address, wait="complete"
        )

    async def evaluate(self, expression: str, *arguments: object) -> Any:
        """What an expression gives, or a promise of it; a function is called with the arguments."""
        function = f"""async (given) => {{
          const value = {expression};
          const all = JSON.parse(given);
          const got = typeof value === "function" ? value(...all) : value;
          return JSON.stringify(await got) ?? "null";
        }}"""
        told = await self._firefox.send(
            "script.callFunction",
            functionDeclaration=function,
            arguments=[{"type": "string", "value": json.dumps(arguments)}],
            target={"context": self._context},
            awaitPromise=True,
            userActivation=True,
        )
        if told["type"] != "success":
            raise FirefoxError(told["exceptionDetails"]["text"])
        return json.loads(told["result"]["value"])

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
        await self.evaluate(
            """(id, text) => {
              const field = document.querySelector(`[data-testid=${id}]`);
              field.value = text;
              field.dispatchEvent(new Event("input", { bubbles: true }));
            }""",
            test_id,
            text,
        )

    async def seat(self, *people: DemoPerson) -> None:
        """Put people at hand; the first sits in front of what camera and microphone are now."""
        await self.evaluate(_STAGE)
        for person in people:
            await self.evaluate("(...all) => person.load(...all)", person.id, *_clip(person))
        await self.turn(people[0])
        await self.evaluate(
            "() => { navigator.mediaDevices.getUserMedia = async () => person.stream(); }"
        )

    async def turn(self, person: DemoPerson) -> None:
        """Put another one in front."""
        await self.evaluate("(name) => person.turn(name)", person.id)

    async def close(self) -> None:
        """Close it, as a person would."""
        await self._firefox.send("browsingContext.close", context=self._context)


class Firefox:
    """A running Firefox; `running_firefox` makes one."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._number = 0

    async def send(self, method: str, **parameters: object) -> Any:
        """Send a command and return its result; one at a time.

        Raises:
            FirefoxError: it failed.
        """
        self._number += 1
        command = {"id": self._number, "method": method, "params": parameters}
        await self._socket.send(json.dumps(command))
        async with asyncio.timeout(_COMMAND_S):
            while (told := json.loads(await self._socket.recv())).get("id") != self._number:
                pass
        if told["type"] != "success":
            raise FirefoxError(f"{method}: {told['error']}: {told['message']}")
        return told["result"]

    async def new_tab(self) -> Tab:
        """Open an empty page."""
        made = await self.send("browsingContext.create", type="tab")
        return Tab(self, made["context"])


@contextlib.asynccontextmanager
async def running_firefox() -> AsyncIterator[Firefox]:
    """A fresh Firefox with a profile of its own; it is gone afterwards."""
    path = firefox_path()
    assert path is not None
    with tempfile.TemporaryDirectory(prefix="firefox-", ignore_cleanup_errors=True) as profile:
        lines = [f"user_pref({json.dumps(k)}, {json.dumps(v)});" for k, v in PREFERENCES.items()]
        (Path(profile) / "user.js").write_text("\n".join(lines), encoding="utf-8")
        process = await asyncio.create_subprocess_exec(
            path,
            *("--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0"),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            address = await _listening(process)
            draining = asyncio.create_task(_drain(process))
            async with connect(f"{address}/session", max_size=None, proxy=None) as socket:
                firefox = Firefox(socket)
                await firefox.send("session.new", capabilities={})
                yield firefox
            draining.cancel()
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def _listening(process: asyncio.subprocess.Process) -> str:
    assert process.stderr is not None
    async with asyncio.timeout(_START_S):
        while line := await process.stderr.readline():
            if found := _LISTENING.search(line):
                return found[1].decode()
    raise FirefoxError("Firefox ended before it was up")


async def _drain(process: asyncio.subprocess.Process) -> None:
    assert process.stderr is not None
    while await process.stderr.read(65_536):
        pass


def _clip(person: DemoPerson) -> tuple[list[str], str]:
    """A demo person as JPEG pictures and a WAV, in base64."""
    frames = portrait_frames(person, seconds=_CLIP_S, fps=_FPS, size=_SIZE)
    pictures = [cv2.imencode(".jpg", frame)[1] for frame in frames]
    sound = io.BytesIO()
    with wave.open(sound, "wb") as clip:
        clip.setnchannels(1)
        clip.setsampwidth(2)
        clip.setframerate(16_000)
        clip.writeframes(speech(person, seconds=_CLIP_S).astype("<i2").tobytes())
    texts = [base64.b64encode(picture.tobytes()).decode() for picture in pictures]
    return texts, base64.b64encode(sound.getvalue()).decode()
