"""What makes a training of a few steps cheap."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture
def no_curves(monkeypatch: pytest.MonkeyPatch) -> None:
    from model.training import run

    monkeypatch.setattr(run, "plot", lambda stage, history: b"")


@pytest.fixture
def eager() -> Iterator[None]:
    """For a handful of steps tracing does not pay."""
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)
