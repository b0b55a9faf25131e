"""Kaldi's features by another hand than ours: what the voice tower was published with."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.errors import MissingExtraError
from model.runtime.audio import SAMPLE_RATE_HZ


def kaldi_fbank(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Log-mel features of a whole recording, pauses included, mean over time subtracted.

    Args:
        samples: float32, -1 to 1, 16 kHz.

    Returns:
        float32, shape (frames, 80), 10 ms hop.

    Raises:
        MissingExtraError: kaldi-native-fbank is not installed.
    """
    try:
        import kaldi_native_fbank as knf
    except ImportError as error:
        raise MissingExtraError(
            "kaldi-native-fbank is missing: pip install 'stream-verifier[train]'"
        ) from error
    options = knf.FbankOptions()
    options.frame_opts.dither = 0.0
    options.frame_opts.samp_freq = SAMPLE_RATE_HZ
    options.mel_opts.num_bins = 80
    stream = knf.OnlineFbank(options)
    stream.accept_waveform(SAMPLE_RATE_HZ, samples.tolist())
    stream.input_finished()
    frames = np.stack([stream.get_frame(i) for i in range(stream.num_frames_ready)])
    return np.ascontiguousarray(frames - frames.mean(axis=0), dtype=np.float32)
