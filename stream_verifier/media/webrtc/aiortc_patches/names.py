"""Reads and replaces private names, and complains when one is gone."""

from __future__ import annotations

from typing import Any

from aiortc import RTCRtpReceiver

PREFIX = "_RTCRtpReceiver__"


def private(receiver: RTCRtpReceiver, name: str) -> Any:
    """Return a receiver's attribute that aiortc writes with two underscores before it."""
    return getattr(receiver, PREFIX + name)


def replace(target: object, name: str, value: object) -> None:
    """Replace an attribute on one instance.

    Raises:
        AttributeError: it has no such attribute any more; the patch would do nothing.
    """
    if not hasattr(target, name):
        kind = type(target).__name__
        raise AttributeError(f"{kind} has no {name} any more: adapt aiortc_patches")
    setattr(target, name, value)
