"""What is known of a call that another worker had: numbers, trust, and where its media stopped."""

from __future__ import annotations

from datetime import timedelta

import pytest

from stream_verifier.calls.past import Past
from stream_verifier.events.event import Event
from stream_verifier.events.schema import Reason, State, StateChanged
from stream_verifier.events.stamper import Stamper
from tests.support.feed_media import score, started


def verified(media_s: float = 4.0) -> StateChanged:
    return StateChanged(
        media_s=media_s, state=State.VERIFIED, previous=State.WAITING, reasons=[], llr=3.0
    )


def said() -> list[Event]:
    """Five events, of which the client was spared one."""
    stamper = Stamper("s1")
    return [
        stamper.stamp(payload)
        for payload in (started(), score(1.0), score(2.0), verified(), score(5.0))
    ]


def test_a_call_goes_on_where_its_events_stopped() -> None:
    events = said()
    past = Past.of("s1", events, now=events[-1].said_at + timedelta(seconds=3))
    assert (past.seq, past.untold, past.media_s) == (5, 1, 5.0)
    assert past.away_s == pytest.approx(3.0)
    assert (past.summary.identity, past.summary.state) == ("ada", "verified")
    mark = past.mark(1000.0)
    # Media time runs on by the time that was really away.
    assert mark.origin_at(1000.0) == pytest.approx(1000.0 - 8.0)
    assert {gap.kind: (gap.start_s, gap.end_s) for gap in mark.gaps_until(8.0)} == {
        "audio": (5.0, 8.0),
        "video": (5.0, 8.0),
    }


def test_trust_begins_anew_and_that_is_said() -> None:
    events = said()
    (words,) = Past.of("s1", events, now=events[-1].said_at).first_words()
    assert isinstance(words, StateChanged)
    assert (words.state, words.previous, words.reasons) == (
        State.WAITING,
        State.VERIFIED,
        [Reason.MEDIA_GAP],
    )
    assert Past.of("s1", events[:2], now=events[-1].said_at).first_words() == []


def test_what_only_the_client_still_knows_counts() -> None:
    events = said()
    now = events[-1].said_at
    ahead = Past.of("s1", events, now=now, known_seq=8, known_untold=3)
    assert (ahead.seq, ahead.untold) == (8, 3)
    behind = Past.of("s1", events, now=now, known_seq=2, known_untold=70)
    assert (behind.seq, behind.untold) == (5, 1)


def test_no_client_pushes_numbers_far_ahead() -> None:
    events = said()
    past = Past.of("s1", events, now=events[-1].said_at, known_seq=2**52, known_untold=2**52)
    assert past.seq == 5 + 10_000
    assert past.untold <= past.seq


def test_of_a_call_of_which_nothing_is_held_little_is_known() -> None:
    now = said()[-1].said_at
    past = Past.of("s1", [], now=now, known_seq=7)
    assert (past.seq, past.media_s, past.away_s, past.first_words()) == (7, 0.0, 0.0, [])
