"""What evaluation does to probes: noise, a poor picture, a codec, little speech.

References always come from untouched files. Every effect is fixed or follows from the file's
name, so that each run and each system meets the same probes.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from model.data.codecs import narrow_band, opus, telephone
from model.data.degrade import add_noise, low_resolution
from model.data.light import low_light
from model.data.media import SAMPLE_RATE_HZ, Picture, Samples, join_voices, read_picture, read_voice
from model.data.packs import Pack
from model.errors import PackError

NOISE_DB = {"noise10": 10.0, "noise0": 0.0}
OPUS_BPS = 16_000
SHORT_S = 1.0
VOICE_EFFECTS = ("short1", "noise10", "noise0", "narrow", "phone", "opus16")
"""In the order in which a call does them, whatever the order they are named in."""
FACE_EFFECTS = ("dark", "lowres")
ALIASES = {
    "clean": (),
    "noisy": ("noise10", "lowres"),
    "call": ("noise10", "opus16", "lowres"),
}
MODALITIES = ("face", "voice")

_LEVEL_FRAME = SAMPLE_RATE_HZ * 30 // 1000
_UNDER_PEAK_DB = 25.0


@dataclass(frozen=True, slots=True)
class Condition:
    """One way to treat probes.

    Attributes:
        name: as asked for.
        face: effects on the picture, in order.
        voice: effects on the speech, in order.
        missing: the modality taken from every probe, if any.
    """

    name: str
    face: tuple[str, ...] = ()
    voice: tuple[str, ...] = ()
    missing: str | None = None

    @classmethod
    def parse(cls, name: str) -> Condition:
        """Read a name: effects and aliases joined by ``+``; ``-face`` or ``-voice`` takes one away.

        Args:
            name: such as "clean", "noise10+lowres" or "call-face".

        Raises:
            PackError: a part of it is unknown; says which there are.
        """
        parts, _, missing = name.partition("-")
        wanted: set[str] = set()
        for part in parts.split("+"):
            wanted.update(ALIASES.get(part, (part,)))
        known = (*ALIASES, *VOICE_EFFECTS, *FACE_EFFECTS)
        unknown = wanted - set(known)
        if unknown or missing not in ("", *MODALITIES):
            raise PackError(
                f"unknown condition {name!r}: use {', '.join(known)}, several joined by '+', "
                "and '-face' or '-voice' at the end to leave that modality out"
            )
        face = tuple(effect for effect in FACE_EFFECTS if effect in wanted)
        voice = tuple(effect for effect in VOICE_EFFECTS if effect in wanted)
        return cls(name, face, voice, missing or None)


class Treatment:
    """Reads a pack's probes as a condition has them.

    Effects on the voice: ``short1`` keeps the first second of speech; ``noise10`` and ``noise0``
    add the pack's recorded noise at 10 and 0 dB SNR, the clip chosen by the first file's name;
    ``narrow`` samples at 8 kHz; ``phone`` keeps 300 to 3400 Hz of it, by mu-law (G.711);
    ``opus16`` codes as a call does at 16 kb/s. On the face: ``dark`` is a dim room, the brightest
    parts at 15 % and sensor noise of 2 grey levels; ``lowres`` shrinks to 35 %, codes as JPEG of
    quality 30 and enlarges again.

    Args:
        pack: where noise clips come from.
    """

    def __init__(self, pack: Pack) -> None:
        self._pack = pack

    def face(self, condition: Condition, file: Path) -> Picture:
        """A probe's picture, uint8, shape (160, 160, 3), RGB."""
        picture = read_picture(file)
        for effect in condition.face:
            picture = low_resolution(picture) if effect == "lowres" else _dark(picture, file)
        return picture

    def voice(self, condition: Condition, files: tuple[Path, ...]) -> Samples:
        """A probe's speech, files one after the other, float32, 16 kHz.

        Raises:
            PackError: a file cannot be decoded, or the pack has no noise to add.
        """
        samples = join_voices(files, notes=self._pack.notes)
        for effect in condition.voice:
            samples = self._affected(effect, samples, files[0])
        return samples

    def check(self, condition: Condition) -> None:
        """Make sure that the pack has what a condition needs, before anything is scored.

        Raises:
            PackError: noise is wanted and the pack has none.
        """
        if set(condition.voice) & set(NOISE_DB) and not self._pack.noises:
            raise PackError(
                f"pack {self._pack.root} has no noise for the condition {condition.name}: list "
                "clips in voices.csv with a source that ends in _noise"
            )

    def _affected(self, effect: str, samples: Samples, file: Path) -> Samples:
        if effect == "short1":
            return first_speech(samples, SHORT_S)
        if effect in _CODED:
            return _CODED[effect](samples)
        clips = self._pack.noises
        clip = clips[_digest(file) % len(clips)]
        return add_noise(samples, _noise(clip.path), NOISE_DB[effect])


_CODED: dict[str, Callable[[Samples], Samples]] = {
    "opus16": partial(opus, bitrate_bps=OPUS_BPS),
    "narrow": narrow_band,
    "phone": telephone,
}


def first_speech(samples: Samples, seconds: float) -> Samples:
    """The first ``seconds`` from where speech starts; less where there is less.

    Speech starts with the first 30 ms whose level is within 25 dB of the loudest 30 ms.

    Args:
        samples: float32, 16 kHz.
        seconds: how much to keep.
    """
    frames = samples[: len(samples) // _LEVEL_FRAME * _LEVEL_FRAME].reshape(-1, _LEVEL_FRAME)
    count = round(seconds * SAMPLE_RATE_HZ)
    if not len(frames):
        return samples
    power = np.square(frames, dtype=np.float64).mean(axis=1)
    start = int(np.argmax(power >= power.max() * 10 ** (-_UNDER_PEAK_DB / 10))) * _LEVEL_FRAME
    return samples[min(start, max(0, len(samples) - count)) :][:count]


def _dark(picture: Picture, file: Path) -> Picture:
    rng = np.random.default_rng(_digest(file))
    return low_light(picture, rng, gain=0.15, gamma=1.2, noise=2.0)


def _digest(file: Path) -> int:
    return zlib.crc32(file.name.encode())


@lru_cache(maxsize=64)
def _noise(path: Path) -> Samples:
    return read_voice(path)
