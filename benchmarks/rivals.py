"""What else adds up a call's scores, to set our rule against.

Three rules of the literature and of practice: a threshold on each window, a moving average, and
Page's CUSUM (1954, "Continuous inspection schemes", Biometrika 41). Each follows the fused LLR
alone, or face and voice as well and then the worst of the three. What is missing, stale or not
new, and when nobody is there, is judged by our own rules, so that rivals differ from us in how
evidence adds up and in nothing else. Every window is scored for all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from benchmarks.gauges import Average, Cusum, Gauge
from stream_verifier.simulation.replay import MakeJudge
from stream_verifier.verify.belief import Belief, Odds
from stream_verifier.verify.decision import Decision, DecisionSettings
from stream_verifier.verify.evidence_filter import EvidenceFilter
from stream_verifier.verify.freshness import Freshness
from stream_verifier.verify.observation import Observation
from stream_verifier.verify.operating import EvidenceModel, OperatingPoint, Worth

_WHOLE = Worth(first=1.0, per_s=1e9, limit=1e9)
_AS_IT_IS = EvidenceModel(face=_WHOLE, voice=_WHOLE, swap_every_s=1e12)
_SPARING_NOTHING = DecisionSettings(calm_every_s=0.0)


MakeGauge: TypeAlias = Callable[[], Gauge]


class Gauges(Belief):
    """Stands in for our belief: three gauges in place of a filter.

    Args:
        make: a gauge for each of face, voice and fused.
        each: face and voice may reject by themselves.
    """

    def __init__(self, make: MakeGauge, *, each: bool) -> None:
        self._make, self._each = make, each
        super().__init__()

    def reset(self) -> None:
        """Forget everything."""
        self._face_gauge, self._voice_gauge, self._fused_gauge = (self._make() for _ in range(3))

    def mix(self, share: float) -> None:
        """A rate of swaps is our filter's idea."""

    def mix_face(self, share: float) -> None:
        """Fade what is known of the face."""
        self._face_gauge.fade(share)
        if share >= 1:
            self._fused_gauge.fade(share)

    def mix_voice(self, share: float) -> None:
        """Fade what is known of the voice."""
        self._voice_gauge.fade(share)

    def add(self, face: float | None, voice: float | None, fused: float | None) -> None:
        """Take one window's LLRs in, None where nothing new was scored."""
        for gauge, llr in (
            (self._face_gauge, face),
            (self._voice_gauge, voice),
            (self._fused_gauge, fused),
        ):
            if llr is not None:
                gauge.add(llr)

    @property
    def odds(self) -> Odds:
        """What the gauges show."""
        face, voice, fused = (
            gauge.value for gauge in (self._face_gauge, self._voice_gauge, self._fused_gauge)
        )
        return Odds(face=face, voice=voice, both=min(face, voice, fused) if self._each else fused)


class Rival(Decision):
    """Our decision with another way to add evidence up.

    Args:
        gauges: that way.
        point: where the states change, in the gauges' own unit.
    """

    def __init__(self, *, gauges: Gauges, point: OperatingPoint) -> None:
        super().__init__(evidence=_AS_IT_IS, point=point, settings=_SPARING_NOTHING)
        self._gauges = gauges
        self._alert = EvidenceFilter(_AS_IT_IS, belief=gauges)
        self._filters = (self._alert,)

    def _weigh(self, observation: Observation) -> None:
        face, voice = self._seen_now(observation), self._heard_now(observation)
        new_face = face is not None and self._new(self._alert.face, face[1])
        new_voice = voice is not None and self._new(self._alert.voice, voice[2])
        self._gauges.add(
            observation.face.llr if new_face else None,
            observation.voice.llr if new_voice else None,
            observation.llr_fused if new_face or new_voice else None,
        )

    @staticmethod
    def _new(freshness: Freshness, end_s: float) -> bool:
        before, freshness.scored_s = freshness.scored_s, max(freshness.scored_s, end_s)
        return freshness.scored_s != before


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One way to set a rival up.

    Attributes:
        rival: its name in tables.
        setting: such as "5 windows, each modality".
        make: the rule at an operating point.
    """

    rival: str
    setting: str
    make: MakeJudge


def variants() -> list[Variant]:
    """All settings that the rivals may choose from."""
    found = []
    for each in (False, True):
        channel = "face, voice and fused" if each else "fused"
        found.append(_variant("threshold on each window", channel, _average(1), each))
        for windows in (2, 3, 4, 5, 7, 10):
            setting = f"{windows} windows, {channel}"
            found.append(_variant("moving average", setting, _average(windows), each))
        found += [
            _variant("CUSUM", f"drift {drift:g}, {channel}", _cusum(drift), each)
            for drift in (0.0, 0.5, 1.0, 2.0, 3.0)
        ]
    return found


def _average(windows: int) -> MakeGauge:
    return lambda: Average(windows=windows)


def _cusum(drift: float) -> MakeGauge:
    return lambda: Cusum(drift=drift)


def _variant(rival: str, setting: str, gauge: MakeGauge, each: bool) -> Variant:
    def make(point: OperatingPoint) -> Rival:
        return Rival(gauges=Gauges(gauge, each=each), point=point)

    return Variant(rival=rival, setting=setting, make=make)
