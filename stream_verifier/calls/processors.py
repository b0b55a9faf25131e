"""How many processors this process may use, and for what."""

from __future__ import annotations

import os
from pathlib import Path

_QUOTA = Path("/sys/fs/cgroup/cpu.max")
_MOST_INFERENCE = 3
"""More than one event loop can bring media for: it is full with about 18 calls."""


def available_cpus(quota_file: Path = _QUOTA) -> float:
    """Processors that it may run on, or that its container's quota lets it have, if less.

    Args:
        quota_file: of cgroup v2: microseconds of processor time in a period, and the period.
    """
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(float(allowed or 1), _quota(quota_file))


def inference_threads(cpus: float) -> int:
    """How many of the processors are for inference; the event loop and decoders have the others."""
    return max(1, min(_MOST_INFERENCE, int(cpus // 2)))


def _quota(path: Path) -> float:
    try:
        most, period = path.read_text(encoding="ascii").split()
        return float(most) / float(period)
    except (OSError, ValueError):
        return float("inf")
