"""Copies of what one thread at a time may use, shared among threads."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Copies(Generic[T]):
    """Lends a copy to each thread that asks; safe to call from any thread.

    The first copy is made at once, so that what is wrong shows at the start, and a further one
    when it is first needed.

    Args:
        make: makes a copy.
        most: so many may be lent at once, others wait.
    """

    def __init__(self, make: Callable[[], T], *, most: int = 1) -> None:
        self._make = make
        self._places = threading.Semaphore(most)
        self._free = [make()]

    @contextlib.contextmanager
    def lent(self) -> Iterator[T]:
        """A copy that nobody else uses meanwhile."""
        with self._places:
            try:
                copy = self._free.pop()
            except IndexError:
                copy = self._make()
            try:
                yield copy
            finally:
                self._free.append(copy)
