"""Payloads of every type, with all that may be null null and set, and the bytes they became.

``tests/events/recorded_events.jsonl`` and ``recorded_envelopes.jsonl`` hold what was sent. They are
version 2 of the wire: payloads are added in `_later` and lines at the end, none may change:

    python -m tests.support.recorded_events
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

from stream_verifier.events.envelope import Envelope
from stream_verifier.events.event import Event
from stream_verifier.events.schema import (
    Bar,
    ChallengeAsked,
    ChallengeMeasured,
    ChallengeResult,
    ConnectionLost,
    ConnectionResumed,
    ConsentExpiring,
    Enrolled,
    EnrolmentProgress,
    ErrorRaised,
    Evidence,
    FusedScore,
    Gap,
    MediaStarted,
    ModalityScore,
    OperatingPointInForce,
    Payload,
    Reason,
    Score,
    ScreenColours,
    SessionEnded,
    SessionStarted,
    State,
    StateChanged,
    Totals,
)
from stream_verifier.events.stamper import Stamper

SESSION = "0f3b-\u00e9-7"
IDENTITY = 'Zo\u00eb "\u8996\u983b" O\'Neil\\\U0001f600\u2028\t\x7f</b>'
EVENTS = Path(__file__).parents[1] / "events" / "recorded_events.jsonl"
ENVELOPES = EVENTS.with_name("recorded_envelopes.jsonl")
_BEGAN = datetime(2026, 2, 28, 23, 59, 59, 999_999, tzinfo=UTC)


def clock() -> Iterator[datetime]:
    """Wall times that cross midnight, a leap of months and full seconds."""
    for number in range(1000):
        yield _BEGAN + timedelta(milliseconds=37.0005 * number)


def _of(model: type[Payload], field: str, first: int) -> tuple[Any, ...]:
    """The values that a field had when it was recorded; newer ones come after them."""
    return get_args(model.model_fields[field].annotation)[:first]


def _started() -> Iterator[Payload]:
    point = OperatingPointInForce(name="alarm_8h \u2713", accept=2.000049, reject=-3.00006)
    yield SessionStarted(
        media_s=0, mode="verify", identity=IDENTITY, model="m\u00b7a1b2", comparator="c/1",
        operating_point=point,
    )  # fmt: skip
    yield SessionStarted(media_s=0.0, mode="enrol", identity="", model="", comparator="")
    for kind in _of(MediaStarted, "kind", 2):
        yield MediaStarted(media_s=0.12345, kind=kind)


def _scored() -> Iterator[Payload]:
    yield Score(
        media_s=1, start_s=0, end_s=1, face=None, voice=None, fused=None, speech_s=0, faces=[],
        notes=[], evidence=None, age_s=None,
    )  # fmt: skip
    for value in (
        1.23456789, -0.00004, 0.00005, -1e-9, 1e-320, 1e16, -123456789.123456789, 1e22, 0.1 + 0.2,
        2.5e-5, 3.00015, 5e-324, -0.0, 1.7976931348623157e308,
    ):  # fmt: skip
        yield Score(
            media_s=abs(value) % 1e6, start_s=value, end_s=value,
            scored=["face", "voice"],
            face=ModalityScore(llr=-value), voice=ModalityScore(llr=value),
            fused=FusedScore(llr=value, of=["face", "voice"]), speech_s=value,
            faces=[(value, 0.3, 0.300004, 1), (0, -value, 0.00005, 0.99999)],
            notes=["voice: too short", IDENTITY], spared=True,
            evidence=Evidence(face=value, voice=-value, both=value / 3),
            bar=Bar(face=1, voice=0, both=-1), age_s=value,
        )  # fmt: skip
    yield Score(
        media_s=2, start_s=1, end_s=2, scored=["face"], face=ModalityScore(llr=1), voice=None,
        fused=FusedScore(llr=1, of=["face"]), speech_s=0.87, faces=[(0.1, 0.2, 0.3, 0.4)],
        notes=[""], spared=False, evidence=Evidence(face=1, voice=0, both=0.5),
        bar=None, age_s=0.2125,
    )  # fmt: skip


def _decided() -> Iterator[Payload]:
    states = [*State][:5]
    for state in states:
        for previous in states:
            yield StateChanged(
                media_s=3.00005, state=state, previous=previous, reasons=[], llr=None
            )
    yield StateChanged(
        media_s=4,
        state=State.REJECTED,
        previous=State.VERIFIED,
        reasons=[*Reason][:10],
        llr=-0.00004,
    )


def _enrolled() -> Iterator[Payload]:
    yield EnrolmentProgress(
        media_s=1, speech_s=0, speech_needed_s=10, faces=0, faces_needed=5, missing=[], boxes=[],
        complete=True,
    )  # fmt: skip
    yield EnrolmentProgress(
        media_s=1.00016, speech_s=3.14159, speech_needed_s=10, faces=2, faces_needed=5,
        missing=["one_person_only", "turn_your_head \u2190"], boxes=[(1 / 3, 0, 1, 2 / 3)],
        complete=False,
    )  # fmt: skip
    yield Enrolled(media_s=9.87654, identity=IDENTITY, id="i-1", speech_s=10.00004, faces=2**53)


def _broken() -> Iterator[Payload]:
    for kind in _of(Gap, "kind", 2):
        yield Gap(media_s=5, kind=kind, start_s=4.00005, end_s=5, reason="reconnected")
    for reason in _of(ConnectionLost, "reason", 3):
        yield ConnectionLost(media_s=6.5, reason=reason)
    yield ConnectionResumed(media_s=7, away_s=1 / 3)
    yield ErrorRaised(media_s=8, code="bad_media", message="Line 1\nline 2: \u201cno\u201d \\ \x00")
    for reason in _of(SessionEnded, "reason", 7):
        yield SessionEnded(media_s=9, reason=reason, totals=Totals())
    totals = Totals(windows=7, video_frames_dropped=10**12, audio_overrun_s=0.123456)
    yield SessionEnded(media_s=9, reason="stopped", totals=totals)


def _later() -> Iterator[Payload]:
    yield StateChanged(
        media_s=10,
        state=State.UNCERTAIN,
        previous=State.VERIFIED,
        reasons=[*Reason][10:13],
        llr=1.25,
    )
    for reason in get_args(SessionEnded.model_fields["reason"].annotation)[7:13]:
        yield SessionEnded(media_s=11, reason=reason, totals=Totals())
    yield StateChanged(
        media_s=12,
        state=State.UNCERTAIN,
        previous=State.WAITING,
        reasons=[*Reason][13:14],
        llr=None,
    )
    for reason in get_args(SessionEnded.model_fields["reason"].annotation)[13:15]:
        yield SessionEnded(media_s=13, reason=reason, totals=Totals())
    yield ConsentExpiring(media_s=0, expires_at="2026-03-31T12:00:00+00:00", days_left=30)
    for reason in get_args(SessionEnded.model_fields["reason"].annotation)[15:]:
        yield SessionEnded(media_s=14, reason=reason, totals=Totals())
    yield StateChanged(
        media_s=14,
        state=State.UNCERTAIN,
        previous=State.VERIFIED,
        reasons=[*Reason][14:17],
        llr=None,
    )
    for presence in (-1, 0, 1):
        yield Score(
            media_s=15,
            start_s=14,
            end_s=15,
            face=None,
            voice=None,
            fused=None,
            speech_s=0.5,
            faces=[],
            notes=[],
            evidence=None,
            age_s=None,
            presence=presence,
        )
    yield from _challenged()


def _challenged() -> Iterator[Payload]:
    yield StateChanged(
        media_s=15,
        state=State.UNCERTAIN,
        previous=State.VERIFIED,
        reasons=[*Reason][17:18],
        llr=None,
    )
    yield ChallengeAsked(
        media_s=16, challenge="00ff00ff00ff00ff", kind="turn_head", by="api",
        turns=["left", "right", "right"], digits=None, within_s=13, number=1, most=4,
        others=["say_digits"], chance=0.125,
    )  # fmt: skip
    yield ChallengeResult(
        media_s=20.5, challenge="00ff00ff00ff00ff", kind="turn_head", outcome="failed",
        why="other_side", after_s=4.25,
        measured=ChallengeMeasured(pictures=63, turns=["left", "left"], reaction_s=0.8),
    )  # fmt: skip
    yield ChallengeAsked(
        media_s=21, challenge="0123456789abcdef", kind="say_digits", by="client", turns=[],
        digits="0727", within_s=12, number=4, most=4, others=[], chance=None,
    )  # fmt: skip
    yield ChallengeResult(
        media_s=26, challenge="0123456789abcdef", kind="say_digits", outcome="passed", why=None,
        after_s=5, measured=ChallengeMeasured(
            pictures=70, reaction_s=1.1, speech_s=2.2, syllables=5, lips=1, voice=0, words=False
        ),
    )  # fmt: skip


def _coloured() -> Iterator[Payload]:
    yield ChallengeAsked(
        media_s=27, challenge="feed0123feed0123", kind="watch_colours", by="start", turns=[],
        digits=None, within_s=15.2, number=1, most=4, others=["turn_head"], chance=0.002,
        screen=ScreenColours(colours=("#aacbff", "#e0cb89"), from_s=6, each_s=1),
    )  # fmt: skip
    yield ChallengeResult(
        media_s=42, challenge="feed0123feed0123", kind="watch_colours", outcome="passed", why=None,
        after_s=15, measured=ChallengeMeasured(
            pictures=138, bits=13.125, delay_s=0.25, light=0.5, background=0.0625
        ),
    )  # fmt: skip


def _required() -> Iterator[Payload]:
    yield StateChanged(
        media_s=43,
        state=State.UNCERTAIN,
        previous=State.WAITING,
        reasons=[*Reason][18:],
        llr=None,
    )


def recorded_payloads() -> Iterator[Payload]:
    """All, in the order of the recording."""
    for part in (_started, _scored, _decided, _enrolled, _broken, _later, _coloured, _required):
        yield from part()


def lines_of(path: Path) -> list[str]:
    """A recording's lines; other separators than line feeds are part of what was said."""
    return path.read_text(encoding="utf-8").removesuffix("\n").split("\n")


def stamped() -> list[Event]:
    """All as events."""
    times = clock()
    stamper = Stamper(SESSION, now=lambda: next(times))
    return [stamper.stamp(payload) for payload in recorded_payloads()]


def main() -> None:
    """Add what is not recorded yet."""
    envelopes = [Envelope(cursor=event.seq, identity=None, event=event).text for event in stamped()]
    for path, made in ((EVENTS, [event.line for event in stamped()]), (ENVELOPES, envelopes)):
        kept = lines_of(path)
        path.write_text("\n".join([*kept, *made[len(kept) :]]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
