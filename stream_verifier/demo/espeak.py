"""Synthesised speech from espeak-ng, as a library or as a program."""

from __future__ import annotations

import ctypes
import shutil
import struct
import subprocess
import threading
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.errors import MissingExtraError

Sound = tuple[NDArray[np.int16], int]
"""Samples, shape (n,), mono, and their rate in Hz."""

_SYNCHRONOUS, _BY_CHARACTER, _UTF8 = 2, 1, 1
_CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)
_RATE_WPM = 1  # espeak_PARAMETER espeakRATE
_WAV_HEADER_BYTES = 44
_SEED = 1
_ONE_AT_A_TIME = threading.Lock()


def synthesise(text: str, *, voice: str, words_per_min: int = 160) -> Sound:
    """Speak a text.

    Takes the library that the package espeakng-loader brings, else the program ``espeak-ng``.

    Args:
        text: a sentence or more.
        voice: an espeak-ng voice with its variant, such as ``en-us+f3``.
        words_per_min: speed.

    Raises:
        MissingExtraError: neither is installed.
    """
    with _ONE_AT_A_TIME:  # Begun twice at once, it ends the process.
        library = _library()
    if library is not None:
        return library.speak(text, voice, words_per_min)
    program = shutil.which("espeak-ng")
    if program is not None:
        return _run(program, text, voice, words_per_min)
    raise MissingExtraError(
        "The demo people need a speech synthesiser: pip install 'stream-verifier[demo]', "
        "or apt-get install espeak-ng."
    )


class _Library:
    """libespeak-ng, which has one state a process."""

    def __init__(self, path: str, data: str) -> None:
        self._lib = ctypes.CDLL(path)
        self._rate_hz = int(self._lib.espeak_Initialize(_SYNCHRONOUS, 0, data.encode(), 0))
        self._pieces: list[NDArray[np.int16]] = []
        # ctypes keeps no reference of its own: without this one the callback would be collected.
        self._callback = _CALLBACK(self._collect)
        self._lib.espeak_SetSynthCallback(self._callback)

    @property
    def usable(self) -> bool:
        """Whether the library found its data."""
        return self._rate_hz > 0

    def speak(self, text: str, voice: str, words_per_min: int) -> Sound:
        """Speak a text; one thread at a time."""
        spoken = text.encode() + b"\0"
        with _ONE_AT_A_TIME:
            self._pieces = [np.empty(0, np.int16)]
            self._seed()
            self._lib.espeak_SetVoiceByName(voice.encode())
            self._lib.espeak_SetParameter(_RATE_WPM, words_per_min, 0)
            self._lib.espeak_Synth(spoken, len(spoken), 0, _BY_CHARACTER, 0, _UTF8, None, None)
            self._lib.espeak_Synchronize()
            return np.concatenate(self._pieces), self._rate_hz

    def _seed(self) -> None:
        """Have the same words sound the same in each process, breath and flutter too."""
        if hasattr(self._lib, "espeak_ng_SetRandSeed"):  # since 1.52
            self._lib.espeak_ng_SetRandSeed(ctypes.c_long(_SEED))

    def _collect(self, samples: Any, count: int, _events: object) -> int:
        if samples and count > 0:
            self._pieces.append(np.ctypeslib.as_array(samples, (count,)).copy())
        return 0


@cache
def _library() -> _Library | None:
    try:
        import espeakng_loader

        library = _Library(espeakng_loader.get_library_path(), espeakng_loader.get_data_path())
    except (ImportError, OSError):
        return None
    return library if library.usable else None


def _run(program: str, text: str, voice: str, words_per_min: int) -> Sound:
    command = [program, "-v", voice, "-s", str(words_per_min), "--stdout", "--", text]
    wav = subprocess.run(command, check=True, capture_output=True).stdout
    # Into a pipe the program cannot write the true length, so the header's is not read.
    (rate_hz,) = struct.unpack_from("<I", wav, 24)
    samples = wav[_WAV_HEADER_BYTES:]
    return np.frombuffer(samples[: len(samples) // 2 * 2], "<i2").astype(np.int16), rate_hz
