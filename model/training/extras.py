"""Saying which extra a command needs before it fails somewhere deep inside."""

from __future__ import annotations

from importlib.util import find_spec

from model.errors import MissingExtraError


def require(*packages: str, extra: str = "train") -> None:
    """Make sure that packages can be imported, without importing them.

    Args:
        packages: names as imported.
        extra: the extra of this distribution that brings them.

    Raises:
        MissingExtraError: one is not installed.
    """
    missing = [package for package in packages if find_spec(package) is None]
    if missing:
        raise MissingExtraError(
            f"{', '.join(missing)} not installed: pip install 'stream-verifier[{extra}]'"
        )
