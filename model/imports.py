"""Importing what stays for as long as the process does."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def kept() -> Iterator[None]:
    """Look for no garbage while this imports, and never again through what it imported.

    There is none in it, and a server's libraries make 165,000 objects: to look through them is a
    tenth of its start, and each time that it is done later it holds all calls up for a moment.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
