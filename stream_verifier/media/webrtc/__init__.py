"""Media by WebRTC: all that knows aiortc."""

from __future__ import annotations

import os
import sys


def _load_srtp() -> None:
    """Load libsrtp so that it calls its own OpenSSL.

    TensorFlow shows the functions of the BoringSSL in it to all that is loaded after it; libsrtp
    would call these, and the process end as it is imported.
    """
    before = sys.getdlopenflags()
    sys.setdlopenflags(before | os.RTLD_DEEPBIND)
    try:
        import pylibsrtp  # noqa: F401
    finally:
        sys.setdlopenflags(before)


if "tensorflow" in sys.modules and hasattr(os, "RTLD_DEEPBIND"):
    _load_srtp()
