"""The page about signs of cameras."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.cameras.looking import CALLS, CAMERA, MOTION_JPEG, SENSOR, Looked
from benchmarks.cameras.timing import Stream
from model.card.markdown import table
from stream_verifier.calls.cameras import signs_of

_KB = 1000


def page(streams: Sequence[Stream], looked: Looked) -> str:
    """Markdown of all that was found."""
    parts = [
        _HEAD,
        "## When pictures are dated, and what their track is called\n\n"
        + _TIMES
        + _streams(streams),
        "## Noise of a sensor\n\n" + _noise(looked),
        "## Traces of another codec\n\n" + _traces(looked),
    ]
    return "\n\n".join(parts) + "\n"


def _streams(streams: Sequence[Stream]) -> str:
    rows = [
        [
            stream.name,
            str(stream.steps.pictures),
            f"{stream.steps.rate_hz:.1f}",
            f"{stream.steps.whole_ms:.0%}",
            f"{stream.steps.jitter_ms:.1f}",
            str(stream.steps.standing),
            "-" if stream.label is None else ", ".join(signs_of(stream.label)) or "none",
        ]
        for stream in streams
    ]
    head = (
        "stream",
        "pictures",
        "a second",
        "steps of whole ms",
        "off an even grid, ms",
        "≤ 0",
        "sign of its name",
    )
    return table(head, rows)


def _noise(looked: Looked) -> str:
    shown = ("without noise", "still", "still with noise", "file, 500 kb/s", "file, 1500 kb/s")
    medians = [
        [
            f"{call // _KB} kb/s",
            *(f"{looked.median(call, k, 'noise'):.2f}" for k in (CAMERA, *shown)),
        ]
        for call in CALLS
    ]
    told = [
        [f"{call // _KB} kb/s", *(looked.told(call, k, "noise", sign=-1).cell() for k in shown)]
        for call in CALLS
    ]
    return (
        f"{len(looked.people)} clips of {len(set(looked.people))} people at half their size, which "
        "takes their own codec's traces and most of their noise; the camera is those with "
        f"{SENSOR:.0f} grey levels of noise. What the quietest fifth of 8x8 blocks changes by from "
        "picture to picture, in grey levels, median; calls are of 640x480 at 15 pictures a second, "
        "files of 640x480 at 25 hold the camera's pictures.\n\n"
        + table(("call", CAMERA, *shown), medians)
        + "\n\nHow well too little of it tells each from the camera: AUC (95 %), EER.\n\n"
        + table(("call", *shown), told)
    )


def _traces(looked: Looked) -> str:
    files = ("file, 500 kb/s", "file, 500 kb/s, enlarged", "file, 1500 kb/s", MOTION_JPEG)
    rows = [
        [f"{call // _KB} kb/s", measure, *(looked.told(call, k, measure).cell() for k in files)]
        for measure in ("grid", "period")
        for call in CALLS
    ]
    return (
        "A recorded file (H.264, a key frame a second) that is fed in, against the camera. *Grid*: "
        "how much steeper pictures are across edges of 8x8 blocks; *period*: how regularly fine "
        "detail comes and goes. The last column is an honest camera that codes each picture as a "
        "JPEG before the browser has it, as USB cameras do: what tells a file must not tell it. "
        "AUC (95 % over people), EER.\n\n" + table(("call", "by", *files), rows)
    )


_HEAD = """# What gives away a camera that is software

Written by `python -m benchmarks.cameras --pack DIR`. No real camera was at hand: browsers show
their own patterns and films, and what cameras do to times and noise is not measured here."""
_TIMES = """RTP timestamps of pictures as they come over a peer connection, from 3 s on. *Film* is a
video element's `captureStream`; players are aiortc's. *Off an even grid*: root mean square.
*Sign*: what the server makes of the name that the page has for the track.

"""
