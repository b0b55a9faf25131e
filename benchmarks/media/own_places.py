"""What is no ordinary file, names that few expect, and files that name other files or addresses."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from benchmarks.media.case import Case, Wish
from benchmarks.media.making import Make, joined, written

_M3U8 = "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{}\n#EXT-X-ENDLIST\n"
_MPD = (
    '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
    'mediaPresentationDuration="PT9S"><Period><AdaptationSet mimeType="video/mp4">'
    '<Representation id="1" bandwidth="1"><BaseURL>{}</BaseURL></Representation></AdaptationSet>'
    "</Period></MPD>"
)
_SDP = (
    "v=0\no=- 0 0 IN IP4 {0}\ns=x\nc=IN IP4 {0}\nt=0 0\nm=video 50004 RTP/AVP 96\n"
    "a=rtpmap:96 H264/90000\n"
)
_GONE = r"does\W+not\W+exist"
"""However a long path makes a terminal's box break it."""
_NEAR, _FAR = "probe.ts", "http://127.0.0.1:9/probe.ts"


def _place(name: str, what: str, make: Make, says: str, wish: Wish = "error") -> Case:
    return Case(files=(name,), what=what, make=make, wish=wish, says=says)


def _pipe(folder: Path) -> None:
    (folder / "pipe.mp4").unlink(missing_ok=True)
    os.mkfifo(folder / "pipe.mp4")


def _loop(folder: Path) -> None:
    (folder / "loop.mp4").unlink(missing_ok=True)
    (folder / "loop.mp4").symlink_to("loop.mp4")


def _socket(folder: Path) -> None:
    (folder / "socket.mp4").unlink(missing_ok=True)
    here = Path.cwd()
    os.chdir(folder)  # The name of a socket must be short.
    with socket.socket(socket.AF_UNIX) as made:
        made.bind("socket.mp4")
    os.chdir(here)


def _link(name: str, to: str) -> Make:
    def make(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(to)

    return make


def _names(name: str, what: str, text: str, says: str = "list of other files") -> Case:
    return _place(name, what, written(name, text.encode()), says)


PLACES = (
    _place("folder.mp4", "a folder", lambda f: (f / "folder.mp4").mkdir(exist_ok=True),
           "directory"),
    _place("pipe.mp4", "a named pipe", _pipe, "pipe"),
    _place("loop.mp4", "a link to itself", _loop, _GONE),
    _place("socket.mp4", "a socket", _socket, "Cannot open"),
    _place("nowhere.mp4", "a link to nothing", _link("nowhere.mp4", "gone.mp4"), _GONE),
    _place("zero.mp4", "a device without an end", _link("zero.mp4", "/dev/zero"), "device|no file"),
    _place("null.mp4", "a device without anything", _link("null.mp4", "/dev/null"),
           "device|no file"),
    _place("terminal.mp4", "a terminal", _link("terminal.mp4", "/dev/ptmx"), "device|no file|pipe"),
    _place("linked.mp4", "a link to a film", _link("linked.mp4", "probe.mp4"), "", "verified"),
)  # fmt: skip

NAMES = tuple(
    Case(files=(name,), what=what, make=joined(name, "probe.mp4"))
    for name, what in (
        ("file:x.mp4", "name like an address"),
        ("http:/call.mp4", "folder like an address"),
        ("%03d.mp4", "name like a pattern"),
        ("[bold]:smile:.mp4", "name like markup"),
        ("two\nlines \u202e.mp4", "name with a line break and a turn of direction"),
        ("-i.mp4", "name like an option"),
        (os.fsdecode(b"caf\xe9.mp4"), "name that is no UTF-8"),
        ("\U0001f469\u200d\U0001f9b1 call.mp4", "name of emoji"),
        ("pipe:0", "name like a protocol"),
        ("concat:probe.mp4|other.mp4", "name like a list of films"),
        ("x" * 251 + ".mp4", "name of 255 bytes"),
        (" .mp4 ", "name with spaces around"),
    )
)

REACHING = (
    _names("near.m3u8", "playlist of a file beside it", _M3U8.format(_NEAR)),
    _names("far.m3u8", "playlist of an address", _M3U8.format(_FAR)),
    _names("key.m3u8", "playlist with a key at an address",
           _M3U8.format(f'#EXT-X-KEY:METHOD=AES-128,URI="{_FAR}"\n{_NEAR}')),
    _names("root.m3u8", "playlist of a file of the system", _M3U8.format("file:///etc/passwd")),
    _names("far.mpd", "DASH manifest of an address", _MPD.format(_FAR)),
    _names("near.mpd", "DASH manifest of a file", _MPD.format(_NEAR)),
    _names("list.ffcat", "list of files", f"ffconcat version 1.0\nfile '{_NEAR}'\n"),
    _names("call.sdp", "session description: media to come by the network",
           _SDP.format("127.0.0.1"), "session description"),
    _names("cast.sdp", "session description of a multicast", _SDP.format("239.1.2.3"),
           "session description"),
    _names("list.pls", "list of addresses", f"[playlist]\nFile1={_FAR}\nNumberOfEntries=1\n"),
    _names("list.xspf", "list of addresses, as XML",
           f"<playlist><trackList><track><location>{_FAR}</location></track></trackList></playlist>"),
    _names("film.asx", "Windows list of addresses",
           f'<asx version="3.0"><entry><ref href="{_FAR}"/></entry></asx>'),
    _names("page.mp4", "a web page that a download gave", "<!DOCTYPE html>\n<html>sign in</html>",
           "web page"),
    _names("film.url", "link of a browser", f"[InternetShortcut]\nURL={_FAR}\n",
           "link"),
    _names("script.avs", "script of a frame server", f'DirectShowSource("{_FAR}")\n',
           "Cannot open"),
)  # fmt: skip
