from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest

from model.errors import MissingExtraError
from stream_verifier.demo import espeak
from stream_verifier.demo.espeak import synthesise

TEXT = "The quick brown fox jumps over the lazy dog."


@pytest.fixture
def without_library(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(espeak, "_library", lambda: None)
    return  # type: ignore[return-value]


def test_the_library_speaks() -> None:
    pytest.importorskip("espeakng_loader")
    samples, rate_hz = synthesise(TEXT, voice="en-us+f3")
    assert (samples.dtype, rate_hz) == (np.int16, 22_050)
    assert 1.5 < len(samples) / rate_hz < 5
    assert np.abs(samples.astype(int)).max() > 3000


def test_threads_that_speak_first_at_once_all_speak() -> None:
    # In a process of its own: here the library has begun already, and a failure ends the process.
    program = (
        "from concurrent.futures import ThreadPoolExecutor as Pool\n"
        "from stream_verifier.demo.espeak import synthesise\n"
        "say = lambda _: synthesise('Good morning.', voice='en-us+f3')[0].size\n"
        "print(*set(Pool(8).map(say, range(8))))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert int(ran.stdout) > 8000


def test_the_same_words_sound_the_same_in_each_process() -> None:
    program = (
        "from hashlib import sha256\n"
        "from stream_verifier.demo.espeak import synthesise\n"
        "print(sha256(synthesise('Good morning.', voice='en-us+f3')[0]).hexdigest())"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True
        ).stdout
        for _ in range(2)
    }
    assert len(said) == 1


def test_the_same_words_sound_the_same_whatever_was_said_before() -> None:
    first, _ = synthesise(TEXT, voice="en-us+f3")
    synthesise("Good morning.", voice="en-us+m7")
    again, _ = synthesise(TEXT, voice="en-us+f3")
    np.testing.assert_array_equal(first, again)


def test_variants_and_speed_are_heard() -> None:
    woman, _ = synthesise(TEXT, voice="en-us+f3")
    man, _ = synthesise(TEXT, voice="en-us+m7")
    slow, _ = synthesise(TEXT, voice="en-us+f3", words_per_min=90)
    assert len(woman) != len(man) or not np.array_equal(woman, man)
    assert len(slow) > 1.3 * len(woman)


@pytest.mark.usefixtures("without_library")
def test_the_program_stands_in_for_the_library() -> None:
    if shutil.which("espeak-ng") is None:
        pytest.skip("needs the program espeak-ng")
    samples, rate_hz = synthesise(TEXT, voice="en-us+f3")
    assert (samples.dtype, rate_hz) == (np.int16, 22_050)
    assert 1.5 < len(samples) / rate_hz < 5
    assert np.abs(samples.astype(int)).max() > 3000


@pytest.mark.usefixtures("without_library")
def test_without_either_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"stream-verifier\[demo\].*apt-get"):
        synthesise(TEXT, voice="en-us+f3")
