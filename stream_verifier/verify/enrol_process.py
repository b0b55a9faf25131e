"""Makes a reference from files that came from elsewhere, in a process of its own.

    python -P -m stream_verifier.verify.enrol_process

Decoders of dozens of formats are the widest door into a server. Here they run where nothing else
is: without keys and tokens, with limits on memory, time and files. What breaks them breaks this
process and no call. Content comes by standard input and the reference goes back by standard output;
neither ever lies in a file.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import struct
import sys
import threading
from collections.abc import Sequence
from typing import IO

from model.errors import ModelError
from model.runtime.reference_format import reference_from_bytes, reference_to_bytes
from model.types import Reference
from stream_verifier import errors
from stream_verifier.errors import EnrolmentError, MediaError, StreamVerifierError
from stream_verifier.secrecy import leave_no_core_dump
from stream_verifier.settings import Settings
from stream_verifier.verify.enrol_files import GivenFile

LONGEST_S = 120.0
_MEMORY_BYTES = 6 << 30
_CPU_S = 120
_LENGTH = struct.Struct("<Q")
_NEEDED = (
    "operating_point",
    *("speech_window_s", "speech_first_s", "hop_s", "face_rate_hz"),
)
"""Settings that an enrolment depends on; no other leaves the server's process."""
_EXPECTED = (EnrolmentError, MediaError)
_ERRORS: dict[str, type[StreamVerifierError]] = {
    kind.__name__: kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, _EXPECTED)
}


def question(files: Sequence[GivenFile], settings: Settings) -> bytes:
    """What to write to the process's standard input."""
    head = {
        "settings": {name: getattr(settings, name) for name in _NEEDED},
        "files": [[str(one.name), list(one.kinds), len(one.content or b"")] for one in files],
    }
    contents = [one.content or b"" for one in files]
    return b"".join([_with_length(json.dumps(head).encode()), *contents])


def answer(written: bytes) -> Reference:
    """What the process wrote to its standard output.

    Raises:
        EnrolmentError, MediaError: as the process raised it.
        ValueError: it is no answer.
    """
    try:
        (length,) = _LENGTH.unpack(written[: _LENGTH.size])
        told, rest = written[_LENGTH.size :][:length], written[_LENGTH.size :][length:]
        head = dict(json.loads(told))
        reference = None if "error" in head else reference_from_bytes(rest)
    except (struct.error, ModelError, ValueError, TypeError) as error:
        raise ValueError("no answer of this process") from error
    if reference is None:
        raise _ERRORS.get(str(head["error"]), EnrolmentError)(str(head.get("message")))
    return reference


def main() -> None:
    """Read a question, write its answer."""
    _be_harmless()
    # Libraries may print; what is written for the server stays by itself.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    _end_unheard(out.fileno())
    asked = sys.stdin.buffer
    head = json.loads(asked.read(_LENGTH.unpack(asked.read(_LENGTH.size))[0]))
    files = [
        GivenFile(name, tuple(kinds), _exactly(asked, size)) for name, kinds, size in head["files"]
    ]
    # Whether somebody is there is asked of calls alone: its networks are not loaded.
    settings = Settings(**head["settings"], presence="off")
    with out:
        out.write(_answer(files, settings))


def _be_harmless() -> None:
    leave_no_core_dump()
    for what, most in (
        (resource.RLIMIT_AS, _MEMORY_BYTES),
        (resource.RLIMIT_CPU, _CPU_S),
        (resource.RLIMIT_FSIZE, 0),
    ):
        resource.setrlimit(what, (most, most))
    with contextlib.suppress(OSError):
        os.nice(10)


def _end_unheard(out: int) -> None:
    """End once nobody is left to hear: a server that was killed cannot end what it started."""
    poll = select.poll()
    poll.register(out, 0)  # an error is told in any case

    def wait() -> None:
        poll.poll()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def _answer(files: Sequence[GivenFile], settings: Settings) -> bytes:
    from stream_verifier.verify.enrol_files import enrol_from
    from stream_verifier.verify.recogniser import Recogniser

    try:
        reference = enrol_from(
            files,
            recogniser=Recogniser.load(settings),
            face_rate_hz=settings.face_rate_hz,
            longest_s=LONGEST_S,
        )
    except _EXPECTED as error:
        told = {"error": type(error).__name__, "message": str(error)}
        return _with_length(json.dumps(told).encode())
    return _with_length(b"{}") + reference_to_bytes(reference)


def _exactly(asked: IO[bytes], size: int) -> bytes:
    content = asked.read(size)
    if len(content) < size:
        raise EOFError("the question breaks off")
    return content


def _with_length(head: bytes) -> bytes:
    return _LENGTH.pack(len(head)) + head


if __name__ == "__main__":
    main()
