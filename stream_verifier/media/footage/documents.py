"""What is given for a recording by mistake, and in which a demuxer may find something still."""

from __future__ import annotations

SNIFF_BYTES = 1024
_LIST = "a list of other files, which are not opened"
_BEGINNINGS = {
    b"%pdf": "a PDF document",
    b"pk\x03\x04": "an archive (ZIP) or an office document",
    b"#extm3u": _LIST,
    b"[playlist]": _LIST,
    b"ffconcat": _LIST,
    b"v=0\r": "a session description (SDP), not a call",
    b"v=0\n": "a session description (SDP), not a call",
    b"[internetshortcut]": "a link to somewhere else",
}
_MARKUP = {
    b"<svg": "a drawing (SVG)",
    b"<html": "a web page",
    b"<!doctype html": "a web page",
    b"<mpd": _LIST,
    b"<asx": _LIST,
    b"<playlist": _LIST,
    b"<smil": _LIST,
}


def named(head: bytes) -> str | None:
    """Return in words what a file is that is no media; None where it may be.

    Args:
        head: its first `SNIFF_BYTES`.
    """
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for beginning, what in _BEGINNINGS.items():
        if text.startswith(beginning):
            return what
    if not text.startswith(b"<"):
        return None
    return next((what for mark, what in _MARKUP.items() if mark in text), None)
