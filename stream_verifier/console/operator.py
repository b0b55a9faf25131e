"""Who runs a command, as the audit trail tells it."""

from __future__ import annotations

import os

from stream_verifier.audit.deed import Actor


def operator() -> Actor:
    """The user of this process, by number."""
    return Actor(f"uid {os.getuid()}", "command line")
