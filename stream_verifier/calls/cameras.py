"""Whether what a camera is called says that it is none: weak signs, and named so."""

from __future__ import annotations

import re

from stream_verifier.events.schema import CameraSign

_PRODUCTS = (
    *("obs", "manycam", "xsplit", "splitcam", "webcamoid", "webcammax", "youcam", "cyberlink"),
    *("e2esoft", "vcam", "altercam", "fakewebcam", "sparkocam", "magiccamera", "bytefence"),
    *("snap camera", "mmhmm", "prism live", "vmix", "wirecast", "camtwist", "chromacam"),
    *("unity video capture", "ndi", "newtek", "v4l2loopback", "deepfacelive", "facerig", "animaze"),
    *("nvidia broadcast", "amd virtual", "logi capture", "ecamm live", "dummy video device"),
    *("fake_device", "fake device", "swapcam", "avatarify", "vtube studio", "loopback"),
)
_SAYS_SO = r"virtual|simulated|screen[ -]?capture"
_KNOWN = re.compile(
    rf"(?<![a-z])(?:{'|'.join(re.escape(name) for name in _PRODUCTS)})(?![a-z])|{_SAYS_SO}",
    re.IGNORECASE,
)
# What Chromium calls a track of a canvas, a video, another call or a screen.
_MADE = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|[A-Za-z0-9+/]{86}=="
    r"|remote video"
    r"|(?:screen|window):-?\d+:-?\d+"
    r"|web-contents-media-stream://.*"
)


def signs_of(label: str | None) -> tuple[CameraSign, ...]:
    """What a camera's label gives away.

    Whoever wants to can rename a camera, and honest people use such software, or pages that make
    a track, to blur a room: no sign is no proof, and a sign is none either.

    Args:
        label: as the browser has it; None where nobody told.

    Returns:
        "virtual_camera" for the name of software, "no_device" for what browsers call tracks that
        come from no device.
    """
    if label is None:
        return ()
    if _MADE.fullmatch(label):
        return ("no_device",)
    return ("virtual_camera",) if _KNOWN.search(label) else ()
