"""Inputs that are made by a script of their own, and what should come of each."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from benchmarks.media.case import Case

_SEGMENTS = ("seg_000.mkv", "seg_001.mkv", "seg_002.mkv")

GIVEN = (
    Case(files=_SEGMENTS, roles=("video",) * 3, what="segments of a recorder", wish="enrolled"),
    Case(files=("seg_000.mkv",), what="first segment"),
    Case(files=("seg_001.mkv",), what="segment that starts at 10 s"),
    Case(files=("start7.mkv",), what="starts at 7 s"),
    Case(files=("second_track_longer.mp4",), what="unused sound track is longer"),
    Case(files=("joined.ts",), what="impostor joined on", wish="not verified", jumps=True),
    Case(files=("joined.webm",), what="impostor joined on", wish="not verified", jumps=True),
    Case(files=("joined_right.mp4",), what="impostor edited on", wish="not verified"),
    Case(files=("mirror_matrix.mp4",), what="mirrored by its display matrix"),
    Case(
        files=("exif2.jpg", "voice.wav"),
        roles=("face", "voice"),
        what="EXIF 2",
        wish="enrolled",
    ),
    Case(
        files=("exif6_ok.jpg", "voice.wav"),
        roles=("face", "voice"),
        what="EXIF 6",
        wish="enrolled",
    ),
    Case(files=("antiphase.mp4",), what="speech in antiphase"),
    Case(
        files=("face.jpg", "antiphase.wav"),
        roles=("face", "voice"),
        what="voice in antiphase",
        wish="enrolled",
    ),
    Case(
        files=("default_is_second.mkv",),
        what="default picture is the second",
        says="picture track 2 of 2 is used",
    ),
    Case(
        files=("default_is_second.mkv",),
        what="the grey picture asked for",
        options=("--video-track", "1"),
        wish="not verified",
    ),
    Case(
        files=("two_people.jpg", "voice.wav"),
        roles=("face", "voice"),
        what="two people",
        wish="error",
        says="face",
    ),
    Case(
        files=("dark.jpg", "voice.wav"),
        roles=("face", "voice"),
        what="too dark",
        wish="error",
        says="dark|light|bright|face",
    ),
    Case(
        files=("far_12mp.jpg", "voice.wav"),
        roles=("face", "voice"),
        what="small face in 12 megapixels",
        wish="enrolled",
    ),
    Case(
        files=("half_face.jpg", "voice.wav"),
        roles=("face", "voice"),
        what="face cut by the frame",
        wish="error",
        says="face",
    ),
    Case(files=("2026-11-28T12:30:00.mp4",), what="name with colons"),
    Case(
        files=("x[/y].mp4",),
        what="text as .mp4, brackets in its name",
        wish="error",
        says=r"x\[/y\]",
    ),
)


def make_given(script: Path, folder: Path) -> None:
    """Run the script that makes them all.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    subprocess.run([sys.executable, str(script), str(folder)], check=True)
