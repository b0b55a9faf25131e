"""What calls show and say, embedded once and kept on disk."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from model.data.conditions import Condition
from model.data.media import crop_face, read_picture, read_voice
from model.data.packs import Pack
from model.errors import PackError
from model.runtime.face import FaceTower
from model.runtime.reference import make_reference
from model.runtime.speech import cut_speech, whole_speech
from model.runtime.voice import VoiceTower
from model.runtime.weights import Weights
from model.types import FaceQuality, FaceSample, Reference, Vector, VoiceSample
from stream_verifier.simulation import embedded_faces, embedded_speech
from stream_verifier.simulation.array_cache import ArrayCache, Arrays
from stream_verifier.simulation.camera_views import Views
from stream_verifier.simulation.casting import Role
from stream_verifier.simulation.embedded_faces import Seen
from stream_verifier.simulation.embedded_speech import Heard
from stream_verifier.simulation.script import Script
from stream_verifier.simulation.sound_layout import Piece, lay_out
from stream_verifier.simulation.sounds import Sounds
from stream_verifier.windows.faces import FaceDetector
from stream_verifier.windows.settings import WindowSettings, speech_windower

CACHE = Path(".cache/swaps")
_FORMAT = 1
"""Another one where the making of pictures or sound changes: old arrays are then not found."""
_UNKNOWN = FaceQuality(np.nan, 0.0, np.nan, np.nan, 0.0, 0.0, 0.0)


class Material:
    """Pictures and speech of a cast, as samples.

    Args:
        pack: that the cast is of.
        roles: the cast.
        weights: towers and detector; loaded when something new must be embedded.
        cache: folder to keep samples in; None to keep nothing.
        settings: how speech is cut.
        noise_in_pauses: noise goes on when nobody talks (`Sounds`).
    """

    def __init__(
        self,
        *,
        pack: Pack,
        roles: Sequence[Role],
        weights: Weights,
        cache: Path | None = CACHE,
        settings: WindowSettings | None = None,
        noise_in_pauses: bool = False,
    ) -> None:
        self.roles = {role.name: role for role in roles}
        self.settings = settings or WindowSettings()
        self.sounds = Sounds(pack, self.roles, noise_in_pauses=noise_in_pauses)
        ears = weights.digest("speech_detector")[:16]
        self._heard_as = f"{self.settings} {ears} {pack.name} {noise_in_pauses}"
        self.views = Views(self.roles)
        self._pack = pack
        self._weights = weights
        self._faces, self._voices = (
            ArrayCache(cache and cache / f"{part}-{weights.digest(part)[:16]}-{_FORMAT}.sqlite")
            for part in ("face_tower", "voice_tower")
        )
        self._pieces: dict[tuple[str, Piece], Heard] = {}
        self._seen: dict[tuple[str, tuple[str, ...]], Seen] = {}
        self._references: dict[str, Reference] = {}

    def prepare(self, scripts: Sequence[Script]) -> None:
        """Embed all that these calls need and that is not known yet, with a progress bar."""
        console = Console(stderr=True)
        wanted = dict.fromkeys(need for script in scripts for need in _needs(script))
        for what, who, condition in track(list(wanted), "embedding", console=console):
            if isinstance(what, Piece):
                self.heard(what, condition)
            elif what == "face":
                self.seen(who, condition)
            else:
                self.reference(who)

    def heard(self, piece: Piece, condition: str) -> Heard:
        """What is heard of a piece.

        Raises:
            PackError: a file cannot be decoded.
        """
        if (condition, piece) not in self._pieces:
            key = self._key("voice", condition, *self._sources(piece), self._heard_as)
            arrays = self._voices.get(key, lambda: self._listen(piece, Condition.parse(condition)))
            self._pieces[condition, piece] = embedded_speech.heard(arrays)
        return self._pieces[condition, piece]

    def seen(self, who: str, condition: str) -> Seen:
        """What is seen in each view of a person.

        Raises:
            PackError: a picture cannot be decoded.
        """
        parsed = Condition.parse(condition)
        if (who, parsed.face) not in self._seen:
            files = map(str, self.roles[who].faces)
            key = self._key("face", *parsed.face, *files)
            arrays = self._faces.get(key, lambda: self._watch(who, parsed))
            self._seen[who, parsed.face] = embedded_faces.seen(who, arrays)
        return self._seen[who, parsed.face]

    def reference(self, who: str) -> Reference:
        """The reference of a person, from untouched files.

        Raises:
            PackError: a file cannot be decoded or holds no speech.
        """
        if who not in self._references:
            self._references[who] = self._enrol(self.roles[who])
        return self._references[who]

    def pcm(self, piece: Piece, condition: str) -> NDArray[np.int16]:
        """The samples that ``heard`` listened to, int16, 16 kHz."""
        return embedded_speech.to_pcm(self.sounds.piece(piece, Condition.parse(condition)))

    def _listen(self, piece: Piece, condition: Condition) -> Arrays:
        pcm = embedded_speech.to_pcm(self.sounds.piece(piece, condition))
        return embedded_speech.listen(pcm, speech_windower(self.settings), self._embed)

    def _watch(self, who: str, condition: Condition) -> Arrays:
        frames = [self.views.frame(who, view, condition) for view in range(self.views.count(who))]
        return embedded_faces.watch(frames, self._detector, self._face_tower)

    def _embed(self, fbank: NDArray[np.float32]) -> Vector:
        key = f"vector {hashlib.blake2b(fbank.tobytes(), digest_size=16).hexdigest()}"
        made = self._voices.get(key, lambda: {"vector": self._voice_tower.embed(fbank)})
        return np.asarray(made["vector"], np.float32)

    def _enrol(self, role: Role) -> Reference:
        faces = [FaceSample(self._enrolled_face(file), _UNKNOWN) for file in role.enrol_faces]
        voices = [self._enrolled_voice(file) for file in role.enrol_voices]
        return make_reference(self._weights.model_id, faces, voices)

    def _enrolled_face(self, file: Path) -> Vector:
        def embed() -> Arrays:
            return {"vector": self._face_tower.embed(crop_face(read_picture(file))[None])[0]}

        made = self._faces.get(self._key("enrolled", str(file)), embed)
        return np.asarray(made["vector"], np.float32)

    def embedded(self, file: Path) -> VoiceSample:
        """One file of speech, embedded whole as an enrolment would.

        Raises:
            PackError: it cannot be decoded or holds too little speech.
        """
        return self._enrolled_voice(file)

    def _enrolled_voice(self, file: Path) -> VoiceSample:
        samples = read_voice(file, notes=self._pack.notes)
        speech = cut_speech(samples) or whole_speech(samples)
        if speech is None:
            raise PackError(f"{file} holds too little speech to enrol: take it out")
        return VoiceSample(self._embed(speech.fbank), speech.quality)

    def _sources(self, piece: Piece) -> Iterator[str]:
        """All that a piece's sound follows from."""
        yield piece.key
        for who, take in ((piece.room, 0), *((spurt.who, spurt.take) for spurt in piece.spurts)):
            yield from map(str, self.roles[who].takes[take].files)

    def _key(self, *parts: str) -> str:
        return hashlib.blake2b("\n".join(parts).encode(), digest_size=16).hexdigest()

    @cached_property
    def _voice_tower(self) -> VoiceTower:
        return VoiceTower(self._weights)

    @cached_property
    def _face_tower(self) -> FaceTower:
        return FaceTower(self._weights)

    @cached_property
    def _detector(self) -> FaceDetector:
        return FaceDetector(self._weights.path("face_detector"))


def _needs(script: Script) -> Iterator[tuple[Any, str, str]]:
    yield "reference", script.chimera, ""
    for shot in script.shots:
        yield "face", shot.who, script.condition
    for placed in lay_out(script):
        yield placed.piece, "", script.condition
