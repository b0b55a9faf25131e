"""What reading a pack met and lived with, gathered so that a command can say it at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from model.errors import PackError

NAMED = 10
T = TypeVar("T")


@dataclass
class Notes:
    """Files that were resampled or skipped and people who were left out, each counted once.

    Attributes:
        rates_hz: sample rate of each sound file that was not at 16 kHz.
        skipped: why each skipped file could not be used.
        left_out: how many samples each person left out has.
    """

    rates_hz: dict[Path, int] = field(default_factory=dict)
    skipped: dict[Path, str] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)

    def resampled(self, path: Path, rate_hz: int) -> None:
        """A sound file was brought to 16 kHz."""
        self.rates_hz[path] = rate_hz

    def skip(self, path: Path, reason: str) -> None:
        """A file could not be used."""
        self.skipped[path] = reason

    def leave_out(self, identity: str, samples: int) -> None:
        """A person has too few samples."""
        self.left_out[identity] = samples

    def reading(self, paths: Iterable[Path], read: Callable[[Path], T]) -> Iterator[tuple[Path, T]]:
        """Read files one after the other, those that cannot be read skipped and noted.

        Args:
            paths: of the files.
            read: raises :class:`model.errors.PackError` for a bad one.
        """
        for path in paths:
            try:
                yield path, read(path)
            except PackError as error:
                self.skip(path, str(error))

    def lines(self) -> list[str]:
        """What to print, nothing where nothing happened; at most ten files are named."""
        lines = [
            f"sound files resampled from {rate_hz} Hz to 16000 Hz: {count}"
            for rate_hz, count in sorted(Counter(self.rates_hz.values()).items())
        ]
        if self.left_out:
            lines.append(f"people left out for too few samples: {len(self.left_out)}")
        if self.skipped:
            lines.append(f"files skipped: {len(self.skipped)}")
            lines += [f"  {reason}" for reason in list(self.skipped.values())[:NAMED]]
        if len(self.skipped) > NAMED:
            lines.append(f"  and {len(self.skipped) - NAMED} more")
        return lines
