"""Publishes a file by FFmpeg's WHIP muxer; run as a process of its own.

PyAV holds the interpreter's lock while it connects, so it cannot share a process with the server.
Arguments: the endpoint's URL, the file, seconds to publish at most, a folder with cert.pem and
key.pem, and a token or nothing. The call ends before, once standard input does. Without a
certificate, FFmpeg built on GnuTLS makes one on a curve that TLS has given up (secp224r1), which
OpenSSL refuses.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av


def frames(path: str) -> Iterator[Any]:
    """Decoded frames of both kinds, for ever."""
    lap_s = 0.0
    while True:
        end_s = lap_s
        with av.open(path) as container:
            for frame in container.decode(video=0, audio=0):
                time_s = lap_s + (frame.time or 0.0)  # type: ignore[union-attr]
                end_s = max(end_s, time_s + 0.04)
                yield time_s, frame
        lap_s = end_s


def publish(url: str, path: str, seconds: float, keys: str, token: str = "") -> None:
    """Encode in real time as OBS would: H.264 baseline and Opus."""
    told = threading.Thread(target=sys.stdin.read, daemon=True)
    told.start()
    options = {"cert_file": f"{keys}/cert.pem", "key_file": f"{keys}/key.pem"}
    if token:
        options["authorization"] = token
    with av.open(url, mode="w", format="whip", options=options) as out:
        video = out.add_stream("libx264", rate=15)
        video.width, video.height, video.pix_fmt = 640, 480, "yuv420p"
        video.time_base = video.codec_context.time_base = Fraction(1, 90_000)
        video.options = {
            "profile": "baseline",
            "tune": "zerolatency",
            "preset": "ultrafast",
            "g": "15",
        }
        video.bit_rate = 1_000_000
        audio = out.add_stream("libopus", rate=48_000)
        audio.layout = "stereo"
        resampler = av.AudioResampler(format="s16", layout="stereo", rate=48_000, frame_size=960)
        started_s = None
        for time_s, frame in frames(path):
            if time_s > seconds or not told.is_alive():
                break
            if started_s is None:
                started_s = time.monotonic() - time_s
            time.sleep(max(0.0, started_s + time_s - time.monotonic()))
            if isinstance(frame, av.VideoFrame):
                frame.pts, frame.time_base = round(time_s * 90_000), Fraction(1, 90_000)
                frame.pict_type = 0
                out.mux(video.encode(frame.reformat(640, 480, "yuv420p")))
            else:
                frame.pts, frame.time_base = (
                    round(time_s * frame.sample_rate),
                    Fraction(1, frame.sample_rate),
                )
                for part in resampler.resample(frame):
                    out.mux(audio.encode(part))


if __name__ == "__main__":
    publish(sys.argv[1], sys.argv[2], float(sys.argv[3]), *sys.argv[4:])
