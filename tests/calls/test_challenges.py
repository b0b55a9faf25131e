"""One challenge at a time, each once and drawn anew, so many in all, and by whose wish."""

from __future__ import annotations

import random
from typing import Any

import pytest

from stream_verifier.calls.challenges import CallChallenges, ChallengeBook, Wanted
from stream_verifier.errors import (
    ChallengeError,
    ChallengeOpenError,
    NobodyTellsError,
    TooManyChallengesError,
)
from stream_verifier.events.schema import (
    ChallengeKind,
    ChallengeMeasured,
    ChallengeOutcome,
    ChallengeResult,
    Reason,
    Score,
    State,
    StateChanged,
)
from tests.support.calls import make_settings

BOTH: tuple[ChallengeKind, ...] = ("turn_head", "say_digits")


def make(
    tmp_path: Any,
    *,
    kinds: tuple[ChallengeKind, ...] = BOTH,
    shown: tuple[ChallengeKind, ...] = BOTH,
    told: bool = True,
    book: ChallengeBook | None = None,
    asked: int = 0,
    camera_doubted: bool = False,
    **settings: Any,
) -> CallChallenges:
    return CallChallenges(
        identity="ada",
        kinds=kinds,
        shown=shown,
        told=told,
        settings=make_settings(tmp_path, **settings),
        book=book or ChallengeBook(),
        asked=asked,
        camera_doubted=camera_doubted,
        chance=random.Random(1),
    )


def result(
    challenge: str, outcome: ChallengeOutcome = "failed", kind: ChallengeKind = "turn_head"
) -> ChallengeResult:
    return ChallengeResult(
        media_s=20, challenge=challenge, kind=kind, outcome=outcome, why=None, after_s=5,
        measured=ChallengeMeasured(),
    )  # fmt: skip


def score(at_s: float, presence: Any = None, *, face: bool = True) -> Score:
    return Score(
        media_s=at_s, start_s=at_s - 1, end_s=at_s, face=None, voice=None, fused=None, speech_s=0,
        faces=[(0.3, 0.3, 0.3, 0.4)] if face else [], notes=[], evidence=None, presence=presence,
        age_s=None,
    )  # fmt: skip


def doubt(*reasons: Reason) -> StateChanged:
    return StateChanged(
        media_s=1, state=State.UNCERTAIN, previous=State.WAITING, reasons=list(reasons), llr=None
    )


def ask(one: CallChallenges, kind: ChallengeKind | None = None, **more: Any) -> Any:
    about: dict[str, Any] = {"by": "api", "now_s": 100.0, "media_s": 10.0}
    return one.ask(kind, **about | more)


def test_what_is_asked_says_all_that_a_client_needs(tmp_path: Any) -> None:
    challenge, told = ask(make(tmp_path))
    assert (told.kind, told.number, told.most, told.others) == ("turn_head", 1, 4, ["say_digits"])
    assert len(told.turns) == 3
    assert told.chance == pytest.approx(1 / 8)
    assert (challenge.id, challenge.asked_s) == (told.challenge, 100.0)
    assert challenge.task.turns == tuple(told.turns)


def test_colours_are_told_with_their_times_and_offered_only_where_a_client_shows_them(
    tmp_path: Any,
) -> None:
    every: tuple[ChallengeKind, ...] = (*BOTH, "watch_colours")
    _, told = ask(make(tmp_path, kinds=every, shown=every), "watch_colours")
    assert len(told.screen.colours) == 8
    assert (told.screen.from_s, told.screen.each_s, told.turns) == (6.0, 1.0, [])
    assert told.others == ["turn_head", "say_digits"]
    assert ask(make(tmp_path, kinds=every, shown=every))[1].others == [*every[1:]]
    for client in ({"shown": BOTH}, {"told": False}, {"shown": ()}):
        _, told = ask(make(tmp_path, kinds=every, **client))
        assert (told.kind, told.others, told.screen) == ("turn_head", ["say_digits"], None)


def test_digits_promise_no_chance_since_words_are_not_recognised(tmp_path: Any) -> None:
    _, told = ask(make(tmp_path), "say_digits")
    assert (told.chance, told.turns) == (None, [])
    assert len(told.digits) == 4
    assert told.digits.isdigit()


def test_one_at_a_time_and_its_result_counts_once(tmp_path: Any) -> None:
    one = make(tmp_path)
    challenge, _ = ask(one)
    with pytest.raises(ChallengeOpenError):
        ask(one)
    assert not one.take(result("another"), 101.0)
    assert one.take(result(challenge.id), 101.0)
    assert not one.take(result(challenge.id, "passed"), 101.0)
    assert ask(one)[0].id != challenge.id


def test_there_are_so_many_in_a_call_wherever_they_were_asked(tmp_path: Any) -> None:
    one = make(tmp_path, asked=3)
    challenge, told = ask(one)
    assert (told.number, told.others) == (4, ["say_digits"])
    one.take(result(challenge.id), 101.0)
    with pytest.raises(TooManyChallengesError, match="CHALLENGES_PER_CALL"):
        ask(one)


def test_what_cannot_be_measured_is_refused(tmp_path: Any) -> None:
    with pytest.raises(ChallengeError, match="What can: turn_head"):
        ask(make(tmp_path, kinds=("turn_head",)), "say_digits")
    with pytest.raises(ChallengeError, match="none"):
        ask(make(tmp_path, kinds=()))


def test_each_that_is_not_passed_makes_the_next_harder_to_guess_in_all_calls_of_a_name(
    tmp_path: Any,
) -> None:
    book, lengths = ChallengeBook(), []
    for _ in range(5):
        one = make(tmp_path, book=book)
        challenge, told = ask(one)
        lengths.append(len(told.turns))
        one.take(result(challenge.id, "unanswered"), 100.0)
    assert lengths == [3, 4, 5, 6, 6]
    assert book.counts["turn_head", "unanswered"] == 5
    challenge, _ = ask(one)
    one.take(result(challenge.id, "passed"), 100.0)
    assert len(ask(make(tmp_path, book=book))[1].turns) == 3


def test_a_day_later_it_is_forgotten(tmp_path: Any) -> None:
    book = ChallengeBook()
    book.note("ada", result("a"), 0.0)
    assert (book.unpassed("ada", 3600.0), book.unpassed("ada", 90_000.0)) == (1, 0)


def test_another_way_follows_on_the_result_of_the_first(tmp_path: Any) -> None:
    one = make(tmp_path)
    challenge, _ = ask(one)
    assert not one.choose_other("another")
    assert one.choose_other(challenge.id)
    over = result(challenge.id, "unanswered")
    assert one.take(over, 101.0)
    assert one.wanted(over) == Wanted("say_digits", "api", instead=True)
    assert one.wanted(over) is None


def test_another_way_is_there_for_the_last_one_too_and_counts_with_it_but_not_for_ever(
    tmp_path: Any,
) -> None:
    one = make(tmp_path, challenges_per_call=1)
    challenge, _ = ask(one)
    one.choose_other(challenge.id)
    over = result(challenge.id, "unanswered")
    one.take(over, 101.0)
    wanted = one.wanted(over)
    assert wanted is not None
    challenge, told = ask(one, wanted.kind, instead=wanted.instead)
    assert (told.kind, told.number, told.others) == ("say_digits", 1, [])
    one.choose_other(challenge.id)
    over = result(challenge.id, "unanswered", "say_digits")
    one.take(over, 102.0)
    assert one.wanted(over) is None
    with pytest.raises(TooManyChallengesError):
        ask(one)


def test_who_holds_a_token_asks_so_often_a_day_in_all_calls_of_a_name(tmp_path: Any) -> None:
    book = ChallengeBook(most=2)

    def once(**more: Any) -> None:
        one = make(tmp_path, book=book)
        challenge, _ = ask(one, **more)
        one.take(result(challenge.id, "passed"), 100.0)

    once(by="client")
    once()
    for by in ("client", "api"):
        with pytest.raises(TooManyChallengesError, match="CHALLENGES_PER_NAME"):
            once(by=by)
    # What the server itself or an administrator asks for nobody can use up.
    once(by="start")
    once(by="doubt")
    once(trusted=True)
    once(by="client", now_s=100.0 + 86_400)


@pytest.mark.parametrize("told", [True, False])
def test_where_no_client_shows_it_whoever_asks_has_to_tell(tmp_path: Any, told: bool) -> None:
    one = make(tmp_path, told=told, shown=("say_digits",))
    with pytest.raises(NobodyTellsError, match="asker_tells"):
        one.refuse("turn_head", now_s=100.0, shown=False)
    one.refuse("turn_head", now_s=100.0, shown=True)
    if told:
        one.refuse(None, now_s=100.0, shown=False)
    assert ask(one)[1].kind == ("say_digits" if told else "turn_head")


def test_where_nobody_is_told_the_server_does_not_ask_by_itself(tmp_path: Any) -> None:
    settings: dict[str, Any] = {"challenge_at_start": "turn_head", "challenge_in_doubt": "auto"}
    one = make(tmp_path, told=False, **settings)
    one.wanted(doubt(Reason.LIPS_DO_NOT_MATCH))
    assert not any(one.wanted(score(at_s, -1)) for at_s in range(2, 60))


def test_at_the_start_it_is_asked_once_when_a_face_is_seen(tmp_path: Any) -> None:
    one = make(tmp_path, challenge_at_start="turn_head")
    assert one.wanted(score(1, face=False)) is None
    assert one.wanted(score(2)) == Wanted("turn_head", "start")
    challenge, _ = ask(one, "turn_head")
    one.take(result(challenge.id), 101.0)
    assert one.wanted(score(3)) is None


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        (Reason.PRESENTATION_SUSPECTED, "turn_head"),
        (Reason.SPEAKER_NOT_ON_CAMERA, "say_digits"),
        (Reason.LIPS_DO_NOT_MATCH, "say_digits"),
        (Reason.PRESENCE_NOT_SHOWN, "turn_head"),
    ],
)
def test_doubt_that_stays_is_asked_about_by_what_might_settle_it(
    tmp_path: Any, reason: Reason, kind: str
) -> None:
    one = make(tmp_path, challenge_in_doubt="auto")
    one.wanted(doubt(reason))
    asked = [one.wanted(score(at_s, -1)) for at_s in range(2, 12)]
    assert asked[:8] == [None] * 8
    assert asked[8] == Wanted(kind, "doubt")  # type: ignore[arg-type]


def test_a_presence_that_is_required_and_not_shown_is_asked_about(tmp_path: Any) -> None:
    one = make(tmp_path, challenge_in_doubt="auto")
    one.wanted(doubt(Reason.PRESENCE_NOT_SHOWN))
    asked = [one.wanted(score(at_s, 0)) for at_s in range(2, 12)]
    assert asked[:9] == [None] * 8 + [Wanted("turn_head", "doubt")]
    other = make(tmp_path, challenge_in_doubt="auto")
    other.wanted(doubt(Reason.NO_SPEECH))
    assert not any(other.wanted(score(at_s, 0)) for at_s in range(2, 60))


def test_doubt_is_asked_about_only_where_the_client_shows_it_and_by_the_setting(
    tmp_path: Any,
) -> None:
    for one in (make(tmp_path), make(tmp_path, challenge_in_doubt="auto", shown=())):
        one.wanted(doubt(Reason.LIPS_DO_NOT_MATCH))
        assert not any(one.wanted(score(at_s, -1)) for at_s in range(2, 60))


def test_doubt_by_a_challenge_alone_asks_for_no_other(tmp_path: Any) -> None:
    one = make(tmp_path, challenge_in_doubt="auto")
    one.wanted(doubt(Reason.CHALLENGE_NOT_PASSED))
    assert not any(one.wanted(score(at_s, -1)) for at_s in range(2, 60))


@pytest.mark.parametrize("shown", [("turn_head",), ("say_digits",), BOTH])
def test_a_camera_made_of_software_is_asked_about_once_when_a_face_is_seen(
    tmp_path: Any, shown: tuple[ChallengeKind, ...]
) -> None:
    one = make(tmp_path, camera_doubted=True, shown=shown, challenge_in_doubt="auto")
    assert one.wanted(score(1, face=False)) is None
    assert one.wanted(score(2)) == Wanted(shown[0], "doubt")
    challenge, _ = ask(one, shown[0], by="doubt")
    one.take(result(challenge.id, "passed"), 101.0)
    assert not any(one.wanted(score(at_s)) for at_s in range(3, 60))


def test_where_it_cannot_be_asked_a_camera_hides_no_other_doubt(tmp_path: Any) -> None:
    settings: dict[str, Any] = {"camera_doubted": True, "challenge_in_doubt": "auto"}
    one = make(tmp_path, shown=(), **settings)
    one.wanted(doubt(Reason.LIPS_DO_NOT_MATCH))
    assert not any(one.wanted(score(at_s, -1)) for at_s in range(2, 60))
    off = make(tmp_path, camera_doubted=True, challenge_in_doubt="off")
    assert not any(off.wanted(score(at_s)) for at_s in range(2, 60))
    begun = make(tmp_path, asked=1, **settings)
    begun.wanted(doubt(Reason.LIPS_DO_NOT_MATCH))
    asked = [begun.wanted(score(at_s, -1)) for at_s in range(2, 12)]
    assert asked[8] == Wanted("say_digits", "doubt")
    assert asked[:8] == [None] * 8
