"""Whether a camera calls itself one that is made of software: a weak sign, and named so."""

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


def signs_of(label: str | None) -> tuple[CameraSign, ...]:
    """What a camera's label gives away.

    Whoever wants to can rename a camera, and honest people use such software to blur a room: no
    sign is no proof, and a sign is none either.

    Args:
        label: as the browser has it; None where nobody told.
    """
    return ("virtual_camera",) if label is not None and _KNOWN.search(label) else ()
