"""The process that reads strangers' files can do nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from stream_verifier.errors import DamagedMediaError, EnrolmentError
from stream_verifier.settings import load_settings
from stream_verifier.verify import enrol_process
from stream_verifier.verify.enrol_files import OF_FACE, GivenFile
from stream_verifier.verify.enrol_process import answer, question

TRY = """
import resource, sys
from stream_verifier.verify.enrol_process import _be_harmless
_be_harmless()
print(resource.getrlimit(resource.RLIMIT_CORE), resource.getrlimit(resource.RLIMIT_CPU))
try:
    with open(sys.argv[1], "w") as file:
        file.write("x")
        file.flush()
except OSError as error:
    print("no file:", error.strerror)
try:
    bytearray(7 << 30)
except MemoryError:
    print("no memory")
"""


def test_it_writes_no_file_and_takes_so_much_memory(tmp_path: Path) -> None:
    program = [sys.executable, "-c", TRY, str(tmp_path / "file")]
    done = subprocess.run(program, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["(0, 0) (120, 120)", "no file: File too large", "no memory"]


def _error(kind: str, message: str) -> bytes:
    return enrol_process._with_length(f'{{"error": "{kind}", "message": "{message}"}}'.encode())


def test_what_it_says_is_raised_as_it_was_there() -> None:
    with pytest.raises(DamagedMediaError, match="It breaks off"):
        answer(_error("DamagedMediaError", "It breaks off."))
    for kind in ("StoreError", "NoSuchError", "MAX", "annotations"):
        with pytest.raises(EnrolmentError, match="words"):
            answer(_error(kind, "words"))


@pytest.mark.parametrize("written", [b"", b"\x00" * 7, b"\xff" * 90, b"\x02" + bytes(7) + b"[]"])
def test_what_is_no_answer_is_none(written: bytes) -> None:
    with pytest.raises(ValueError, match="no answer"):
        answer(written)


def test_no_setting_leaves_the_server_that_the_files_do_not_need() -> None:
    settings = load_settings(token_key="A" * 43, turn_secret=None)
    asked = question([GivenFile("face 1", OF_FACE, b"content")], settings)
    assert b"A" * 20 not in asked
    assert asked.endswith(b"content")


UNHEARD = """
import os, threading
from stream_verifier.verify.enrol_process import _end_unheard
_end_unheard(1)
os.write(1, b"reads")
threading.Event().wait()
"""


def test_it_ends_with_the_server_that_would_have_its_answer() -> None:
    with subprocess.Popen([sys.executable, "-c", UNHEARD], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.read(5) == b"reads"
        process.stdout.close()  # as the kernel does where the server was killed
        assert process.wait(timeout=60) == 1
