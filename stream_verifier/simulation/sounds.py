"""The samples of what is heard in a call: takes, rooms, and what a condition does to them."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache

import numpy as np

from model.data import degrade
from model.data.codecs import opus
from model.data.conditions import NOISE_DB, OPUS_BPS, Condition
from model.data.media import SAMPLE_RATE_HZ, Samples, read_voice
from model.data.packs import Pack
from model.errors import PackError
from stream_verifier.simulation.casting import PAUSE_S, Role, Take
from stream_verifier.simulation.sound_layout import Piece

ROOM_DB = 45.0
"""How far a quiet room is below the speech in it."""
EFFECTS = {*NOISE_DB, "opus16"}
_FADE_DB = 25.0
_FRAME = SAMPLE_RATE_HZ * 30 // 1000
_MADE_S = 5.0
_BABBLERS = 5


class Sounds:
    """Makes the samples of pieces.

    Each role's room has a hum of its own, white and quiet, that is always there. A noisy condition
    adds one of the pack's noise clips to all that is said, as in the evaluation of single windows,
    at so many decibels below it. Where the pack has none, as packs for training, it is made.

    Args:
        pack: where noise clips come from.
        roles: by name.
        noise_in_pauses: the clip goes on when nobody talks: a dog, a baby or a table of others
            that never rests.
    """

    def __init__(
        self, pack: Pack, roles: Mapping[str, Role], *, noise_in_pauses: bool = False
    ) -> None:
        self._pack = pack
        self._roles = roles
        self._noise_in_pauses = noise_in_pauses
        self._take = lru_cache(maxsize=64)(self._read_take)
        self._room = lru_cache(maxsize=16)(self._make_room)

    def piece(self, piece: Piece, condition: Condition) -> Samples:
        """The samples of a piece, float32, -1 to 1, 16 kHz.

        Raises:
            PackError: a file cannot be decoded, or the condition is not for calls.
        """
        if set(condition.voice) - EFFECTS:
            raise PackError(f"no call can be made in the condition {condition.name!r}")
        sound = self._ground(piece, condition)
        for spurt in piece.spurts:
            start, end = (_samples(time_s) for time_s in (spurt.start_s, spurt.end_s))
            heard = self._take(spurt.who, spurt.take)[: end - start]
            sound[start : start + len(heard)] += heard
        sound = np.clip(sound, -1, 1)
        return opus(sound, OPUS_BPS) if "opus16" in condition.voice else sound

    def _ground(self, piece: Piece, condition: Condition) -> Samples:
        """What is heard beside the speech: the room of whoever speaks, from then on."""
        noise = next((effect for effect in condition.voice if effect in NOISE_DB), None)
        turns = [(0.0, piece.room), *((spurt.start_s, spurt.who) for spurt in piece.spurts)]
        ends = [*(start_s for start_s, _ in turns[1:]), piece.length_s]
        stretches = [(*turn, end_s) for turn, end_s in zip(turns, ends, strict=True)]
        sound = self._laid(piece, stretches, None)
        if noise is None:
            return sound
        said = [(spurt.start_s, spurt.who, spurt.end_s) for spurt in piece.spurts]
        return sound + self._laid(piece, stretches if self._noise_in_pauses else said, noise)

    def _laid(
        self, piece: Piece, stretches: Sequence[tuple[float, str, float]], noise: str | None
    ) -> Samples:
        """One kind of ground in stretches of a piece, silence elsewhere."""
        whole = _samples(piece.length_s)
        sound = np.zeros(whole, np.float32)
        for start_s, who, end_s in stretches:
            start, end = _samples(start_s), min(_samples(end_s), whole)
            sound[start:end] = np.resize(self._room(who, noise), whole)[start:end]
        return sound

    def _read_take(self, who: str, number: int) -> Samples:
        """A take without the silence at its start, cut to its length."""
        take: Take = self._roles[who].takes[number]
        pause = np.zeros(_samples(PAUSE_S), np.float32)
        parts = [
            part
            for file in take.files
            for part in (pause, read_voice(file, notes=self._pack.notes))
        ]
        joined = np.concatenate(parts[1:])
        return joined[_onset(joined) :][: _samples(take.seconds)]

    def _make_room(self, who: str, noise: str | None) -> Samples:
        sound = self._take(who, 0)
        level_db = ROOM_DB if noise is None else NOISE_DB[noise]
        digest = zlib.crc32(self._roles[who].takes[0].files[0].name.encode())
        made = self._noise(who, digest) if noise else _white(digest)
        power = float(np.mean(np.square(sound, dtype=np.float64)))
        ratio = power / max(float(np.mean(np.square(made, dtype=np.float64))), 1e-12)
        return np.asarray(made * np.sqrt(ratio * 10 ** (-level_db / 10)), np.float32)

    def _noise(self, who: str, digest: int) -> Samples:
        clips = self._clips
        if clips:
            return clips[digest % len(clips)]
        rng = np.random.default_rng(digest)
        others = [name for name in self._roles if name != who]
        chosen = [others[index] for index in rng.permutation(len(others))[:_BABBLERS]]
        return _made(rng, [self._take(name, 0) for name in chosen])

    @cached_property
    def _clips(self) -> list[Samples]:
        return [read_voice(noise.path) for noise in self._pack.noises]


def _made(rng: np.random.Generator, voices: Sequence[Samples]) -> Samples:
    """One kind of noise, drawn at random; of voices, where given, all at once."""
    count = _samples(_MADE_S)
    kind = int(rng.integers(5))
    if kind == 0 and voices:
        return degrade.babble(count, voices, rng)
    if kind == 1:
        return degrade.hum(count, rng)
    if kind == 2:
        return degrade.bursts(count, rng)
    return degrade.coloured(count, rng, exponent=float(rng.uniform(0, 2)))


def _white(digest: int) -> Samples:
    return degrade.white(_samples(_MADE_S), np.random.default_rng(digest))


def _onset(samples: Samples) -> int:
    """Where speech starts: the first 30 ms within 25 dB of the loudest."""
    frames = samples[: len(samples) // _FRAME * _FRAME].reshape(-1, _FRAME)
    if not len(frames):
        return 0
    power = np.square(frames, dtype=np.float64).mean(axis=1)
    return int(np.argmax(power >= power.max() * 10 ** (-_FADE_DB / 10))) * _FRAME


def _samples(time_s: float) -> int:
    return round(time_s * SAMPLE_RATE_HZ)
