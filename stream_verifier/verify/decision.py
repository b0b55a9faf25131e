"""From windows to a verdict: evidence adds up, fades, and is judged at an operating point.

Pure, with time passed in. How much evidence counts was fitted (`operating.EvidenceModel`); the
rules about what is missing are here, in plain sight.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from stream_verifier.events.schema import Reason, Side, State
from stream_verifier.verify.belief import Odds
from stream_verifier.verify.coverage import Coverage
from stream_verifier.verify.evidence_filter import EvidenceFilter
from stream_verifier.verify.observation import Observation
from stream_verifier.verify.operating import EvidenceModel, OperatingPoint
from stream_verifier.verify.table import TABLE, ChannelRule, Standing

NOTE_REASONS = {
    "multiple_faces": Reason.MULTIPLE_FACES,
    "poor_face_quality": Reason.POOR_FACE_QUALITY,
    "noisy_audio": Reason.NOISY_AUDIO,
    "media_gap": Reason.MEDIA_GAP,
    "media_time_implausible": Reason.MEDIA_TIME_IMPLAUSIBLE,
}
_BREAKS = frozenset({"media_gap", "media_time_implausible"})
_ODD = _BREAKS | {"multiple_faces"}
_EVEN = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionSettings:
    """How long trust lasts without evidence.

    Attributes:
        face_ttl_s: nobody stays verified without a scored face for longer.
        voice_ttl_s: nor without scored speech; longer, since people listen.
        absent_after_s: neither face nor speech for this long means nobody is there.
        unseen_s: mean life of the trust in a face that is not in the picture.
        unscored_s: mean life of it where a face is there, too poor to be scored.
        unheard_s: mean life of the trust in a voice that is silent.
        calm_after_s: verified for so long without a score against it, a call is calm.
        calm_every_s: a calm call's voice is scored only so often; 0: in every window of every call.
        face_every_s: a face without speech beside it says something new only so often.
        coverage_s: media time over which is added up what was there and was not scored.
        doubt_speech_s: from so much unscored speech on, trust in the voice fades as in silence.
        most_speech_s: with more unscored speech nobody stays verified.
        most_picture_s: nor with faces unscored for longer.
        most_lost_s: nor with pictures for longer that were sent and are not decoded here.
        most_passed_over_s: nor with more sound that came and is not heard here; less, as hardly any
            honest sender's is.
        refused_s: nor so soon after media that was refused here, as it may be what others have.
        overloaded_s: that a window was not scored in time is told for so long, since reasons that
            flicker help nobody, and for so long nobody is called absent.
        stranger_s: nor so soon after another face in the place of this one that is not the
            person's; who shows two by turns is not verified in between.
        presence_first: nobody is verified before something has spoken for somebody's being there,
            since the call began, was cut, or has had this face.
    """

    face_ttl_s: float = 6.0
    voice_ttl_s: float = 20.0
    absent_after_s: float = 3.0
    unseen_s: float = 2.0
    unscored_s: float = 20.0
    unheard_s: float = 60.0
    calm_after_s: float = 15.0
    calm_every_s: float = 2.0
    face_every_s: float = 2.0
    coverage_s: float = 20.0
    doubt_speech_s: float = 3.0
    most_speech_s: float = 5.0
    most_picture_s: float = 12.0
    most_lost_s: float = 5.0
    most_passed_over_s: float = 2.0
    refused_s: float = 3.0
    overloaded_s: float = 5.0
    stranger_s: float = 6.0
    presence_first: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision's state, and why.

    Attributes:
        state: what is held to be true now.
        reasons: for it, the weightiest first.
        odds: log-odds behind it; None as long as neither modality has been scored. They are held
            below a ceiling, so that a replacement is noticed soon.
        posterior: log-odds to be taken at their word, likewise; None in a model without.
    """

    state: State
    reasons: tuple[Reason, ...]
    odds: Odds | None = None
    posterior: Odds | None = None

    @property
    def llr(self) -> float | None:
        """Log-odds that face and voice are the enrolled person's; None without evidence.

        The prior is at even odds, so that they are the LLR of all evidence that still counts.
        """
        return None if self.odds is None else self.odds.both


class Decision:
    """Follows one call: windows in, verdicts out.

    Args:
        evidence: how much windows count; fitted.
        point: where the states change.
        settings: how long trust lasts without evidence.
        table: what channels beside face and voice can do.
    """

    def __init__(
        self,
        *,
        evidence: EvidenceModel,
        point: OperatingPoint,
        settings: DecisionSettings | None = None,
        table: Iterable[ChannelRule] = TABLE,
    ) -> None:
        self._settings = settings or DecisionSettings()
        self._point = point
        self._alert = EvidenceFilter(evidence)
        self._posterior = EvidenceFilter(evidence.posterior) if evidence.posterior else None
        self._filters = (self._alert, *((self._posterior,) if self._posterior else ()))
        self._heard = Coverage(window_s=self._settings.coverage_s)
        self._seen = Coverage(window_s=self._settings.coverage_s)
        self._unseen = Coverage(window_s=self._settings.coverage_s)
        self._unheard = Coverage(window_s=self._settings.coverage_s)
        self._standings = [Standing(rule) for rule in table]
        self._face_slack = evidence.face.slack
        self._track: int | None = None
        self._stranger: tuple[int, float] | None = None
        self._now_s = self._sign_s = self._doubt_s = 0.0
        self._overloaded_s = self._refused_s = -math.inf
        self._shown = False
        self._verdict = Verdict(State.WAITING, ())

    @property
    def verdict(self) -> Verdict:
        """The newest verdict."""
        return self._verdict

    @property
    def presence(self) -> Side | None:
        """Whether somebody is there, by all rows of the table; None where there is none."""
        if not self._standings:
            return None
        if any(one.doubts for one in self._standings):
            return -1
        return 1 if any(one.vouches for one in self._standings) else 0

    def unsure(self, observation: Observation) -> bool:
        """Whether a window goes before those of calm calls, judged by all that is known unscored.

        Who is rejected has nothing to lose by being looked at a little later.
        """
        if self._verdict.state is State.REJECTED:
            return False
        return not self._calm(observation.end_s) or self._odd(observation)

    def brings(self, observation: Observation) -> bool:
        """Whether a window says something new: by speech, or a face not scored for a while."""
        if observation.voice.span_s is not None or self._odd(observation):
            return True
        return observation.end_s - self._alert.face.scored_s >= self._settings.face_every_s

    def wants(self, observation: Observation) -> bool:
        """Whether a window's voice is worth being scored, judged by all that is known without it.

        The voice, as it costs three times what the face does, and neighbouring windows share most
        of their speech. Anything out of the ordinary is worth it: another track, another face, a
        gap, nobody there.
        """
        if not self._calm(observation.end_s) or self._odd(observation):
            return True
        return observation.end_s - self._alert.voice.scored_s >= self._settings.calm_every_s

    def update(self, observation: Observation) -> Verdict:
        """Take one window in and return the verdict after it."""
        elapsed_s = self._take_in(observation)
        if self._absent():
            self._verdict = Verdict(State.ABSENT, (Reason.NO_FACE, Reason.NO_SPEECH))
        else:
            for standing in self._standings:
                reading = observation.reading(standing.rule.channel)
                standing.update(reading, self._now_s, elapsed_s)
            self._shown |= any(one.vouches for one in self._standings)
            self._verdict = self._judge(observation)
        self._take_note(observation)
        return self._verdict

    def believe(self, observation: Observation) -> Odds | None:
        """Take one window in and return the verdict's odds alone.

        They hang on no state, which costs as much again: what is fitted asks a million times.
        """
        self._take_in(observation)
        return self._alert.odds

    def _take_in(self, observation: Observation) -> float:
        """Let time pass and weigh a window; seconds since the one before."""
        elapsed_s = observation.end_s - self._now_s
        self._now_s = observation.end_s
        if not _BREAKS.isdisjoint(observation.notes):
            self._distrust()  # somebody else may have sat down meanwhile
        self._account(observation)
        self._fade(observation, elapsed_s)
        busy = "overloaded" in observation.notes
        if busy:
            self._overloaded_s = self._now_s
        if "media_refused" in observation.notes:
            self._refused_s = self._now_s
        # Whom there was no time to hear may talk; what a network lost is no sign of anybody.
        unheard = busy and observation.voice.there_s > 0
        if observation.face.sensed or observation.voice.sensed or unheard:
            self._sign_s = self._now_s
        if self._absent():
            self._distrust()
            self._stranger = None
        else:
            self._weigh(observation)
        return elapsed_s

    def _absent(self) -> bool:
        """Nobody was seen or heard for so long; whom there was no time to look for may be there."""
        looked = self._now_s - self._overloaded_s >= self._settings.overloaded_s
        return looked and self._now_s - self._sign_s >= self._settings.absent_after_s

    def _account(self, observation: Observation) -> None:
        for account, lost, said in (
            (self._seen, self._unseen, observation.face),
            (self._heard, self._unheard, observation.voice),
        ):
            account.update(self._now_s, there_s=said.there_s, scored_s=said.scored_s)
            lost.update(self._now_s, there_s=said.lost_s, scored_s=0.0)

    def _take_note(self, observation: Observation) -> None:
        """Remember when there was doubt last."""
        sides = (observation.face, observation.voice)
        against = any(one.llr is not None and one.llr < _EVEN for one in sides)
        against = against or any(one.doubts for one in self._standings)
        if self._verdict.state is not State.VERIFIED or against or self._odd(observation):
            self._doubt_s = self._now_s

    def _calm(self, now_s: float) -> bool:
        calm = now_s - self._doubt_s >= self._settings.calm_after_s
        return calm and self._settings.calm_every_s > 0

    def _odd(self, observation: Observation) -> bool:
        face = observation.face
        if not face.sensed or not _ODD.isdisjoint(observation.notes):
            return True
        return face.track is not None and face.track != self._track

    def _distrust(self) -> None:
        for each in self._filters:
            each.forget()
        for standing in self._standings:
            standing.forget()
        self._track = None
        self._shown = False

    def _fade(self, observation: Observation, elapsed_s: float) -> None:
        settings, face, voice = self._settings, observation.face, observation.voice
        silent = not voice.sensed or self._heard.owed_s > settings.doubt_speech_s
        for each in self._filters:
            each.pass_time(elapsed_s)
            if not face.sensed:
                each.fade_face(elapsed_s, settings.unseen_s)
            elif face.llr is None:
                each.fade_face(elapsed_s, settings.unscored_s)
            if silent:
                each.fade_voice(elapsed_s, settings.unheard_s)

    def _weigh(self, observation: Observation) -> None:
        face, voice = self._seen_now(observation), self._heard_now(observation)
        for each in self._filters:
            each.weigh(face=face, voice=voice)

    def _seen_now(self, observation: Observation) -> tuple[float, float] | None:
        """The face's LLR and when it was seen; None where it is not to be weighed."""
        face = observation.face
        llr, track = face.llr, face.track
        if llr is None:
            return None
        _, seen_s = face.span_s or (self._now_s, self._now_s)
        if track != self._track:
            if self._beside(observation) and llr < _EVEN:
                return None
            for each in self._filters:
                each.another_face()
            self._track = track
            self._shown = False
        self._note_stranger(llr, track)
        return llr, seen_s

    def _note_stranger(self, llr: float, track: int | None) -> None:
        if track is not None and llr < -self._face_slack:
            self._stranger = (track, self._now_s)
        elif self._stranger is not None and track == self._stranger[0] and llr > _EVEN:
            self._stranger = None  # the person's own face, badly seen for once

    def _beside(self, observation: Observation) -> bool:
        """The followed face may be there beside the one that was scored."""
        return self._track is not None and "multiple_faces" in observation.notes

    def _heard_now(self, observation: Observation) -> tuple[float, float, float] | None:
        """The voice's LLR and its span; None where nothing was scored."""
        voice = observation.voice
        if voice.llr is None:
            return None
        return voice.llr, *(voice.span_s or (self._now_s, self._now_s))

    def _judge(self, observation: Observation) -> Verdict:
        odds = self._alert.odds
        state, reasons = self._state(observation, odds)
        posterior = None if self._posterior is None else self._posterior.odds
        return Verdict(state, _unique(reasons), odds, posterior)

    def _state(
        self, observation: Observation, odds: Odds | None
    ) -> tuple[State, tuple[Reason, ...]]:
        notes = self._noted(observation)
        wrong = self._wrong(odds)
        if wrong:
            return State.REJECTED, wrong + notes
        missing = self._missing(observation)
        held = self._estranged() + self._unscored()
        if self._now_s - self._refused_s < self._settings.refused_s:
            held += (Reason.MEDIA_GAP,)
        held += tuple(one.rule.reason for one in self._standings if one.holds_back)
        if self._settings.presence_first and not self._shown:
            held += (Reason.PRESENCE_NOT_SHOWN,)
        if odds is not None and not held and not self._stale() and self._verifies(odds):
            return State.VERIFIED, notes
        return self._undecided(), held + missing + notes

    def _noted(self, observation: Observation) -> tuple[Reason, ...]:
        """What the front end noticed, whether the server was busy, and what is only observed."""
        noted = [NOTE_REASONS[note] for note in observation.notes if note in NOTE_REASONS]
        if self._now_s - self._overloaded_s < self._settings.overloaded_s:
            noted.append(Reason.OVERLOADED)
        observed = [one.rule for one in self._standings if one.doubts and not one.rule.enforced]
        return (*noted, *(rule.reason for rule in observed))

    def _estranged(self) -> tuple[Reason, ...]:
        """Why a face is not enough to go by that is back in the place of somebody else's."""
        if self._stranger is None:
            return ()
        track, at_s = self._stranger
        recent = self._now_s - at_s < self._settings.stranger_s
        return (Reason.FACE_MISMATCH,) if recent and track != self._track else ()

    def _unscored(self) -> tuple[Reason, ...]:
        """Why what was scored is not enough to go by."""
        reasons: tuple[Reason, ...] = ()
        settings = self._settings
        unseen = self._unseen.owed_s > settings.most_lost_s
        if unseen or self._seen.owed_s > settings.most_picture_s:
            reasons += (Reason.PICTURE_NOT_SCORED,)
        unheard = self._unheard.owed_s > settings.most_passed_over_s
        if unheard or self._heard.owed_s > settings.most_speech_s:
            reasons += (Reason.SPEECH_NOT_SCORED,)
        return reasons

    def _wrong(self, odds: Odds | None) -> tuple[Reason, ...]:
        """What the call is rejected for; nothing where it is not."""
        mismatches = _mismatches(odds) if odds is not None and self._rejects(odds) else ()
        return mismatches + tuple(one.rule.reason for one in self._standings if one.rejects)

    def _rejects(self, odds: Odds) -> bool:
        held = self._verdict.state is State.REJECTED
        return odds.both <= (_EVEN if held else self._point.reject)

    def _verifies(self, odds: Odds) -> bool:
        if self._verdict.state is State.VERIFIED:
            return odds.both >= self._point.hold
        return odds.both >= self._point.accept and self._sure()

    def _sure(self) -> bool:
        """Whether what is believed is enough for the point, where it asks for that."""
        sure = self._point.sure
        if sure is None:
            return True
        believed = None if self._posterior is None else self._posterior.odds
        if believed is None:
            return False
        return believed.face >= sure.face and believed.voice >= sure.voice

    def _stale(self) -> bool:
        return self._stale_face() or self._stale_voice()

    def _stale_face(self) -> bool:
        return self._now_s - self._alert.face.scored_s > self._settings.face_ttl_s

    def _stale_voice(self) -> bool:
        return self._now_s - self._alert.voice.scored_s > self._settings.voice_ttl_s

    def _undecided(self) -> State:
        """Waiting until both modalities have spoken since trust began, uncertain afterwards."""
        waits = self._verdict.state in (State.WAITING, State.ABSENT)
        return State.WAITING if waits and not all(self._alert.scored) else State.UNCERTAIN

    def _missing(self, observation: Observation) -> tuple[Reason, ...]:
        reasons: tuple[Reason, ...] = ()
        if not observation.face.sensed:
            reasons += (Reason.NO_FACE,)
            if observation.voice.sensed:
                reasons += (Reason.SPEAKER_NOT_ON_CAMERA,)
        if self._stale_voice():
            reasons += (Reason.NO_SPEECH,)
        return reasons


def _mismatches(odds: Odds) -> tuple[Reason, ...]:
    """The sides that are rather not the person's; the weaker one where each alone might be."""
    face, voice = odds.face < _EVEN, odds.voice < _EVEN
    if not face and not voice:
        face, voice = odds.face <= odds.voice, odds.voice < odds.face
    named = ((face, Reason.FACE_MISMATCH), (voice, Reason.VOICE_MISMATCH))
    return tuple(reason for wrong, reason in named if wrong)


def _unique(reasons: tuple[Reason, ...]) -> tuple[Reason, ...]:
    return tuple(dict.fromkeys(reasons))
