"""Standard streams that are shut, and an output that takes no more."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator


def open_shut_streams() -> None:
    """Give a process that was started without standard streams such as lead nowhere.

    Otherwise the next files that are opened have their numbers, and what libraries print goes
    into the store.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one
        if getattr(sys, name) is None:
            stream = open(number, "w" if number else "r", closefd=False)  # noqa: SIM115
            setattr(sys, name, stream)


@contextlib.contextmanager
def all_written() -> Iterator[None]:
    """Have all that was printed out by the end, while an error can still be told.

    Raises:
        OSError: the standard output takes no more; from then on it leads nowhere, so that nobody
            stumbles over what is left.
    """
    try:
        yield
    finally:
        try:
            sys.stdout.flush()
        except OSError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, sys.stdout.fileno())
            os.close(nowhere)
            raise
