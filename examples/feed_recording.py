"""Feed a recording to a server as a meeting bot would: PCM and JPEG with times, as time passes.

python examples/feed_recording.py http://127.0.0.1:8080 ada call.webm

The token, if the server wants one, is in STREAM_VERIFIER_TOKEN.
"""

from __future__ import annotations

import asyncio
import io
import os
import sys
import time
from collections.abc import Iterator

import av
from av.container import InputContainer
from PIL import Image

from stream_verifier.client import DecodedCall
from stream_verifier.errors import StreamVerifierError

PICTURES_PER_S = 15
AUDIO_HZ = 16_000


def opened(path: str) -> InputContainer:
    """The recording, if it has what a call is made of."""
    container = av.open(path)
    if not (container.streams.audio and container.streams.video):
        raise OSError(f"{path} has no sound, or no picture: a call needs both.")
    return container


def sound(path: str) -> Iterator[tuple[float, bytes]]:
    """Times and samples, int16, mono."""
    resampler = av.AudioResampler("s16", "mono", AUDIO_HZ)
    with opened(path) as container:
        for frame in container.decode(audio=0):
            for part in resampler.resample(frame):
                yield part.time or 0.0, part.to_ndarray().astype("<i2").tobytes()


def pictures(path: str) -> Iterator[tuple[float, bytes]]:
    """Times and JPEG files."""
    due_s = 0.0
    with opened(path) as container:
        for frame in container.decode(video=0):
            if (at_s := frame.time or 0.0) >= due_s - 1e-3:
                due_s += 1 / PICTURES_PER_S
                jpeg = io.BytesIO()
                Image.fromarray(frame.to_ndarray(format="rgb24")).save(jpeg, "JPEG", quality=85)
                yield at_s, jpeg.getvalue()


async def feed(call: DecodedCall, path: str) -> None:
    """Send both in the order of time, none before its time."""
    began_s = time.monotonic()

    async def send(one: Iterator[tuple[float, bytes]], audio: bool) -> None:
        while (read := await asyncio.to_thread(next, one, None)) is not None:
            at_s, data = read
            await asyncio.sleep(max(0.0, began_s + at_s - time.monotonic()))
            await (call.audio(data, at=at_s) if audio else call.picture(data, at=at_s))

    await asyncio.gather(send(sound(path), True), send(pictures(path), False))
    await call.finish()


async def main(url: str, identity: str, path: str) -> None:
    """Feed, and print what the call says."""
    token = os.environ.get("STREAM_VERIFIER_TOKEN")
    async with (
        DecodedCall(url, identity=identity, token=token, audio_hz=AUDIO_HZ) as call,
        asyncio.TaskGroup() as tasks,
    ):
        tasks.create_task(feed(call, path))
        async for event in call.events():
            print(event.line)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    try:
        asyncio.run(main(*sys.argv[1:]))
    except* (StreamVerifierError, OSError, av.FFmpegError) as errors:
        sys.exit("\n".join(map(str, errors.exceptions)))
