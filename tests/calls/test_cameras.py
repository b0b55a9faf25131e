"""Cameras that say of themselves that they are software, and those that do not."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from stream_verifier.calls.cameras import signs_of
from stream_verifier.calls.terms import session_started
from stream_verifier.events.call_messages import Start
from stream_verifier.events.stamper import Stamper


@pytest.mark.parametrize(
    "label",
    [
        "OBS Virtual Camera",
        "OBS-Camera (m-de:vice)",
        "ManyCam Virtual Webcam",
        "XSplit VCam",
        "Dummy video device (0x0000) (platform:v4l2loopback-000)",
        "fake_device_0",
        "Unity Video Capture",
        "NVIDIA Broadcast",
        "Snap Camera",
        "Cyberlink YouCam 10",
        "NewTek NDI Video",
        "DeepFaceLive",
        "e2eSoft iVCam Virtual",
        "screen-capture-recorder",
    ],
)
def test_software_is_told_by_its_name(label: str) -> None:
    assert signs_of(label) == ("virtual_camera",)


# As Chromium has them.
@pytest.mark.parametrize(
    "label",
    [
        "c14230b7-0b5d-4e81-b4d3-00d6568ba695",
        "iX3/WbdmOGsbKe0bwWJ/q9ZIzHHrP8fJVKWRP8p624JUGQIQX7KQ6+KrQC8RX15m+Rpqwlb1uiIvVimzGRe7xg==",
        "remote video",
        "screen:-3:0",
        "window:1703:0",
        "web-contents-media-stream://36:1",
    ],
)
def test_a_track_that_comes_from_no_device_is_told_by_its_name(label: str) -> None:
    assert signs_of(label) == ("no_device",)


@pytest.mark.parametrize(
    "label",
    [
        None,
        "",
        "FaceTime HD Camera (1C1C:B782)",
        "Integrated Webcam (0c45:6717)",
        "HD Pro Webcam C920 (046d:08e5)",
        "Logitech BRIO",
        "Surface Camera Front",
        "camera2 1, facing front",
        "Anna's iPhone Camera",
        "Mobs and knobs cam",
        "Sandisk webcam",
        "USB Video Device",
        "Kamera z przodu",
        "Default Video Device",
        "Camera c14230b7-0b5d-4e81-b4d3-00d6568ba695",
        "Remote video camera",
        "Front screen: 1080p",
    ],
)
def test_a_device_has_no_sign(label: str | None) -> None:
    assert signs_of(label) == ()


@pytest.mark.parametrize(
    ("mode", "camera", "told"),
    [
        ("verify", "OBS Virtual Camera", ["virtual_camera"]),
        ("verify", "c14230b7-0b5d-4e81-b4d3-00d6568ba695", ["no_device"]),
        ("verify", "Logitech BRIO", None),
        ("verify", None, None),
        ("enrol", "OBS Virtual Camera", None),
    ],
)
def test_the_first_event_tells_the_sign_and_never_the_label(
    mode: Any, camera: str | None, told: list[str] | None
) -> None:
    start = Start(type="start", mode=mode, identity="ada", sdp="", camera=camera)
    recogniser: Any = SimpleNamespace(
        model_id="m", comparator=SimpleNamespace(name="c"), described=lambda _: None
    )
    event = Stamper("s1").stamp(session_started(start, recogniser))
    assert event.fields.get("camera_signs") == told
    assert str(camera) not in str(event.fields) or camera is None
    assert str(camera) not in repr(start) or camera is None
