"""The ways in which speech is made here from a person's own; a new one is a line."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.synthetic_speech import inversion, vocoders
from benchmarks.synthetic_speech.channels import suppressed
from model.data.media import Samples

Generator = Callable[[Samples], Samples]

GENUINE = "genuine"
SUPPRESSED = "noise suppressed"
HONEST: dict[str, Generator] = {GENUINE: lambda samples: samples, SUPPRESSED: suppressed}
"""A person's speech as it is, and as an honest device hands it on."""

_ALL: dict[str, Generator] = {
    "WORLD": vocoders.world,
    "linear prediction": vocoders.linear_prediction,
    "harmonics and noise": vocoders.harmonics,
    "Griffin-Lim": inversion.griffin_lim,
    "mel inversion": inversion.mel_inversion,
    "phase vocoder": inversion.phase_vocoder,
}


def generators() -> dict[str, Generator]:
    """All that can be had on this machine: WORLD only where pyworld is installed."""
    return {name: make for name, make in _ALL.items() if name != "WORLD" or vocoders.has_world()}


def generator(name: str) -> Generator:
    """One of all, by its name in the tables."""
    return HONEST.get(name) or _ALL[name]
