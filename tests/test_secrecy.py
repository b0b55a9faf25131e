"""A crash leaves no image of the memory behind."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

PR_GET_DUMPABLE = 3
TRY = f"""
import ctypes, os, resource, signal
from stream_verifier.secrecy import leave_no_core_dump
resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)
leave_no_core_dump()
print(resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl({PR_GET_DUMPABLE}))
import sys; sys.stdout.flush()
os.kill(os.getpid(), signal.SIGSEGV)
"""


def test_a_crash_writes_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", TRY], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "(0, 0) 0"
    assert done.returncode == -signal.SIGSEGV
    assert list(tmp_path.iterdir()) == []
