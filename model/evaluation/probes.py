"""A pack's files as systems embed them: each once for each treatment."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from pathlib import Path
from typing import Any

from model.data.conditions import Condition, Treatment
from model.data.packs import Pack
from model.errors import ModelError, PackError
from model.evaluation.systems import System

CLEAN = Condition("clean")
BySystem = tuple[Any, ...]
Advance = Callable[[], None]


class Probes:
    """Embeds probes and references for several systems.

    What cannot be decoded is None, and goes into the pack's notes.

    Args:
        pack: with chimeras and trials.
        systems: those with a common ``base`` share embeddings.
        advance: called for each file or joint of files embedded.
    """

    def __init__(self, pack: Pack, systems: Sequence[System], *, advance: Advance) -> None:
        self._pack = pack
        self._systems = tuple(systems)
        self._advance = advance
        self._treatment = Treatment(pack)
        self._bases = [_base(system) for system in systems]
        self._known: dict[Hashable, BySystem | None] = {}

    def check(self, condition: Condition) -> None:
        """Raise PackError where the pack lacks what a condition needs."""
        self._treatment.check(condition)

    def face(self, condition: Condition, file: Path) -> BySystem | None:
        """What each system makes of a picture."""
        if condition.missing == "face":
            return (None,) * len(self._systems)
        key = (condition.face, file)
        return self._once(key, (file,), lambda: self._faces(condition, file))

    def voice(self, condition: Condition, files: tuple[Path, ...]) -> BySystem | None:
        """What each system makes of speech, files one after the other."""
        if condition.missing == "voice":
            return (None,) * len(self._systems)
        key = (condition.voice, files)
        return self._once(key, files, lambda: self._voices(condition, files))

    def reference(self, chimera: str) -> BySystem | None:
        """Each system's reference of a made-up person, from untouched files."""
        if chimera not in self._known:
            enrolled = self._pack.chimeras[chimera]
            faces = [self.face(CLEAN, file) for file in enrolled.faces]
            voices = [self.voice(CLEAN, (file,)) for file in enrolled.voices]
            whole = None not in (*faces, *voices)
            self._known[chimera] = self._enrol(chimera, faces, voices) if whole else None
        return self._known[chimera]

    def _enrol(self, chimera: str, faces: Sequence[Any], voices: Sequence[Any]) -> BySystem:
        def of(samples: Sequence[BySystem], column: int) -> list[Any]:
            return [sample[column] for sample in samples if sample[column] is not None]

        def reference(system: System, column: int) -> Any | None:
            usable = of(faces, column), of(voices, column)
            try:
                return system.reference(*usable)
            except ModelError:
                self._pack.notes.leave_out(chimera, sum(map(len, usable)))
                return None

        return tuple(reference(system, column) for column, system in enumerate(self._systems))

    def _faces(self, condition: Condition, file: Path) -> BySystem:
        picture = self._treatment.face(condition, file)
        return self._by_base(lambda system: system.face(picture))

    def _voices(self, condition: Condition, files: tuple[Path, ...]) -> BySystem:
        samples = self._treatment.voice(condition, files)
        return self._by_base(lambda system: system.voice(samples))

    def _by_base(self, embed: Callable[[System], Any]) -> BySystem:
        made = {id(base): embed(base) for base in {id(b): b for b in self._bases}.values()}
        return tuple(made[id(base)] for base in self._bases)

    def _once(
        self, key: Hashable, files: tuple[Path, ...], embed: Callable[[], BySystem]
    ) -> BySystem | None:
        if key not in self._known:
            self._advance()
            try:
                self._known[key] = embed()
            except PackError as error:
                bad = next((file for file in files if str(file) in str(error)), files[0])
                self._pack.notes.skip(bad, str(error))
                self._known[key] = None
        return self._known[key]


def _base(system: System) -> System:
    base: System = getattr(system, "base", system)
    return base
