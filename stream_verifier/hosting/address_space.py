"""How much memory a process may ask for, whether or not it uses it."""

from __future__ import annotations

import resource

from stream_verifier.errors import SettingsError

_NEEDED_BYTES = 1 << 30
"""Libraries, weights and threads' stacks, most of which is never touched; found by trying."""


def require_address_space() -> int | None:
    """The limit of this process in bytes, None for none.

    Below what is needed the native libraries fail one by one, some of them by ending the process.

    Raises:
        SettingsError: it is too low.
    """
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit == resource.RLIM_INFINITY:
        return None
    if limit < _NEEDED_BYTES:
        raise SettingsError(
            f"This process may ask for {limit >> 20} MiB of address space, and needs "
            f"{_NEEDED_BYTES >> 20} at least: run  ulimit -v unlimited  before it (LimitAS= of "
            "systemd), and bound what it uses by a control group instead, such as MemoryMax=."
        )
    return limit
