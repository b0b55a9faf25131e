"""Curves of a training stage as a picture: loss, accuracy, precision, recall, what there is."""

from __future__ import annotations

import io

from model.training.extras import require
from model.training.state import Row

ORDER = ("loss", "accuracy", "precision", "recall")


def plot(stage: str, history: list[Row]) -> bytes:
    """Draw each figure over the epochs, training beside validation.

    Args:
        stage: title.
        history: one row an epoch; ``val_NAME`` is drawn with ``NAME``.

    Returns:
        A PNG file.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    require("matplotlib")
    from matplotlib.figure import Figure

    names = _names(history)
    figure = Figure(figsize=(4.2 * max(1, len(names)), 3.2), layout="constrained")
    figure.suptitle(stage)
    for place, name in enumerate(names, start=1):
        axes = figure.add_subplot(1, len(names), place, title=name, xlabel="epoch")
        for key, label in ((name, "training"), (f"val_{name}", "validation")):
            points = [(epoch, row[key]) for epoch, row in enumerate(history, 1) if key in row]
            if points:
                axes.plot(*zip(*points, strict=True), label=label, marker=".")
        axes.legend()
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=100)
    return buffer.getvalue()


def _names(history: list[Row]) -> list[str]:
    found = dict.fromkeys(key.removeprefix("val_") for row in history for key in row)
    known = [name for name in ORDER if name in found]
    return known + [name for name in found if name not in ORDER]
