"""Sound from packets to frames on the event loop: by aiortc's decoder thread, and at once."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Iterator
from typing import Any

import av
import numpy as np
from aiortc.codecs import get_decoder
from aiortc.jitterbuffer import JitterFrame
from aiortc.rtcrtpparameters import RTCRtpCodecParameters
from aiortc.rtcrtpreceiver import decoder_worker

from benchmarks.front_end.step import Step
from stream_verifier.demo.people import DEMO_PEOPLE, speech

_PACKETS = 50
_CODEC = RTCRtpCodecParameters("audio/opus", clockRate=48_000, channels=2, payloadType=96)


def decoding_steps() -> Iterator[Step]:
    """A second of speech, packet by packet, each waited for as in a call."""
    loop, packets = asyncio.new_event_loop(), opus_packets()
    threaded, decoder = _Threaded(loop), get_decoder(_CODEC)

    async def by_thread() -> None:
        for number, packet in enumerate(packets):
            threaded.waiting.put((_CODEC, JitterFrame(packet, 960 * number)))
            await threaded.frames.get()

    async def at_once() -> None:
        for number, packet in enumerate(packets):
            decoder.decode(JitterFrame(packet, 960 * number))
            await asyncio.sleep(0)

    yield Step(
        "sound of 1 s decoded by a thread, and where it arrives",
        lambda: loop.run_until_complete(by_thread()),
        lambda: loop.run_until_complete(at_once()),
    )
    threaded.stop()
    loop.close()


class _Threaded:
    """aiortc's decoder thread between two queues."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.waiting: queue.Queue[Any] = queue.Queue()
        self.frames: asyncio.Queue[Any] = asyncio.Queue()
        self._thread = threading.Thread(
            target=decoder_worker, args=(loop, self.waiting, self.frames, threading.Event())
        )
        self._loop = loop
        self._thread.start()

    def stop(self) -> None:
        self.waiting.put(None)
        self._loop.run_until_complete(self.frames.get())
        self._thread.join()


def opus_packets() -> list[bytes]:
    """A second of speech as Opus, 20 ms each."""
    encoder: Any = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = 48_000, "stereo", "s16"
    encoder.bit_rate = 40_000
    sound = np.repeat(speech(DEMO_PEOPLE[1], seconds=2.0), 3)  # 16 to 48 kHz, good enough here
    found: list[bytes] = []
    for start in range(0, len(sound), 960):
        block = np.repeat(sound[start : start + 960], 2)[None]
        if block.shape[1] < 1920:
            break
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block), "s16", "stereo")
        frame.sample_rate, frame.pts = 48_000, start
        found += [bytes(packet) for packet in encoder.encode(frame)]
    return found[:_PACKETS]
