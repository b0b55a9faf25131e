"""Speech made from text by whatever synthesisers are installed: voices that nobody has.

They cannot be set against the same words of the same people, as copy synthesis can; what tells them
may be that they were never in a room.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.synthetic_speech.pieces import Piece

TEXTS = (
    "The harbour was quiet that morning, and nobody had seen the boats go out before the fog.",
    "She counted eleven steps to the door, turned the key twice and waited for an answer.",
    "If the train is late again we shall have to walk, said the older of the two brothers.",
    "There is a reason for every number on this page, although few people ever look for it.",
)
_ESPEAK = ("en-us+m1", "en-us+m3", "en-us+f2", "en-us+f4", "en-gb+m7", "en-gb+f5", "de+m2", "ko+f3")
_FLITE = ("kal16", "awb", "rms", "slt")
_FESTIVAL = ("kal_diphone", "ked_diphone", "cmu_us_slt_arctic_hts")
Command = Callable[[str, str, Path], list[str]]


def _festival(voice: str, text: str, file: Path) -> list[str]:
    wave = f'(utt.synth (Utterance Text "{text}"))'
    return [
        "festival",
        "--batch",
        f'(begin (voice_{voice}) (utt.save.wave {wave} "{file}" \'riff))',
    ]


SYNTHESISERS: dict[str, tuple[Sequence[str], Command]] = {
    "espeak-ng": (
        _ESPEAK,
        lambda voice, text, file: ["espeak-ng", "-v", voice, "-w", str(file), text],
    ),
    "flite": (
        _FLITE,
        lambda voice, text, file: ["flite", "-voice", voice, "-t", text, "-o", str(file)],
    ),
    "festival": (_FESTIVAL, _festival),
}


def spoken(folder: Path) -> dict[str, tuple[Piece, ...]]:
    """By synthesiser that is installed, a piece of each voice and text.

    Args:
        folder: where sound files are kept for the next run.

    Raises:
        subprocess.CalledProcessError: a synthesiser is installed and fails, such as for a voice
            that is not.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return {
        name: tuple(
            Piece(name, f"{name}/{voice}", (_said(command, voice, number, folder),))
            for voice in voices
            for number in range(len(TEXTS))
        )
        for name, (voices, command) in SYNTHESISERS.items()
        if shutil.which(name)
    }


def _said(command: Command, voice: str, number: int, folder: Path) -> Path:
    file = folder / f"{voice.replace('+', '_')}-{number}.wav"
    if not file.is_file():
        subprocess.run(command(voice, TEXTS[number], file), check=True, capture_output=True)
    return file
