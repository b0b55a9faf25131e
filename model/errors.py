"""Errors of the model package."""

from __future__ import annotations

import errno

DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Of an `OSError` that free space would have spared."""


class ModelError(Exception):
    """Root of all errors that the model package raises on purpose."""


class WeightsError(ModelError):
    """A weights file is missing, changed or of another format; never run without it."""


class PackError(ModelError):
    """A data pack lacks a file or a column that its lists name."""


class MissingExtraError(ModelError):
    """A command needs packages of an extra that is not installed."""


class CheckpointError(ModelError):
    """A training run's checkpoint cannot be written, cannot be read, or is of another run."""
