"""The loaded model, and how the pipelines of calls and files are made of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

from model.runtime.adapter import Adapters
from model.runtime.comparator import load_comparator
from model.runtime.face import FaceTower
from model.runtime.mesh import PART as MESH_PART
from model.runtime.mesh import FaceMesh
from model.runtime.silero import shipped_weights
from model.runtime.voice import VoiceTower
from model.runtime.weights import Weights
from model.types import Comparator, FaceSample, Reference, VoiceSample
from stream_verifier.events.schema import OperatingPointInForce, SureInForce
from stream_verifier.identities.enrolment import Enrolment
from stream_verifier.media.burst import BurstWish
from stream_verifier.settings import Settings
from stream_verifier.verify.channels.challenge.channel import ChallengeChannel
from stream_verifier.verify.channels.channel import EvidenceChannel
from stream_verifier.verify.channels.identity import IdentityChannel
from stream_verifier.verify.channels.presence.channel import PresenceChannel
from stream_verifier.verify.channels.presence.models import PresenceModels
from stream_verifier.verify.channels.presence.pace import BurstTurns
from stream_verifier.verify.decision import Decision, DecisionSettings
from stream_verifier.verify.embedding import Towers
from stream_verifier.verify.enrol_pipeline import EnrolPipeline
from stream_verifier.verify.operating import DecisionModel, OperatingPoint
from stream_verifier.verify.pipeline import VerifyPipeline
from stream_verifier.verify.rehearsal import rehearse
from stream_verifier.verify.self_test import Workload
from stream_verifier.verify.stages import StageTimes, TimedChannel, TimedEars, TimedEyes
from stream_verifier.verify.strangers import Crowd
from stream_verifier.verify.table import ChannelRule, challenge_rule, presence_rules
from stream_verifier.windows.assemble import WindowAssembler
from stream_verifier.windows.faces import FaceDetector
from stream_verifier.windows.senses import Ears
from stream_verifier.windows.settings import WindowSettings, face_watcher, speech_windower

# Sampled frames come this much denser than their rate at most: a source's own frames are no grid.
_FRAME_SLACK = 0.8
STILL_SIDE_PX = 4096
"""Longer side of a picture of which somebody is enrolled, at most: as phones take them."""


class Recogniser:
    """The model as loaded from its checked weights, and the pipelines built on it.

    Loading takes a moment and happens once; `verify_pipeline` and `enrol_pipeline` are cheap.

    Attributes:
        stages: where the time of all calls goes.
        adapters: what moves references of older models; None where none of those is accepted.

    Args:
        weights: hashes already checked.
        settings: window lengths and operating point.
        threads: that run pipelines at once.
    """

    def __init__(self, *, weights: Weights, settings: Settings, threads: int = 1) -> None:
        self.model_id = weights.model_id
        accepts = settings.adapted_references == "accept"
        self.adapters = Adapters.load(weights) if accepts else None
        self.comparator: Comparator = load_comparator(weights, copies=threads)
        self._rehearsing: Comparator = load_comparator(weights)
        self.operating_point = settings.operating_point
        self.decision_model = DecisionModel.load(weights)
        self.decision_model.point(settings.operating_point)
        self._people = settings.people_per_call
        self._decision_settings = DecisionSettings(
            calm_every_s=settings.calm_score_every_s,
            presence_first=settings.presence == "require",
        )
        self.stages = StageTimes()
        self._towers = Towers(
            face=FaceTower(weights, copies=threads),
            voice=VoiceTower(weights, copies=threads),
            stages=self.stages,
        )
        self._presence = None if settings.presence == "off" else PresenceModels.load(weights)
        self._burst_turns = BurstTurns()
        enforced = settings.presence in ("hold", "require")
        self._rules = presence_rules(enforced=enforced)
        self._challenge_rule = challenge_rule(enforced=enforced)
        self._challenges = settings.challenges_per_call > 0
        has_mesh = self._challenges and weights.has(MESH_PART)
        self._mesh = FaceMesh.load(weights) if has_mesh else None
        self._face_rate_hz = settings.face_rate_hz
        self._detector_path: Path = weights.path("face_detector")
        self._detector = FaceDetector(self._detector_path, copies=threads)
        shipped_weights()  # read with all else, not while the first caller waits
        self._window_settings = WindowSettings(
            window_s=settings.speech_window_s,
            first_s=settings.speech_first_s,
            hop_s=settings.hop_s,
            frame_every_s=_FRAME_SLACK / settings.face_rate_hz,
        )

    @classmethod
    def load(cls, settings: Settings, *, threads: int = 1) -> Self:
        """Load the committed weights, for so many threads at once.

        Raises:
            WeightsError: a file is missing or changed.
            SettingsError: the model has no such operating point.
        """
        return cls(weights=Weights.load(), settings=settings, threads=threads)

    def point(self, name: str | None = None) -> OperatingPoint:
        """The operating point of that name, by default the one in the settings.

        Raises:
            SettingsError: the model has no such point.
        """
        return self.decision_model.point(name or self.operating_point)

    def described(self, name: str | None = None) -> OperatingPointInForce:
        """The operating point as events tell it."""
        point = self.point(name)
        sure = None if point.sure is None else SureInForce(**point.sure.model_dump())
        return OperatingPointInForce(
            name=name or self.operating_point, accept=point.accept, reject=point.reject, sure=sure
        )

    def verify_pipeline(
        self,
        reference: Reference,
        *,
        operating_point: str | None = None,
        now: Callable[[], float] | None = None,
        burst: BurstWish | None = None,
    ) -> VerifyPipeline:
        """Make the pipeline of one verified call.

        Args:
            reference: the enrolled person.
            operating_point: by default the one in the settings.
            now: as `VerifyPipeline` has it.
            burst: asks its source for motion; without, nobody is asked whether somebody is there.

        Raises:
            SettingsError: the model has no such operating point.
        """
        point, crowd = self.point(operating_point), Crowd(self._people)
        detector, ears = self._detector, self._ears()
        identity = IdentityChannel(
            reference=reference,
            embedder=self._towers,
            comparator=self.comparator,
            crowd=crowd,
        )
        channels: list[EvidenceChannel] = [identity]
        rules: tuple[ChannelRule, ...] = ()
        examiner = None if burst is None else self._examiner(detector, ears, burst)
        if examiner is not None:
            channels.append(TimedChannel(examiner, self.stages, "presence"))
        if self._presence is not None and burst is not None:
            rules = self._rules + ((self._challenge_rule,) if examiner is not None else ())
            presence = PresenceChannel(
                models=self._presence,
                detector=detector,
                ears=ears,
                burst=burst,
                turns=self._burst_turns,
            )
            channels.append(TimedChannel(presence, self.stages, "presence"))
        return VerifyPipeline(
            windows=self._assembler(detector, ears),
            channels=channels,
            decision=Decision(
                evidence=self.decision_model.evidence,
                point=point,
                settings=self._decision_settings,
                table=rules,
            ),
            now=now,
            crowd=crowd,
            examiner=examiner,
        )

    def _examiner(
        self, detector: FaceDetector, ears: Ears, burst: BurstWish
    ) -> ChallengeChannel | None:
        """What measures answers to challenges; None where nobody is to be asked."""
        if not self._challenges:
            return None
        return ChallengeChannel(
            detector=detector,
            ears=ears,
            models=self._presence,
            mesh=self._mesh,
            burst=burst,
        )

    def workload(self) -> Workload:
        """What one more call gives the worker to do."""
        settings = self._window_settings
        return Workload(
            windows=self._assembler(),
            towers=self._towers,
            looks_per_s=self._face_rate_hz,
            scores_per_s=1 / settings.hop_s,
            speech_s=settings.window_s,
        )

    def enrol_pipeline(self, enrolment: Enrolment | None = None) -> EnrolPipeline:
        """Make the pipeline of one enrolment.

        It searches large pictures in detail, and rehearses a reference before giving it.
        """
        detector = FaceDetector(self._detector_path, max_side_px=STILL_SIDE_PX)
        return EnrolPipeline(
            windows=self._assembler(detector),
            check=self._rehearse,
            embedder=self._towers,
            enrolment=enrolment or Enrolment(),
            model_id=self.model_id,
        )

    def _rehearse(
        self, reference: Reference, faces: Sequence[FaceSample], voices: Sequence[VoiceSample]
    ) -> None:
        # By a comparator of its own: the other one may be at work for calls.
        rehearse(
            reference,
            faces,
            voices,
            comparator=self._rehearsing,
            evidence=self.decision_model.evidence,
            point=self.point(),
        )

    def _ears(self) -> Ears:
        return TimedEars(speech_windower(self._window_settings), self.stages)

    def _assembler(
        self, detector: FaceDetector | None = None, ears: Ears | None = None
    ) -> WindowAssembler:
        settings = self._window_settings
        watcher = face_watcher(detector or self._detector, settings)
        return WindowAssembler(
            None,
            settings,
            ears=ears or self._ears(),
            eyes=TimedEyes(watcher, self.stages),
        )
