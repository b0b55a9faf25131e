"""What the published speech network itself says of a piece of speech, for tests to compare with.

pip install onnxruntime
python -m model.convert.silero_reference tests/model/silero_reference.npz

The file keeps the sound itself, 2.4 s of a synthetic voice (espeak-ng).
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.convert.sources import SILERO, fetch
from model.runtime.audio import SAMPLE_RATE_HZ

STEP = 512
_CONTEXT = 64


def published_says(pcm: NDArray[np.int16], cache: Path) -> NDArray[np.float32]:
    """Probability of speech after each 512 samples, by onnxruntime."""
    import onnxruntime

    session = onnxruntime.InferenceSession(fetch(SILERO, cache), providers=["CPUExecutionProvider"])
    sound = np.concatenate((np.zeros(_CONTEXT), pcm / 32768)).astype(np.float32)
    state = np.zeros((2, 1, 128), np.float32)
    said = []
    for start in range(0, len(pcm) - STEP + 1, STEP):
        chunk = sound[None, start : start + STEP + _CONTEXT]
        feeds = {"input": chunk, "state": state, "sr": np.array(SAMPLE_RATE_HZ)}
        probability, state = session.run(None, feeds)
        said.append(probability[0, 0])
    return np.array(said, np.float32)


def main(path: Path, cache: Path = Path(".cache")) -> None:
    """Write anew what the published network says of the sound that the file holds."""
    with np.load(path) as before:
        pcm = before["pcm"]
    np.savez_compressed(path, pcm=pcm, probability=published_says(pcm, cache))
    print(f"{path}: written")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
