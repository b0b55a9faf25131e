"""A process that has TensorFlow for purposes of its own may hold the server, too."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

# As TensorFlow loads its libraries itself, without the seconds that the rest of it takes.
PROGRAM = """
import ctypes, sys, types
for library in sys.argv[1:]:
    ctypes.CDLL(library, ctypes.RTLD_GLOBAL)
sys.modules["tensorflow"] = types.ModuleType("tensorflow")
import stream_verifier.media.webrtc
from pylibsrtp import Policy, Session
key = bytes(30)
sender = Session(Policy(key=key, ssrc_type=Policy.SSRC_ANY_OUTBOUND))
receiver = Session(Policy(key=key, ssrc_type=Policy.SSRC_ANY_INBOUND))
packet = b"\\x80\\x08" + bytes(10) + b"sound" * 32
protected = sender.protect(packet)
print(protected != packet and receiver.unprotect(protected) == packet)
"""


def test_packets_are_decrypted_where_tensorflow_came_first() -> None:
    spec = importlib.util.find_spec("tensorflow")
    assert spec is not None
    assert spec.origin is not None
    libraries = sorted(map(str, Path(spec.origin).parent.glob("libtensorflow_*.so.*")))
    assert libraries
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, *libraries], capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stdout) == (0, "True\n"), ran.stderr
