"""What of a recording could not be used, and how to say it."""

from __future__ import annotations

from dataclasses import dataclass, field

from stream_verifier.errors import DamagedMediaError, MediaError, UnsupportedMediaError

_WORDS = {"audio": "sound", "video": "picture"}
_OVERLAP_S = 1.0
_OVERLAP_SHARE = 0.01
_OVERLAP_RUN_S = 0.5
"""Sound that lies where other sound has been is left out: clocks drift, and joints overlap by a
packet. More of it than this, in all or at once, is no such thing, and may hide somebody."""
_OVERLAP_TOLD_S = 0.1
_TOLD = 3
_FEW_TIMELESS = 10
"""Pictures that share a time: encoders leave a few, and never half of all."""


@dataclass(slots=True)
class _Lost:
    count: int = 0
    first_s: float = 0.0
    last_s: float = 0.0

    def add(self, time_s: float) -> None:
        self.first_s = max(0.0, min(self.first_s, time_s) if self.count else time_s)
        self.last_s = max(self.last_s, time_s)
        self.count += 1


@dataclass(slots=True)
class Damage:
    """Counts what was used and what was not, over one run through a file.

    Attributes:
        name: of the file, for messages.
        sound_s: seconds of sound that were decoded.
        pictures: pictures that were decoded.
        timeless: pictures of which it is not said that they came later than the one before.
        overlap_s: seconds of sound that were left out, as other sound lay there before.
        late: items that came too late to be put in order.
        missing: bytes that the file says it has, and does not.
        noise: bytes in it that belong to nothing.
        peak: the largest sample of all, where that is no sample: 1 is full scale.
        broken: messages of what else went wrong.
        end_s: media time at which all that was read ends.
    """

    name: str
    sound_s: float = 0.0
    pictures: int = 0
    timeless: int = 0
    overlap_s: float = 0.0
    late: int = 0
    missing: int = 0
    noise: int = 0
    peak: float = 0.0
    broken: list[str] = field(default_factory=list)
    end_s: float = 0.0
    _overlap_run_s: float = 0.0
    _overlap_longest_s: float = 0.0
    _lost: dict[str, _Lost] = field(default_factory=dict, repr=False)
    _unsupported: dict[tuple[str, str], int] = field(default_factory=dict, repr=False)

    def hear(self, length_s: float) -> None:
        """Count sound that is used."""
        self.sound_s += length_s
        self._overlap_run_s = 0.0

    def leave_out(self, length_s: float) -> None:
        """Count sound that lies where other sound has been."""
        self.overlap_s += length_s
        self._overlap_run_s += length_s
        self._overlap_longest_s = max(self._overlap_longest_s, self._overlap_run_s)

    @property
    def note(self) -> str | None:
        """What is to be told, though it is no damage."""
        if self._overlaps or self.overlap_s < _OVERLAP_TOLD_S:
            return None
        return (
            f"{self.name}: {self.overlap_s:.1f} s of sound in all were left out, in pieces, as "
            "other sound lies there."
        )

    @property
    def _overlaps(self) -> bool:
        most_s = max(_OVERLAP_S, _OVERLAP_SHARE * self.sound_s)
        return self.overlap_s > most_s or self._overlap_longest_s > _OVERLAP_RUN_S

    def lose(self, kind: str, time_s: float) -> None:
        """Count a packet at ``time_s`` that could not be decoded."""
        self._lost.setdefault(kind, _Lost()).add(time_s)

    def refuse(self, what: str, options: str = "") -> None:
        """Count a packet that uses what is not known here.

        Args:
            what: a codec, or a part of what it codes.
            options: what ffmpeg wants to be told to convert it, with a space behind.
        """
        self._unsupported[what, options] = self._unsupported.get((what, options), 0) + 1

    def check(self) -> None:
        """Say so if not everything was used.

        Raises:
            UnsupportedMediaError: a part of it is of a kind that cannot be decoded.
            DamagedMediaError: some of it is broken.
            MediaError: none of it could be decoded.
        """
        if self._unsupported:
            (what, options), count = max(self._unsupported.items(), key=lambda item: item[1])
            raise UnsupportedMediaError(
                f"{self.name} uses a kind of {what} that is not decoded here ({count} packets). "
                f"Convert it first: ffmpeg -i FILE {options}-c:v libx264 -c:a aac CONVERTED.mp4"
            )
        faults = list(self._faults())
        if not self.sound_s and not self.pictures:
            why = f" ({'; '.join(faults)})" if faults else ""
            raise MediaError(
                f"Nothing in {self.name} could be decoded{why}. It is damaged, encrypted, too "
                "large or holds no media."
            )
        if faults:
            raise DamagedMediaError(f"{self.name} is damaged: {'; '.join(faults)}. {self._used()}")

    def _faults(self) -> list[str]:
        faults = []
        for kind, lost in sorted(self._lost.items()):
            where = f"at {lost.first_s:.1f} s"
            if lost.count > 1:
                where = f"between {lost.first_s:.1f} and {lost.last_s:.1f} s"
            faults.append(f"{lost.count} packets of {_WORDS[kind]} {where} could not be decoded")
        if self.missing:
            faults.append(f"it breaks off: its last {self.missing} bytes are missing")
        if self.noise:
            faults.append(f"{self.noise} bytes in it are noise")
        if self.timeless > max(_FEW_TIMELESS, self.pictures / 2):
            faults.append(
                f"{self.timeless} pictures have no time of their own "
                "(ffmpeg -fflags +genpts -i FILE MENDED.mp4 may find it)"
            )
        if self.peak:
            faults.append(
                f"its samples go up to {self.peak:.0f}, where 1 is full scale (divide them before "
                "they are written, 16-bit ones by 32768)"
            )
        if self._overlaps:
            faults.append(f"{self.overlap_s:.1f} s of sound lie where other sound has been")
        if self.late:
            faults.append(
                f"sound and picture lie so far apart that {self.late} pieces came too late "
                "(ffmpeg -i FILE -c copy MENDED.mkv puts them together)"
            )
        more = len(self.broken) - _TOLD
        return [*faults, *self.broken[:_TOLD], *([f"and {more} more faults"] if more > 0 else [])]

    def _used(self) -> str:
        parts = [f"{self.sound_s:.1f} s of sound"] if self.sound_s else []
        parts += [f"{self.pictures} pictures"] if self.pictures else []
        return f"What could be read: {' and '.join(parts)}, up to {self.end_s:.1f} s."
