"""What a call does to speech, to genuine and made speech alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import av
import numpy as np
from av.filter import Graph

from model.data.codecs import narrow_band, opus
from model.data.degrade import add_noise
from model.data.media import SAMPLE_RATE_HZ, Samples

NOISE_DB = 10.0
_EDGE = SAMPLE_RATE_HZ // 10
Channel = Callable[[Samples, Samples], Samples]
"""Takes speech and noise to add, where it adds any; both float32, 16 kHz."""

CHANNELS: dict[str, Channel] = {
    "Opus 24 kb/s": lambda speech, _: opus(speech, 24_000),
    "Opus 12 kb/s": lambda speech, _: opus(speech, 12_000),
    "noise 10 dB, Opus 24 kb/s": lambda speech, noise: opus(
        add_noise(speech, noise, NOISE_DB), 24_000
    ),
    "8 kHz, Opus 24 kb/s": lambda speech, _: opus(narrow_band(speech), 24_000),
}


def through(channel: str, speech: Samples, noise: Samples) -> Samples:
    """Send a piece through a channel, without the tenth of a second at either end.

    Vocoders fade in and out; a call's window is cut from the middle of speech.
    """
    return CHANNELS[channel](speech, noise)[_EDGE:-_EDGE]


def suppressed(samples: Samples) -> Samples:
    """Noise suppression by FFmpeg's ``afftdn``: what honest speech goes through on many devices."""
    graph = Graph()
    steps = [
        graph.add("abuffer", f"sample_rate={SAMPLE_RATE_HZ}:sample_fmt=flt:channel_layout=mono"),
        graph.add("afftdn", "nr=20:nf=-40:tn=1"),
        graph.add("aformat", "sample_fmts=flt:channel_layouts=mono"),
        graph.add("abuffersink"),
    ]
    graph.link_nodes(*steps).configure()
    frame = av.AudioFrame.from_ndarray(samples[None], format="flt", layout="mono")
    frame.sample_rate, frame.pts = SAMPLE_RATE_HZ, 0
    graph.push(frame)
    graph.push(None)
    return np.resize(np.concatenate(list(_pulled(graph))), len(samples))


def _pulled(graph: Graph) -> Sequence[Samples]:
    found: list[Samples] = []
    while True:
        try:
            frame = graph.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return found
        assert isinstance(frame, av.AudioFrame)  # the sink is one of sound
        found.append(np.asarray(frame.to_ndarray()[0], np.float32))
