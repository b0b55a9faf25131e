"""What servers and clients of a process make anew each, and none changes: made once for tests."""

from __future__ import annotations

import functools
from pathlib import Path

import httpx
import pytest

from model.runtime import weights
from model.runtime.litert import LiteRtModel
from model.runtime.weights import WEIGHTS_DIR, Weights


def networks_once(patch: pytest.MonkeyPatch) -> None:
    """Check and unpack the networks that are shipped for the first server only."""
    load, unpack = Weights.load, LiteRtModel.__init__
    checked = functools.cache(load)
    unpacked: dict[tuple[Path, int], LiteRtModel] = {}

    def load_once(directory: Path | None = None) -> Weights:
        # Where they are shipped to is looked up anew: a test may have put others there.
        place = weights.WEIGHTS_DIR if directory is None else directory
        return checked() if place == WEIGHTS_DIR else load(place)

    def unpack_once(model: LiteRtModel, path: Path, *, copies: int = 1) -> None:
        if (path, copies) in unpacked:
            model._copies = unpacked[path, copies]._copies
            return
        unpack(model, path, copies=copies)
        if path.parent == WEIGHTS_DIR:
            unpacked[path, copies] = model

    patch.setattr(Weights, "load", load_once)
    patch.setattr(LiteRtModel, "__init__", unpack_once)


def authorities_once(patch: pytest.MonkeyPatch) -> None:
    """Read this machine's certificates for the first client only, be they all for plain HTTP."""
    once = functools.cache(httpx.create_ssl_context)
    patch.setattr("httpx._transports.default.create_ssl_context", once)
