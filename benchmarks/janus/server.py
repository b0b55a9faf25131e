"""A Janus of Debian's, private to who starts it, who may kill it and bring it back."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.ports import free_port
from stream_verifier.media.webrtc.ice import local_addresses

_START_S = 20.0
ROOM = 1234
PIN_ROOM = 5678
PIN = "a-pin-of-tests"

_OTHER_TRANSPORTS = ("http", "pfunix", "mqtt", "nanomsg", "rabbitmq")

_MAIN = """\
general: {{
  configs_folder = "{folder}"
  plugins_folder = "{plugins}/plugins"
  transports_folder = "{plugins}/transports"
  events_folder = "{plugins}/events"
  loggers_folder = "{plugins}/loggers"
  log_to_stdout = true
  debug_level = {debug}
  session_timeout = 60
  {secret}
}}
media: {{ rtp_port_range = "{first}-{last}" }}
nat: {{ ice_enforce_list = "{address}" }}
plugins: {{ disable = "{disabled}" }}
transports: {{ disable = "{others}" }}
"""
_WEBSOCKETS = """\
general: {{
  json = "compact"
  ws = true
  ws_ip = "127.0.0.1"
  ws_port = {port}
  wss = false
}}
admin: {{ admin_ws = false }}
"""
_TEXT_ROOMS = """\
general: {{ string_ids = {string_ids} }}
room-{room}: {{ description = "words", secret = "{secret}" }}
"""
_ROOMS = """\
general: {{ string_ids = {string_ids} }}
room-{room}: {{
  description = "open"
  secret = "{secret}"
  publishers = 20
  bitrate = 2000000
  fir_freq = 10
}}
room-{pin_room}: {{
  description = "with a pin"
  secret = "{secret}"
  pin = "{pin}"
  publishers = 20
  require_pvtid = true
  notify_joining = true
}}
"""
ROOM_SECRET = "adminpwd"  # of a server on this machine, for minutes


def janus_path() -> str | None:
    """Where Debian's Janus is; None without one."""
    return shutil.which("janus")


def media_address() -> str | None:
    """An address of this machine that Janus sends media by: it leaves loopback out."""
    return next(iter(local_addresses()), None)


class JanusServer:
    """One server at a port of its own.

    Args:
        folder: where its configuration lies.
        api_secret: that it asks for.
        disabled: plugins that it does without.
        string_ids: whether ids of rooms and publishers are text.
        debug: how much it logs, 0 to 7.

    Attributes:
        url: where its WebSocket API listens.
    """

    def __init__(
        self,
        folder: Path,
        *,
        api_secret: str | None = None,
        disabled: str = "",
        string_ids: bool = False,
        debug: int = 2,
    ) -> None:
        address = media_address()
        if address is None:
            raise RuntimeError("this machine has no address but loopback, which Janus leaves out")
        self.port = free_port()
        self.url = f"ws://127.0.0.1:{self.port}"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        plugins = next(Path("/usr/lib").glob("*/janus"), Path("/usr/lib/janus"))
        first = 20_000 + self.port % 20_000
        (folder / "janus.jcfg").write_text(
            _MAIN.format(
                folder=folder,
                plugins=plugins,
                debug=debug,
                secret=f'api_secret = "{api_secret}"' if api_secret else "",
                first=first,
                last=first + 999,
                address=address,
                disabled=disabled,
                others=",".join(f"libjanus_{one}.so" for one in _OTHER_TRANSPORTS),
            )
        )
        (folder / "janus.transport.websockets.jcfg").write_text(_WEBSOCKETS.format(port=self.port))
        (folder / "janus.plugin.videoroom.jcfg").write_text(
            _ROOMS.format(
                room=ROOM,
                pin_room=PIN_ROOM,
                pin=PIN,
                secret=ROOM_SECRET,
                string_ids="true" if string_ids else "false",
            )
        )
        (folder / "janus.plugin.textroom.jcfg").write_text(
            _TEXT_ROOMS.format(
                room=ROOM, secret=ROOM_SECRET, string_ids="true" if string_ids else "false"
            )
        )
        self.log = folder / "janus.log"

    def start(self) -> None:
        """Begin; its rooms are those of its configuration."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    str(janus_path()),
                    "-F",
                    str(self._folder),
                    "-C",
                    str(self._folder / "janus.jcfg"),
                ],
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                cwd=self._folder,
                env={**os.environ, "HOME": str(self._folder)},
            )
        until_s = time.monotonic() + _START_S
        while time.monotonic() < until_s and self._process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            time.sleep(0.02)
        raise RuntimeError(f"Janus does not listen: {self.log.read_text()[-2000:]}")

    def kill(self) -> None:
        """Let it die without a word."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextlib.contextmanager
def janus_server(folder: Path | None = None, **options: object) -> Iterator[JanusServer]:
    """Run Janus until the block ends."""
    with tempfile.TemporaryDirectory(prefix="janus-") as own:
        server = JanusServer(folder or Path(own), **options)  # type: ignore[arg-type]
        server.start()
        try:
            yield server
        finally:
            server.kill()
