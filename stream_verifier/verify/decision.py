"""A first, simple rule from recent windows to a verdict; pure, with time passed in.

Each modality keeps its few newest LLRs; their mean is its evidence. The fused evidence is the
mean over windows that had both. Thresholds come from the comparator's named operating points.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from stream_verifier.errors import SettingsError
from stream_verifier.events.schema import Reason, State
from stream_verifier.verify.observation import Observation

BALANCED = "balanced"
_NOTE_REASONS = {
    "multiple_faces": Reason.MULTIPLE_FACES,
    "poor_face_quality": Reason.POOR_FACE_QUALITY,
    "noisy_audio": Reason.NOISY_AUDIO,
    "media_gap": Reason.MEDIA_GAP,
    "overloaded": Reason.OVERLOADED,
}


@dataclass(frozen=True, slots=True)
class DecisionSettings:
    """How the rule over recent windows remembers and forgets.

    Attributes:
        memory_windows: newest LLRs averaged per modality.
        face_ttl_s: face evidence older than this counts no more.
        voice_ttl_s: voice evidence older than this counts no more; longer, since people listen.
        absent_after_s: neither face nor speech for this long means nobody is there.
        lone_windows: windows of one modality alone that may reject.
    """

    memory_windows: int = 3
    face_ttl_s: float = 4.0
    voice_ttl_s: float = 15.0
    absent_after_s: float = 4.0
    lone_windows: int = 2


@dataclass(frozen=True, slots=True)
class Thresholds:
    """LLRs at and above ``accept`` verify, at and below ``reject`` reject."""

    accept: float
    reject: float
    balanced: float

    @classmethod
    def at(cls, name: str, operating_points: Mapping[str, float]) -> Thresholds:
        """Take the accept threshold from a named point, mirrored at the balanced one to reject.

        Raises:
            SettingsError: the model has no operating point of that name.
        """
        if name not in operating_points or BALANCED not in operating_points:
            known = ", ".join(sorted(operating_points)) or "none"
            raise SettingsError(
                f"The model has no operating point {name!r}. It has: {known}. "
                "Set STREAM_VERIFIER_OPERATING_POINT to one of them."
            )
        balanced = operating_points[BALANCED]
        accept = max(operating_points[name], balanced)
        return cls(accept=accept, reject=2 * balanced - accept, balanced=balanced)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision's state, why, and the fused evidence behind it (None without any)."""

    state: State
    reasons: tuple[Reason, ...]
    llr: float | None


class Evidence:
    """The newest LLRs of one modality, each with its time."""

    def __init__(self, *, memory_windows: int, ttl_s: float) -> None:
        self._ttl_s = ttl_s
        self._entries: deque[tuple[float, float]] = deque(maxlen=memory_windows)

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, time_s: float, llr: float | None) -> None:
        """Remember one LLR; None is ignored."""
        if llr is not None:
            self._entries.append((time_s, llr))

    def forget(self, now_s: float) -> None:
        """Drop what is older than the time to live."""
        while self._entries and now_s - self._entries[0][0] > self._ttl_s:
            self._entries.popleft()

    def clear(self) -> None:
        """Drop everything."""
        self._entries.clear()

    @property
    def mean(self) -> float | None:
        """Mean LLR, None without evidence."""
        if not self._entries:
            return None
        return sum(llr for _, llr in self._entries) / len(self._entries)


class Decision:
    """Follows one call: windows in, verdicts out.

    Args:
        thresholds: from a named operating point.
        settings: memory and forgetting.
    """

    def __init__(self, *, thresholds: Thresholds, settings: DecisionSettings | None = None) -> None:
        self._settings = settings or DecisionSettings()
        self._thresholds = thresholds
        memory = self._settings.memory_windows
        self._face = Evidence(memory_windows=memory, ttl_s=self._settings.face_ttl_s)
        self._voice = Evidence(memory_windows=memory, ttl_s=self._settings.voice_ttl_s)
        # Fused evidence rests on the voice in it, so it lives as long as voice does.
        self._fused = Evidence(memory_windows=memory, ttl_s=self._settings.voice_ttl_s)
        self._last_sign_s = 0.0
        self._verdict = Verdict(State.WAITING, (), None)

    @property
    def verdict(self) -> Verdict:
        """The newest verdict."""
        return self._verdict

    def update(self, observation: Observation) -> Verdict:
        """Take one window in and return the verdict after it."""
        now_s = observation.end_s
        if "media_gap" in observation.notes:
            # Somebody else may have sat down meanwhile: trust starts anew.
            self._clear()
        if observation.face_seen or observation.speech_heard:
            self._last_sign_s = now_s
        self._remember(observation)
        for evidence in (self._face, self._voice, self._fused):
            evidence.forget(now_s)
        if now_s - self._last_sign_s >= self._settings.absent_after_s:
            self._clear()
            self._verdict = Verdict(State.ABSENT, (Reason.NO_FACE, Reason.NO_SPEECH), None)
        else:
            self._verdict = self._judge(observation)
        return self._verdict

    def _remember(self, observation: Observation) -> None:
        comparison, end_s = observation.comparison, observation.end_s
        self._face.add(end_s, comparison.llr_face)
        self._voice.add(end_s, comparison.llr_voice)
        if comparison.llr_face is not None and comparison.llr_voice is not None:
            self._fused.add(end_s, comparison.llr_fused)

    def _clear(self) -> None:
        for evidence in (self._face, self._voice, self._fused):
            evidence.clear()

    def _judge(self, observation: Observation) -> Verdict:
        fused = self._fused.mean
        mismatches = self._mismatches()
        if mismatches:
            state, reasons = State.REJECTED, mismatches
        elif self._verifies():
            state, reasons = State.VERIFIED, ()
        else:
            state, reasons = self._undecided(), self._missing(observation)
        notes = tuple(_NOTE_REASONS[note] for note in observation.notes if note in _NOTE_REASONS)
        return Verdict(state, tuple(dict.fromkeys(reasons + notes)), fused)

    def _mismatches(self) -> tuple[Reason, ...]:
        """Name the modalities that contradict the reference strongly enough to reject."""
        fused = self._fused.mean
        fused_rejects = fused is not None and fused <= self._thresholds.reject
        sides = ((self._face, Reason.FACE_MISMATCH), (self._voice, Reason.VOICE_MISMATCH))
        rejecting = any(self._rejects_alone(evidence) for evidence, _ in sides) or fused_rejects
        if not rejecting:
            return ()
        below = tuple(
            reason
            for evidence, reason in sides
            if (mean := evidence.mean) is not None and mean < self._thresholds.balanced
        )
        return below or self._weaker_side()

    def _rejects_alone(self, evidence: Evidence) -> bool:
        mean = evidence.mean
        return (
            mean is not None
            and len(evidence) >= self._settings.lone_windows
            and mean <= self._thresholds.reject
        )

    def _weaker_side(self) -> tuple[Reason, ...]:
        """Fused evidence may reject while each side alone is just above even odds."""
        face, voice = self._face.mean, self._voice.mean
        if face is not None and (voice is None or face < voice):
            return (Reason.FACE_MISMATCH,)
        return (Reason.VOICE_MISMATCH,)

    def _verifies(self) -> bool:
        fused, face, voice = self._fused.mean, self._face.mean, self._voice.mean
        if fused is None or face is None or voice is None:
            return False
        balanced = self._thresholds.balanced
        return fused >= self._thresholds.accept and face >= balanced and voice >= balanced

    def _undecided(self) -> State:
        """Waiting until both modalities have spoken once, uncertain afterwards."""
        if self._verdict.state in (State.WAITING, State.ABSENT) and not len(self._fused):
            return State.WAITING
        return State.UNCERTAIN

    def _missing(self, observation: Observation) -> tuple[Reason, ...]:
        reasons: tuple[Reason, ...] = ()
        if not len(self._face) and not observation.face_seen:
            reasons += (Reason.NO_FACE,)
            if observation.speech_heard:
                reasons += (Reason.SPEAKER_NOT_ON_CAMERA,)
        if not len(self._voice):
            reasons += (Reason.NO_SPEECH,)
        return reasons
