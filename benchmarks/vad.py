"""How much noise passes for speech, and how much speech is kept.

python -m benchmarks.vad --pack $STREAM_VERIFIER_DATA/dev
"""

from __future__ import annotations

import argparse
import csv
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import webrtcvad
from numpy.typing import NDArray

from model.data.degrade import add_noise, bursts, coloured, hum, white
from model.data.media import Samples, read_voice
from model.runtime.vad import FRAME, VoiceActivityDetector, measure
from stream_verifier.media.types import SAMPLE_RATE_HZ

LEAD_S = 1.0
ACTIVE_RANGE_DB = 25.0
SNR_DB = 10.0

Flags = NDArray[np.bool_]


def to_int16(samples: Samples) -> NDArray[np.int16]:
    """-1..1 to what calls carry."""
    return np.asarray(np.clip(samples * 32768, -32768, 32767), np.int16)


def at_level(samples: Samples, dbfs: float) -> Samples:
    """Scale to a mean level."""
    rms = np.sqrt(np.mean(np.square(samples, dtype=np.float64)))
    return np.asarray(samples * (10 ** (dbfs / 20) / rms), np.float32)


def ours(samples: Samples) -> Flags:
    """Speech per 30 ms frame."""
    vad = VoiceActivityDetector()
    frames = vad.push(to_int16(samples), 0.0) + vad.flush()
    return np.array([frame.speech for frame in frames])


def webrtc(samples: Samples, mode: int = 2) -> Flags:
    """What webrtcvad alone says."""
    vad = webrtcvad.Vad(mode)
    frames = framed(samples)
    return np.array([vad.is_speech(frame.tobytes(), SAMPLE_RATE_HZ) for frame in frames])


def framed(samples: Samples) -> NDArray[np.int16]:
    """Whole frames, shape (n, 480)."""
    whole = to_int16(samples)[: len(samples) // FRAME * FRAME]
    return whole.reshape(-1, FRAME)


def active(clean: Samples) -> Flags:
    """Frames that hold speech: within 25 dB of the loudest ones of clean speech."""
    levels = np.array([measure(frame)[0] for frame in framed(clean)])
    return np.asarray(levels > np.percentile(levels, 95) - ACTIVE_RANGE_DB)


def made_noises(rng: np.random.Generator) -> Iterator[tuple[str, Samples]]:
    """10 s each of what is no speech."""
    count = 10 * SAMPLE_RATE_HZ
    for dbfs in (-60, -40, -30, -20, -10):
        yield f"white, {dbfs} dBFS", at_level(white(count, rng), dbfs)
        yield f"pink, {dbfs} dBFS", at_level(coloured(count, rng), dbfs)
    yield "brown, -20 dBFS", at_level(coloured(count, rng, exponent=2.0), -20)
    yield "mains hum, -20 dBFS", at_level(hum(count, rng), -20)
    yield "knocks, -25 dBFS", at_level(bursts(count, rng), -25)
    clicks = np.zeros(count, np.float32)
    clicks[:: SAMPLE_RATE_HZ // 2] = 0.9
    yield "clicks in silence", clicks
    yield "silence", np.zeros(count, np.float32)


def print_noise(pack: Path, rng: np.random.Generator) -> None:
    """False speech, with webrtcvad alone beside it."""
    print("| no speech | webrtcvad alone | ours |\n|---|---|---|")
    for name, noise in made_noises(rng):
        print(f"| {name} | {webrtc(noise).mean():.1%} | {ours(noise).mean():.1%} |")
    files = sorted((pack / "noise16k").glob("*/*.flac"))
    clips = [read_voice(file) for file in files]
    alone = np.array([webrtc(clip).mean() for clip in clips])
    gated = np.array([ours(clip).mean() for clip in clips])
    print(f"| {len(files)} recorded noises, mean | {alone.mean():.1%} | {gated.mean():.1%} |")
    print(f"| {len(files)} recorded noises, median | {np.median(alone):.1%} "
          f"| {np.median(gated):.1%} |")  # fmt: skip


def in_noise(speech: Samples, noise: Samples | None) -> Samples:
    """Speech after a second of pause, with noise 10 dB below the speech all through."""
    lead = round(LEAD_S * SAMPLE_RATE_HZ) // FRAME * FRAME
    padded = np.concatenate((np.zeros(lead, np.float32), speech))
    if noise is None:
        return padded
    diluted_db = 10 * np.log10(len(speech) / len(padded))
    return add_noise(padded, noise, SNR_DB + diluted_db)


def centred(samples: Samples) -> Samples:
    """Take the mean off."""
    return np.asarray(samples - samples.mean(), np.float32)


def by_source(pack: Path, each: int) -> dict[str, list[Samples]]:
    """Some utterances of each source, spread over its people, without direct current.

    Some recordings have an offset far above their speech, which would set the level of the noise.
    """
    files: dict[str, list[Path]] = defaultdict(list)
    with (pack / "voices.csv").open(newline="") as table:
        for row in csv.DictReader(table):
            if not row["source"].endswith("noise"):
                files[row["source"]].append(pack / row["file"])
    return {
        source: [centred(read_voice(path)) for path in paths[:: max(1, len(paths) // each)][:each]]
        for source, paths in files.items()
    }


def print_speech(pack: Path, each: int, rng: np.random.Generator) -> None:
    """Kept share of the active frames, and passed share of the others, per condition."""
    recorded = [read_voice(file) for file in sorted((pack / "noise16k").glob("*/*.flac"))]
    print("\nActive frames kept (pauses and lead passed):\n")
    print("| source | clean | white 10 dB | pink 10 dB | recorded 10 dB |\n|---|---|---|---|---|")
    for source, voices in by_source(pack, each).items():
        cells = []
        for condition in ("clean", "white", "pink", "recorded"):
            kept: list[Flags] = []
            passed: list[Flags] = []
            for number, voice in enumerate(voices):
                count = len(voice) + SAMPLE_RATE_HZ
                noise = {
                    "clean": None,
                    "white": white(count, rng),
                    "pink": coloured(count, rng),
                    "recorded": recorded[number % len(recorded)],
                }[condition]
                truth = active(in_noise(voice, None))
                found = ours(in_noise(voice, noise))
                kept.append(found[truth])
                passed.append(found[~truth])
            cells.append(f"{np.concatenate(kept).mean():.1%} ({np.concatenate(passed).mean():.1%})")
        print(f"| {source} | {' | '.join(cells)} |")


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pack", type=Path, required=True, help="data pack with noise16k/")
    parser.add_argument("--each", type=int, default=20, help="utterances per source")
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    print_noise(options.pack, rng)
    print_speech(options.pack, options.each, rng)


if __name__ == "__main__":
    main()
