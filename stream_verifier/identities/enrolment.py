"""Collecting samples of one person until they are enough for a reference; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

import numpy as np

from model.runtime.reference import make_reference
from model.types import FaceQuality, FaceSample, Reference, VoiceSample
from stream_verifier.errors import EnrolmentError
from stream_verifier.identities.one_person import OnePerson
from stream_verifier.identities.requirements import EnrolmentRequirements

_HINT_OF_NOTE = {
    "no_face": "show_face",
    "poor_face_quality": "show_face",
    "face_too_small": "come_closer",
    "face_dark": "more_light",
    "face_bright": "less_light",
    "face_flat": "more_light",
    "face_blurred": "hold_still",
    "face_turned": "show_face",
    "face_cut": "whole_face",
    "no_speech": "keep_talking",
    "soft_voice": "speak_up",
    "noisy_audio": "quieter_place",
}


_KIND_OF_HINT = dict.fromkeys(
    ("keep_talking", "speak_up", "quieter_place", "voice_changed"), "audio"
)
_OF_KIND = {"video": "picture", "audio": "speech"}


@dataclass(slots=True)
class _Source:
    """What came of one of several sources: a file, or the call.

    Attributes:
        name: as it is told; empty for a call.
        kinds: what it was given for: "video", "audio" or both.
        hints: all that were given while it lasted.
        taken: samples of each kind that it gave.
    """

    name: str = ""
    kinds: Collection[str] = ("audio", "video")
    hints: dict[str, None] = field(default_factory=dict)
    taken: Counter[str] = field(default_factory=Counter)

    def finding(self) -> str | None:
        """Why nothing of a kind that it was given for was used; None where all was."""
        lacking = {kind for kind in self.kinds if not self.taken[kind]}
        if not self.name or not lacking:
            return None
        about = [hint for hint in self.hints if _KIND_OF_HINT.get(hint, "video") in lacking]
        surer = [hint for hint in about if hint != "show_face"] or about
        what = " and ".join(_OF_KIND[kind] for kind in sorted(lacking, reverse=True))
        return f"{self.name}: no {what} of it was used ({', '.join(surer) or 'nothing there'})"


@dataclass(frozen=True, slots=True)
class EnrolmentProgress:
    """How far an enrolment is.

    Attributes:
        speech_s, speech_needed_s: seconds of the main person's speech.
        faces, faces_needed: the main person's pictures.
        missing: hints, most urgent first, empty when complete. Any of one_person_only,
            face_changed, voice_changed, show_face, whole_face, come_closer, more_light, less_light,
            hold_still, keep_looking, turn_a_little, keep_talking, speak_up, quieter_place.
            keep_looking means that the newest picture was good and only more of them are needed.
        complete: whether a reference can be made.
        faces_dropped, voices_dropped: samples that were somebody else's.
    """

    speech_s: float
    speech_needed_s: float
    faces: int
    faces_needed: int
    missing: tuple[str, ...]
    complete: bool
    faces_dropped: int = 0
    voices_dropped: int = 0

    @property
    def speech_fraction(self) -> float:
        """How much of the speech is there, 0 to 1."""
        return min(1.0, self.speech_s / self.speech_needed_s)

    @property
    def face_fraction(self) -> float:
        """How many of the pictures are there, 0 to 1."""
        return min(1.0, self.faces / self.faces_needed)


class Enrolment:
    """Takes in windows of a call or of files; neither pictures nor sound, embeddings only.

    Args:
        requirements: what is enough; for a live call by default.
    """

    def __init__(self, requirements: EnrolmentRequirements | None = None) -> None:
        """Start with nothing."""
        self._needs = requirements or EnrolmentRequirements()
        self._faces: OnePerson[FaceSample] = OnePerson(same_cosine=self._needs.face_cosine)
        self._voices: OnePerson[VoiceSample] = OnePerson(
            same_cosine=self._needs.voice_cosine, across_cosine=self._needs.voice_cosine_across
        )
        self._hints: tuple[str, ...] = ()
        self._face_is_good = False
        self._sources: list[_Source] = []
        self.begin_source()

    def begin_source(self, name: str = "", *, kinds: Collection[str] = ("audio", "video")) -> None:
        """Say that media time starts anew, as with the next of several files.

        Args:
            name: of the file, for messages.
            kinds: what of it is used.
        """
        self._sources.append(_Source(name, kinds))
        self._faces.begin_source()
        self._voices.begin_source()
        self._last_face_s = self._heard_until_s = float("-inf")

    def add(
        self,
        *,
        face: FaceSample | None,
        voice: VoiceSample | None,
        start_s: float,
        end_s: float,
        faces_seen: int,
        notes: Iterable[str] = (),
    ) -> None:
        """Take one window in.

        While a second face is in view nothing is taken: whose voice it is cannot be told.

        Args:
            face: the window's best face, None without one.
            voice: its speech, None without any; may overlap earlier windows.
            start_s: media time at which the window, or the speech in it, starts.
            end_s: media time at which it ends; never runs backwards within a source.
            faces_seen: most faces in any one frame.
            notes: what the front end remarked, as in ``Window.notes``.
        """
        self._hints = tuple(_HINT_OF_NOTE[note] for note in notes if note in _HINT_OF_NOTE)
        self._face_is_good = False
        if faces_seen > 1:
            self._hints = ("one_person_only",)
        else:
            if face is not None:
                self._take_face(face, end_s)
            if voice is not None:
                self._take_voice(voice, start_s, end_s)
        self._sources[-1].hints.update(dict.fromkeys(self._hints))

    def findings(self) -> list[str]:
        """Of which files nothing was used, and why; each names its file."""
        found = [source.finding() for source in self._sources]
        return [finding for finding in found if finding is not None]

    def progress(self) -> EnrolmentProgress:
        """How far it is and what is missing."""
        needs = self._needs
        missing = tuple(dict.fromkeys(self._missing()))
        return EnrolmentProgress(
            speech_s=self._voices.weight,
            speech_needed_s=needs.speech_s,
            faces=len(self._faces.samples),
            faces_needed=needs.faces,
            missing=missing,
            complete=not missing,
            faces_dropped=self._faces.dropped,
            voices_dropped=self._voices.dropped,
        )

    @property
    def faces(self) -> list[FaceSample]:
        """The main person's pictures so far."""
        return self._faces.samples

    @property
    def voices(self) -> list[VoiceSample]:
        """The main person's speech so far."""
        return self._voices.samples

    def reference(self, model_id: str) -> Reference:
        """Make the reference from the main person's samples.

        Args:
            model_id: the embedding space of the samples.

        Raises:
            EnrolmentError: something is missing, or there were two people; the message says what.
        """
        progress = self.progress()
        if not progress.complete:
            raise EnrolmentError(self._explain(progress))
        # The samples overlap: what they heard together is less than the sum of what each heard.
        return make_reference(
            model_id, self._faces.samples, self._voices.samples, speech_s=progress.speech_s
        )

    def _take_face(self, face: FaceSample, time_s: float) -> None:
        hints = self._face_hints(face.quality)
        self._hints += hints
        self._face_is_good = not hints
        if not hints and time_s - self._last_face_s >= self._needs.face_spacing_s:
            self._last_face_s = time_s
            self._faces.add(face, 1)
            self._count("video", self._faces.newest_is_other, "face_changed")

    def _face_hints(self, quality: FaceQuality) -> tuple[str, ...]:
        needs = self._needs
        faults = {
            "come_closer": quality.size_px < needs.face_px,
            "more_light": quality.brightness < needs.brightness
            or quality.contrast < needs.contrast,
            "less_light": quality.brightness > needs.most_brightness,
            "hold_still": quality.sharpness < needs.sharpness,
        }
        return tuple(hint for hint, fault in faults.items() if fault)

    def _take_voice(self, voice: VoiceSample, start_s: float, end_s: float) -> None:
        new_s = self._new_speech_s(voice.quality.speech_s, start_s, end_s)
        if voice.quality.snr_db < self._needs.snr_db:
            self._hints += ("quieter_place",)
        else:
            self._voices.add(voice, new_s)
            self._count("audio", self._voices.newest_is_other, "voice_changed")

    def _count(self, kind: str, is_other: bool, hint: str) -> None:
        source = self._sources[-1]
        if is_other:
            source.hints[hint] = None
        else:
            source.taken[kind] += 1

    def _new_speech_s(self, speech_s: float, start_s: float, end_s: float) -> float:
        """Seconds of speech that no earlier window held: its share of the time not yet heard."""
        # A speech window reaches back over all its speech, even if its caller gives less.
        start_s = min(start_s, end_s - speech_s)
        new_s = max(0.0, end_s - max(start_s, self._heard_until_s))
        self._heard_until_s = max(end_s, self._heard_until_s)
        return speech_s * new_s / max(end_s - start_s, 1e-9)

    def _missing(self) -> list[str]:
        """Hints for what is not there yet; those of the newest window only where they matter."""
        needs = self._needs
        two_faces, two_voices = self._two_people()
        need_faces = two_faces or len(self._faces.samples) < needs.faces
        need_speech = two_voices or self._voices.weight < needs.speech_s
        missing = []
        if need_faces or need_speech:
            missing += [hint for hint in self._hints if hint == "one_person_only"]
        if need_faces:
            missing += self._missing_face(two_faces)
        elif needs.varied and not self._is_varied():
            missing.append("turn_a_little")
        if need_speech:
            missing += self._missing_speech(two_voices)
        return missing

    def _missing_face(self, two_faces: bool) -> list[str]:
        changed = ["face_changed"] if two_faces or self._faces.newest_is_other else []
        of_light = ("more_light", "less_light")
        of_faces = ("show_face", "whole_face", "come_closer", *of_light, "hold_still")
        is_good = self._face_is_good and not self._faces.newest_is_other
        otherwise = "keep_looking" if is_good else "show_face"
        return changed + ([hint for hint in self._hints if hint in of_faces] or [otherwise])

    def _missing_speech(self, two_voices: bool) -> list[str]:
        changed = ["voice_changed"] if two_voices or self._voices.newest_is_other else []
        faults = [hint for hint in self._hints if hint in ("speak_up", "quieter_place")]
        return [*changed, *faults, "keep_talking"]

    def _two_people(self) -> tuple[bool, bool]:
        limit = self._needs.other_share
        return self._faces.other_share >= limit, self._voices.other_share >= limit

    def _is_varied(self) -> bool:
        needs = self._needs
        qualities = [sample.quality for sample in self._faces.samples]
        sizes = [quality.size_px for quality in qualities]
        return (
            _spread(quality.yaw for quality in qualities) >= needs.yaw_range
            or _spread(quality.pitch for quality in qualities) >= needs.pitch_range
            or _spread(quality.brightness for quality in qualities) >= needs.brightness_range
            or max(sizes) >= needs.size_ratio * min(sizes)
            or _farthest_from_mean(self._faces.samples) >= needs.likeness_range
        )

    def _explain(self, progress: EnrolmentProgress) -> str:
        reasons = []
        two_faces, two_voices = self._two_people()
        if two_faces or two_voices:
            what = " and ".join(["faces"] * two_faces + ["voices"] * two_voices)
            later = " (what that person says in another mood can be added later)" * two_voices
            reasons.append(f"the {what} of more than one person: enrol one alone{later}")
        if progress.faces < progress.faces_needed:
            reasons.append(f"{progress.faces} of {progress.faces_needed} good pictures of the face")
        if progress.speech_s < progress.speech_needed_s:
            reasons.append(f"{progress.speech_s:.1f} of {progress.speech_needed_s:g} s of speech")
        if "turn_a_little" in progress.missing:
            reasons.append("the pictures of the face are all alike: turn the head a little")
        hints = ", ".join(progress.missing)
        whole = f"The enrolment is not complete: {'; '.join(reasons)} (hints: {hints})."
        return " ".join([whole, *(f"{finding}." for finding in self.findings())])


def _spread(values: Iterable[float]) -> float:
    listed = list(values)
    return max(listed) - min(listed)


def _farthest_from_mean(samples: list[FaceSample]) -> float:
    units = np.stack([sample.vector / np.linalg.norm(sample.vector) for sample in samples])
    mean = units.mean(axis=0)
    return 1 - float((units @ (mean / np.linalg.norm(mean))).min())
