"""Synthesised speech from espeak-ng, as a library or as a program."""

from __future__ import annotations

import ctypes
import shutil
import struct
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
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
    if (library := _library()) is not None:
        with _ONE_AT_A_TIME:  # Begun twice at once, it ends the process.
            return _speak(*library, text, voice, words_per_min)
    program = shutil.which("espeak-ng")
    if program is not None:
        return _run(program, text, voice, words_per_min)
    raise MissingExtraError(
        "The demo people need a speech synthesiser: pip install 'stream-verifier[demo]', "
        "or apt-get install espeak-ng."
    )


def _speak(library: str, data: str, text: str, voice: str, words_per_min: int) -> Sound:
    pieces = [np.empty(0, np.int16)]

    def collect(samples: Any, count: int, _events: object) -> int:
        if samples and count > 0:
            pieces.append(np.ctypeslib.as_array(samples, (count,)).copy())
        return 0

    callback = _CALLBACK(collect)  # ctypes keeps no reference of its own
    spoken = text.encode() + b"\0"
    with _loaded(library, data) as (lib, rate_hz):
        if hasattr(lib, "espeak_ng_SetRandSeed"):  # since 1.52
            lib.espeak_ng_SetRandSeed(ctypes.c_long(_SEED))
        lib.espeak_SetSynthCallback(callback)
        lib.espeak_SetVoiceByName(voice.encode())
        lib.espeak_SetParameter(_RATE_WPM, words_per_min, 0)
        lib.espeak_Synth(spoken, len(spoken), 0, _BY_CHARACTER, 0, _UTF8, None, None)
        lib.espeak_Synchronize()
        return np.concatenate(pieces), rate_hz


@contextmanager
def _loaded(library: str, data: str) -> Iterator[tuple[ctypes.CDLL, int]]:
    """Libespeak-ng and its rate in Hz, 0 where it does not find its data.

    It is loaded for one text and unloaded: what it has said lives on in it beyond its end and a new
    beginning, so that breath and flutter of the same words would be others after other words.
    """
    lib = ctypes.CDLL(library)
    try:
        yield lib, max(0, int(lib.espeak_Initialize(_SYNCHRONOUS, 0, data.encode(), 0)))
        lib.espeak_Terminate()
    finally:
        close = ctypes.CDLL(None).dlclose
        close.argtypes = [ctypes.c_void_p]
        close(lib._handle)  # noqa: SLF001 -- its documentation names it


@cache
def _library() -> tuple[str, str] | None:
    """Paths of a library that works and of its data."""
    try:
        import espeakng_loader

        paths = str(espeakng_loader.get_library_path()), str(espeakng_loader.get_data_path())
        with _ONE_AT_A_TIME, _loaded(*paths) as (_, rate_hz):
            return paths if rate_hz else None
    except (ImportError, OSError):
        return None


def _run(program: str, text: str, voice: str, words_per_min: int) -> Sound:
    command = [program, "-v", voice, "-s", str(words_per_min), "--stdout", "--", text]
    wav = subprocess.run(command, check=True, capture_output=True).stdout
    # Into a pipe the program cannot write the true length, so the header's is not read.
    (rate_hz,) = struct.unpack_from("<I", wav, 24)
    samples = wav[_WAV_HEADER_BYTES:]
    return np.frombuffer(samples[: len(samples) // 2 * 2], "<i2").astype(np.int16), rate_hz
