"""How inputs are made: by ffmpeg from the demo's own people, and by hand where it cannot."""

from __future__ import annotations

import shlex
import struct
import subprocess
import wave
from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from stream_verifier.demo.people import DEMO_PEOPLE, DemoPerson, portrait_frames, speech

GRACE, EILEEN = DEMO_PEOPLE
_FPS = 15
_SIZE = (480, 360)

Make = Callable[[Path], None]


def ffmpeg(arguments: str) -> Make:
    """A maker that runs ffmpeg in the folder."""
    return lambda folder: run(folder, arguments)


def run(folder: Path, arguments: str) -> None:
    """Run ffmpeg in a folder.

    Raises:
        subprocess.CalledProcessError: it failed; what it said is on standard error.
    """
    words = ["ffmpeg", "-nostdin", "-hide_banner", "-v", "error", "-y", *shlex.split(arguments)]
    subprocess.run(words, check=True, cwd=folder)


def materials(folder: Path) -> None:
    """Write the clips and the picture that all else is made of."""
    _clip(folder / "enrol.mp4", GRACE, 24, 1)
    _clip(folder / "probe.mp4", GRACE, 14, 2)
    _clip(folder / "other.mp4", EILEEN, 10, 3)
    _clip(folder / "long.mp4", GRACE, 30, 5)
    _wav(folder / "voice.wav", speech(GRACE, seconds=20, seed=1))
    cv2.imwrite(str(folder / "face.png"), face())
    cv2.imwrite(str(folder / "face.jpg"), face())
    for name in ("probe", "other"):
        run(folder, f"-i {name}.mp4 -c copy {name}.ts")


def face() -> NDArray[np.uint8]:
    """Grace before a camera; uint8, shape (720, 960, 3), BGR."""
    return next(iter(portrait_frames(GRACE, seconds=1, seed=1, size=(960, 720))))


def _clip(path: Path, person: DemoPerson, seconds: float, seed: int) -> None:
    sound = path.with_suffix(".tmp.wav")
    _wav(sound, speech(person, seconds=seconds, seed=seed))
    words = (
        f"ffmpeg -hide_banner -v error -y -f rawvideo -pix_fmt bgr24 -s {_SIZE[0]}x{_SIZE[1]} "
        f"-r {_FPS} -i - -i {shlex.quote(str(sound))} -c:v libx264 -pix_fmt yuv420p -crf 20 -g 30 "
        f"-c:a aac -b:a 128k -ar 44100 {shlex.quote(str(path))}"
    )
    frames = portrait_frames(person, seconds=seconds, seed=seed, size=_SIZE)
    pictures = b"".join(frame.tobytes() for frame in frames)
    subprocess.run(shlex.split(words), input=pictures, check=True)
    sound.unlink()


def _wav(path: Path, samples: NDArray[np.int16], rate_hz: int = 16_000) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(samples.astype("<i2").tobytes())


def joined(out: str, *files: str) -> Make:
    """A maker that writes files one behind the other."""
    return lambda folder: _write(folder / out, b"".join((folder / f).read_bytes() for f in files))


def cut(out: str, file: str, share: float) -> Make:
    """A maker that keeps the first share of a file."""

    def make(folder: Path) -> None:
        data = (folder / file).read_bytes()
        _write(folder / out, data[: int(len(data) * share)])

    return make


def noised(out: str, file: str, share: float, length: int) -> Make:
    """A maker that puts noise over some bytes of a file."""

    def make(folder: Path) -> None:
        data = bytearray((folder / file).read_bytes())
        at = int(len(data) * share)
        data[at : at + length] = np.random.default_rng(7).bytes(length)
        _write(folder / out, bytes(data))

    return make


def written(out: str, data: bytes) -> Make:
    """A maker that writes these bytes."""
    return lambda folder: _write(folder / out, data)


def after(*makes: Make) -> Make:
    """A maker of several steps."""

    def make(folder: Path) -> None:
        for step in makes:
            step(folder)

    return make


def with_matrix(out: str, file: str, matrix: tuple[int, int, int, int]) -> Make:
    """A maker that writes an MP4 whose picture has another display matrix (a, b, c, d)."""

    def make(folder: Path) -> None:
        data = bytearray((folder / file).read_bytes())
        at = -1
        while (at := data.find(b"tkhd", at + 1)) >= 0:
            place = at + 8 + 20 + 16
            if struct.unpack(">I", data[place + 36 : place + 40])[0]:
                a, b, c, d = (value << 16 for value in matrix)
                data[place : place + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
        _write(folder / out, bytes(data))

    return make


def with_exif(out: str, image: NDArray[np.uint8], orientation: int) -> Make:
    """A maker that writes a JPEG that says so in its EXIF data."""
    jpeg = cv2.imencode(".jpg", image)[1].tobytes()
    entry = b"\x01\x12\0\x03\0\0\0\x01" + orientation.to_bytes(2, "big") + b"\0\0"
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01" + entry + b"\0\0\0\0"
    marker = b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big")
    return written(out, jpeg[:2] + marker + exif + jpeg[2:])


def amr(out: str, file: str) -> Make:
    """A maker of a narrow-band AMR recording with pauses (DTX)."""

    def make(folder: Path) -> None:
        with av.open(str(folder / file)) as source, av.open(str(folder / out), "w") as target:
            stream = target.add_stream("libopencore_amrnb", rate=8000)
            stream.layout = "mono"
            stream.options = {"dtx": "1", "b": "12200"}
            resampler = av.AudioResampler(format="s16", layout="mono", rate=8000)
            for frame in source.decode(audio=0):
                for part in resampler.resample(frame):
                    target.mux(stream.encode(part))
            target.mux(stream.encode(None))

    return make


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
