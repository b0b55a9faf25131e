"""Time of the mel filterbank beside kaldi-native-fbank and librosa, in one run.

python -m benchmarks.fbank
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable

# Must be set before numpy loads: more threads only slow down matrices this small.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import kaldi_native_fbank
import librosa
import numpy as np
from numpy.typing import NDArray

from model.runtime.fbank import FbankStream, fbank

RATE_HZ = 16_000
Samples = NDArray[np.int16]


def ours(samples: Samples) -> None:
    """The whole signal at once."""
    fbank(samples)


def ours_streamed(samples: Samples) -> None:
    """The signal in the 20 ms chunks of a call."""
    stream = FbankStream()
    for start in range(0, len(samples), 320):
        stream.push(samples[start : start + 320])


def kaldi(samples: Samples) -> None:
    """kaldi-native-fbank with the same options."""
    options = kaldi_native_fbank.FbankOptions()
    options.frame_opts.dither = 0
    options.mel_opts.num_bins = 80
    online = kaldi_native_fbank.OnlineFbank(options)
    online.accept_waveform(RATE_HZ, (samples / 32768).astype(np.float32))
    online.input_finished()
    np.stack([online.get_frame(i) for i in range(online.num_frames_ready)])


def librosa_mel(samples: Samples) -> None:
    """The log-mel spectrogram of librosa, with frames and bands of the same size."""
    signal = (samples / 32768).astype(np.float32)
    mel = librosa.feature.melspectrogram(
        y=signal, sr=RATE_HZ, n_fft=512, win_length=400, hop_length=160, n_mels=80, center=False
    )
    np.log(np.maximum(mel, np.finfo(np.float32).eps))


def medians_ms(
    runs: dict[str, Callable[[Samples], None]], samples: Samples, rounds: int
) -> dict[str, float]:
    """Median CPU milliseconds per second of audio of each, after one run to warm up.

    They take turns and count CPU time, so that whatever else the machine does hits all alike.
    """
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds + 1):
        for name, run in runs.items():
            start = time.process_time()
            run(samples)
            times[name].append(time.process_time() - start)
    per_second = 1000 * RATE_HZ / len(samples)
    return {name: statistics.median(taken[1:]) * per_second for name, taken in times.items()}


def main() -> None:
    """Print CPU milliseconds per second of audio, and the ratio to ours."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0, help="length of the signal")
    parser.add_argument("--rounds", type=int, default=50, help="runs that the median is taken of")
    options = parser.parse_args()
    count = round(options.seconds * RATE_HZ)
    samples = (np.random.default_rng(0).standard_normal(count) * 3000).astype(np.int16)
    runs: dict[str, Callable[[Samples], None]] = {
        "ours, whole": ours,
        "ours, 20 ms chunks": ours_streamed,
        "kaldi-native-fbank": kaldi,
        "librosa": librosa_mel,
    }
    found = medians_ms(runs, samples, options.rounds)
    print("| features | CPU ms per second of audio | times ours |\n|---|---|---|")
    for name, taken_ms in found.items():
        print(f"| {name} | {taken_ms:.2f} | {taken_ms / found['ours, whole']:.1f} |")


if __name__ == "__main__":
    main()
