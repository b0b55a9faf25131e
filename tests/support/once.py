"""What servers and clients of a process make anew each, and none changes: made once for tests."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest

from model.runtime.litert import LiteRtModel
from model.runtime.weights import WEIGHTS_DIR, Weights
from tests.support.certificates import self_signed


def networks_once(patch: pytest.MonkeyPatch) -> None:
    """Check and unpack the networks that are shipped for the first server only."""
    load, unpack = Weights.load, LiteRtModel.__init__
    checked = functools.cache(load)
    unpacked: dict[tuple[Path, int], LiteRtModel] = {}

    def load_once(directory: Path | None = None) -> Weights:
        return checked() if directory in (None, WEIGHTS_DIR) else load(directory)

    def unpack_once(model: LiteRtModel, path: Path, *, copies: int = 1) -> None:
        if (path, copies) in unpacked:
            model._copies = unpacked[path, copies]._copies
            return
        unpack(model, path, copies=copies)
        if path.parent == WEIGHTS_DIR:
            unpacked[path, copies] = model

    patch.setattr(Weights, "load", load_once)
    patch.setattr(LiteRtModel, "__init__", unpack_once)


def few_authorities(patch: pytest.MonkeyPatch, folder: Path) -> None:
    """Have clients trust one certificate: each reads all that it trusts, be it for plain HTTP."""
    certificate, _ = self_signed("nobody")
    (folder / "authorities.pem").write_bytes(certificate)
    patch.setenv("SSL_CERT_FILE", str(folder / "authorities.pem"))
