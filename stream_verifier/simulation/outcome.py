"""What a scripted call came to, judged from its verdicts; pure.

A verdict is in force from the media time at which it was known until the next one. Which reasons
are right, by kind of call:

- ``genuine``: no mismatch is ever named.
- swaps (``SWAPPED``): the mismatches named from the change to the end of the call are exactly
  those of the replaced modalities: none missing, none beside them.
- ``second_face``: ``multiple_faces`` is named while the face is there.
- ``absent``: the state ``absent`` names ``no_face`` and ``no_speech`` while nobody is there.
- ``camera_off``: from 5 s on, as long as the camera is off, the state is not ``verified``, and
  ``no_face`` was named when it was not.
- ``silence``: once ``verified`` is left, ``no_speech`` is named.

In the last four no mismatch may be named from the change to the end of the call.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stream_verifier.events.schema import Reason, State
from stream_verifier.simulation.script import Script
from stream_verifier.simulation.verdict_history import Timeline as Timeline
from stream_verifier.simulation.verdict_history import VerdictHistory
from stream_verifier.verify.observation import Observation

FACE = frozenset({Reason.FACE_MISMATCH})
VOICE = frozenset({Reason.VOICE_MISMATCH})
BOTH = FACE | VOICE
SWAPPED = {
    "swap_both": BOTH,
    "swap_face": FACE,
    "swap_voice": VOICE,
    "swap_behind_camera_off": BOTH,
    "swap_behind_silence": VOICE,
    "talk_off_camera": VOICE,
    "absent_swap": BOTH,
}
"""Kinds of call with an impostor in them, and what names the modalities that are not genuine."""
ABSENCES = ("absent", "absent_swap")
_NAMED = {
    "second_face": (frozenset({Reason.MULTIPLE_FACES}), frozenset(State)),
    "absent": (frozenset({Reason.NO_FACE, Reason.NO_SPEECH}), frozenset({State.ABSENT})),
    "camera_off": (frozenset({Reason.NO_FACE}), frozenset(State) - {State.VERIFIED}),
    "silence": (frozenset({Reason.NO_SPEECH}), frozenset(State) - {State.VERIFIED}),
}
# What is right in calls without impostor, and the states that may say so.
_LATE_S = 2.0  # the last window of a stretch is known this long after it at most
_TRUSTED_S = 5.0  # the camera may be off for so long while the state is still verified
_MIXED_S = 3.0  # windows may hold so much of the person who was there before
_HELD_S = 20.0  # by then trust in whoever was there before has ended, whatever it rested on


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one call came to; times are media times in seconds, None for never.

    Attributes:
        verified_s: first verified.
        left_s: first time from the change on at which the state is not verified.
        noticed_s: first verdict from the change on that rejects and names a replaced modality.
        alarmed: the state was rejected when the change came, so that ``noticed_s`` tells nothing
            of how fast changes are noticed (cf. the conditional delay of Pollak 1985).
        false_alarms: entries into rejected while only the enrolled person was there to be judged.
        genuine_s: length of that time.
        began_s: when everybody left, in calls with an absence.
        absent_s: first absent after that.
        verified_after: the impostor who replaced face and voice became verified: the state was
            entered more than 3 s after the change, or was still held 20 s after it. None where
            not both were replaced.
        expected: reasons that are right (see the module).
        found: what was named instead or as well.
        reason_right: whether they agree.
    """

    verified_s: float | None
    left_s: float | None
    noticed_s: float | None
    alarmed: bool
    false_alarms: int
    genuine_s: float
    began_s: float | None
    absent_s: float | None
    verified_after: bool | None
    expected: frozenset[Reason]
    found: frozenset[Reason]
    reason_right: bool


def judge(script: Script, timeline: Timeline) -> Outcome:
    """Judge one call.

    Args:
        script: what happened.
        timeline: what was said of it.
    """
    told = VerdictHistory(timeline)
    expected, found = _reasons(script, told)
    began_s = _began_s(script) if script.kind in ABSENCES else None
    return Outcome(
        verified_s=told.first(State.VERIFIED, 0.0),
        left_s=None if script.change_s is None else told.left_s(State.VERIFIED, script.change_s),
        noticed_s=_noticed_s(script, told),
        alarmed=script.change_s is not None and told.state(script.change_s) is State.REJECTED,
        false_alarms=told.entries(State.REJECTED, _impostor_from_s(script)),
        genuine_s=_genuine_s(script),
        began_s=began_s,
        absent_s=None if began_s is None else told.first(State.ABSENT, began_s),
        verified_after=_verified_after(script, told),
        expected=expected,
        found=found,
        reason_right=expected == found and not _trusted_too_long(script, told),
    )


def genuine_windows(script: Script, seen: Sequence[tuple[float, Observation]]) -> int:
    """Scored windows while only the enrolled person was there to be judged.

    Over all calls, their number for each false alarm is the ANGA of Mondal and Bours ("A
    computational approach to the continuous authentication biometric system", Information
    Sciences 304, 2015): the average number of genuine actions before a lock-out.

    Args:
        script: of the call.
        seen: media time at which each observation was known, and the observation.
    """
    until_s = _impostor_from_s(script)
    return sum(at_s < until_s and bool(observation.scored) for at_s, observation in seen)


def impostor_windows(
    script: Script, seen: Sequence[tuple[float, Observation]], until_s: float
) -> int:
    """Windows from the change up to ``until_s`` that scored something of the impostor's.

    With the time of the lock-out for ``until_s``, their mean over calls is the ANIA of Mondal
    and Bours (2015): the average number of impostor actions before a lock-out.

    Args:
        script: of a call with an impostor.
        seen: as for ``genuine_windows``.
        until_s: media time of the lock-out, or of the end.
    """
    replaced = SWAPPED[script.kind]
    from_s = _impostor_from_s(script)

    def scored(observation: Observation) -> bool:
        face = Reason.FACE_MISMATCH in replaced and observation.face.llr is not None
        voice = Reason.VOICE_MISMATCH in replaced and observation.voice.llr is not None
        return face or voice

    return sum(from_s <= at_s <= until_s and scored(observation) for at_s, observation in seen)


def _impostor_from_s(script: Script) -> float:
    """When the first impostor comes, never in most kinds."""
    if script.kind in SWAPPED and script.change_s is not None:
        return script.change_s
    return float("inf")


def _genuine_s(script: Script) -> float:
    if script.kind == "absent_swap":
        return _began_s(script)
    if script.kind == "absent" and script.change_s is not None and script.until_s is not None:
        return script.length_s - (script.until_s - script.change_s)
    return min(script.length_s, _impostor_from_s(script))


def _began_s(script: Script) -> float:
    """When nobody was there any more."""
    change_s = script.length_s if script.change_s is None else script.change_s
    shown = [shot.end_s for shot in script.shots if shot.start_s < change_s]
    heard = [spurt.end_s for spurt in script.spurts if spurt.start_s < change_s]
    return min(change_s, max([*shown, *heard], default=0.0))


def _noticed_s(script: Script, told: VerdictHistory) -> float | None:
    replaced = SWAPPED.get(script.kind, frozenset())
    for at_s, verdict in told.since(_impostor_from_s(script), script.length_s + _LATE_S):
        if verdict.state is State.REJECTED and replaced & set(verdict.reasons):
            return at_s
    return None


def _verified_after(script: Script, told: VerdictHistory) -> bool | None:
    if SWAPPED.get(script.kind) != BOTH or script.change_s is None:
        return None
    entered = told.entries(State.VERIFIED, float("inf"), script.change_s + _MIXED_S)
    held_s = script.change_s + _HELD_S
    left_s = told.left_s(State.VERIFIED, script.change_s)
    return entered > 0 or left_s is None or left_s > held_s


def _reasons(script: Script, told: VerdictHistory) -> tuple[frozenset[Reason], frozenset[Reason]]:
    """Reasons that are right, and those of them, or against them, that were named."""
    change_s = script.change_s or 0.0
    mismatches = BOTH & told.named(frozenset(State), change_s, float("inf"))
    if script.kind not in _NAMED:
        return SWAPPED.get(script.kind, frozenset()), mismatches
    expected, states = _NAMED[script.kind]
    until_s = script.length_s if script.until_s is None else script.until_s
    return expected, expected & told.named(states, change_s, until_s + _LATE_S) | mismatches


def _trusted_too_long(script: Script, told: VerdictHistory) -> bool:
    if script.kind != "camera_off" or script.change_s is None:
        return False
    until_s = script.length_s if script.until_s is None else script.until_s
    return told.ever(State.VERIFIED, script.change_s + _TRUSTED_S, until_s)
