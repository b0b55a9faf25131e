"""Groups of people whose error rates stand beside the total: by voice source, gender, language."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.data.lists import read_list
from model.data.packs import Pack, Trial

GROUPS = (
    "gender",
    "sex",
    "language",
    "accent",
    "nationality",
    "age",
    "ethnicity",
    "skin_type",
)
"""Columns of faces.csv and voices.csv that part people into groups, where they are there."""


def groups(pack: Pack, trials: Sequence[Trial]) -> dict[str, NDArray[np.str_]]:
    """The claimed person's group in each trial.

    Args:
        pack: whose lists are read.
        trials: of the pack.

    Returns:
        By "face gender", "voice language" and so on: shape (trials,), "" where not known.
        Nothing for columns that the pack lacks.
    """
    found = {}
    for modality in ("face", "voice"):
        for column, of in _columns(pack.root / f"{modality}s.csv").items():
            people = [getattr(pack.chimeras[t.chimera], f"{modality}_identity") for t in trials]
            values = np.array([of.get(person, "") for person in people], dtype=np.str_)
            if (values != "").any():
                found[f"{modality} {column}"] = values
    return found


def _columns(path: Path) -> dict[str, dict[str, str]]:
    """For each column of ``GROUPS`` in a list: identity to value."""
    if not path.is_file():
        return {}
    rows = read_list(path, ("source", "identity"))
    return {
        column: {f"{row['source']}/{row['identity']}": row[column] for row in rows}
        for column in GROUPS
        if rows and column in rows[0]
    }
