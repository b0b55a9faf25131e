"""A real Firefox as Debian has it, by WebDriver BiDi (https://www.w3.org/TR/webdriver-bidi/).

Playwright's Firefox is a build of its own, and its BiDi asks for commands that Debian's extended
support release does not have yet; geckodriver is no Debian package. The few commands that are
needed here fit a page.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from benchmarks.stage import Tab

_START_S = 60.0
_COMMAND_S = 60.0
_QUIT_S = 10.0
_LISTENING = re.compile(rb"WebDriver BiDi listening on (ws://\S+)")
PREFERENCES = {
    # Camera and microphone as a test pattern and a tone, allowed without asking.
    "media.navigator.streams.fake": True,
    "media.navigator.permission.disabled": True,
    # Sound without a click first.
    "media.autoplay.default": 0,
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


def firefox_path() -> str | None:
    """Where Debian's Firefox is, None without one."""
    return shutil.which("firefox-esr")


class FirefoxError(RuntimeError):
    """A command failed, or a script threw."""


class FirefoxTab(Tab):
    """One page of Firefox.

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

    async def new_tab(self) -> FirefoxTab:
        """Open an empty page."""
        made = await self.send("browsingContext.create", type="tab")
        return FirefoxTab(self, made["context"])


@contextlib.asynccontextmanager
async def running_firefox(more: Mapping[str, Any] | None = None) -> AsyncIterator[Firefox]:
    """A fresh Firefox with a profile of its own; it is gone afterwards.

    Args:
        more: preferences beside `PREFERENCES`.
    """
    path = firefox_path()
    assert path is not None
    with tempfile.TemporaryDirectory(prefix="firefox-", ignore_cleanup_errors=True) as profile:
        chosen = PREFERENCES | dict(more or {})
        lines = [f"user_pref({json.dumps(k)}, {json.dumps(v)});" for k, v in chosen.items()]
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
            await _end(process)


async def _listening(process: asyncio.subprocess.Process) -> str:
    assert process.stderr is not None
    async with asyncio.timeout(_START_S):
        while line := await process.stderr.readline():
            if found := _LISTENING.search(line):
                return found[1].decode()
    raise FirefoxError("Firefox ended before it was up")


async def _end(process: asyncio.subprocess.Process) -> None:
    """Let it quit with all its processes, or kill it."""
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), _QUIT_S)
    except TimeoutError:
        process.kill()
        await process.wait()


async def _drain(process: asyncio.subprocess.Process) -> None:
    assert process.stderr is not None
    while await process.stderr.read(65_536):
        pass
