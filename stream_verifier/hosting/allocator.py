"""Has large buffers go back to the system once they are free."""

from __future__ import annotations

import ctypes
import sys

LARGE_BYTES = 512 * 1024
"""A picture takes 460 kB decoded and 920 kB in colours at 640 x 480."""
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3


def return_large_buffers() -> bool:
    """Have the C library map each large buffer for itself; before there are any.

    By itself glibc moves its threshold up to the largest buffer that was ever freed, so that from
    then on pictures are cut out of heaps, a heap a thread, which small things keep from ever being
    given back: a call then takes twice the memory.

    Returns:
        Whether it was done; other C libraries know no such setting.
    """
    if sys.platform != "linux":
        return False
    try:
        set_option = ctypes.CDLL(None).mallopt
    except AttributeError:
        return False
    done = [set_option(option, LARGE_BYTES) for option in (_M_MMAP_THRESHOLD, _M_TRIM_THRESHOLD)]
    return all(done)
