"""Scores of a pack's trials under a condition, several systems on the very same probes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from model.data.conditions import Condition
from model.data.packs import Pack, Trial
from model.errors import PackError
from model.evaluation.groups import groups
from model.evaluation.metrics import Flags, Floats
from model.evaluation.probes import Advance, Probes
from model.evaluation.systems import Llrs, System

FACE_MATED = ("genuine", "impostor_voice")
"""Kinds of trial whose face is the claimed person's."""
VOICE_MATED = ("genuine", "impostor_face")
"""Kinds of trial whose voice is the claimed person's."""

NOT_ENROLLED = Llrs(None, None, None)


@dataclass(frozen=True)
class Scores:
    """One system's comparisons under one condition, in the order of the trial list.

    Attributes:
        face, voice, fused: LLRs, shape (n,), NaN where missing.
        mated: shape (n,), what counts as mated: face and voice are the claimed person's, or the
            one of them that the condition leaves.
        kind: shape (n,), of the trial.
        source: shape (n,), data set of the claimed person's voice.
        chimera: shape (n,), name of the claimed person.
        groups: "face gender" and the like to the claimed person's value, shape (n,).
        missing: the modality that the condition leaves out.
    """

    face: Floats
    voice: Floats
    fused: Floats
    mated: Flags
    kind: NDArray[np.str_]
    source: NDArray[np.str_]
    chimera: NDArray[np.str_]
    groups: dict[str, NDArray[np.str_]]
    missing: str | None = None

    @property
    def person(self) -> NDArray[np.intp]:
        """Number of the claimed person, shape (n,)."""
        return np.unique(self.chimera, return_inverse=True)[1]


class Scorer:
    """Scores trials by several systems.

    Args:
        pack: with chimeras and trials.
        systems: to be compared.
    """

    def __init__(self, pack: Pack, systems: Sequence[System]) -> None:
        self._pack = pack
        self._systems = tuple(systems)
        self.advance: Advance = lambda: None
        """Called for each file embedded and each trial compared."""
        self._probes = Probes(pack, systems, advance=lambda: self.advance())

    def work(self, conditions: Sequence[Condition]) -> int:
        """How often ``advance`` will be called for these conditions."""
        trials = self._pack.trials
        claimed = [self._pack.chimeras[name] for name in {t.chimera for t in trials}]
        faces = {(c.face, t.face) for c in conditions for t in trials if c.missing != "face"}
        voices = {(c.voice, t.voices) for c in conditions for t in trials if c.missing != "voice"}
        faces |= {((), file) for chimera in claimed for file in chimera.faces}
        voices |= {((), (file,)) for chimera in claimed for file in chimera.voices}
        return len(faces) + len(voices) + len(conditions) * len(trials)

    def score(self, condition: Condition) -> tuple[tuple[Scores, ...], int]:
        """Compare all trials.

        Args:
            condition: what is done to the probes.

        Returns:
            Each system's scores, and the number of trials left out of them because a file cannot
            be decoded.

        Raises:
            PackError: the pack lacks what the condition needs, or no trial is left.
        """
        self._probes.check(condition)
        rows = [self._compare(trial, condition) for trial in self._pack.trials]
        kept = [trial for trial, row in zip(self._pack.trials, rows, strict=True) if row]
        if not kept:
            reasons = "; ".join(list(self._pack.notes.skipped.values())[:3])
            raise PackError(
                f"no trial of {self._pack.root} can be scored: {reasons or 'it lists none'}"
            )
        frame = self._frame(condition, kept)
        by_system = zip(*(row for row in rows if row), strict=True)
        return tuple(_with(frame, llrs) for llrs in by_system), len(rows) - len(kept)

    def _compare(self, trial: Trial, condition: Condition) -> tuple[Llrs, ...] | None:
        self.advance()
        references = self._probes.reference(trial.chimera)
        faces = self._probes.face(condition, trial.face)
        voices = self._probes.voice(condition, trial.voices)
        if references is None or faces is None or voices is None:
            return None
        every = zip(self._systems, references, faces, voices, strict=True)
        return tuple(
            NOT_ENROLLED if reference is None else system.compare(reference, face, voice)
            for system, reference, face, voice in every
        )

    def _frame(self, condition: Condition, trials: Sequence[Trial]) -> Scores:
        """All that scores carry besides LLRs."""
        kind = np.array([trial.kind for trial in trials])
        mated = np.array([trial.mated for trial in trials])
        if condition.missing:
            mated = np.isin(kind, VOICE_MATED if condition.missing == "face" else FACE_MATED)
        empty = np.empty(0)
        chimeras = self._pack.chimeras
        return Scores(
            face=empty,
            voice=empty,
            fused=empty,
            mated=mated,
            kind=kind,
            source=np.array([chimeras[trial.chimera].voice_source for trial in trials]),
            chimera=np.array([trial.chimera for trial in trials]),
            groups=groups(self._pack, trials),
            missing=condition.missing,
        )


def _with(frame: Scores, rows: Sequence[Llrs]) -> Scores:
    face, voice, fused = np.array(rows, dtype=np.float64).T
    return replace(frame, face=face, voice=voice, fused=fused)
