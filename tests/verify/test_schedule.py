from __future__ import annotations

from stream_verifier.verify.schedule import (
    CALM,
    SPARE,
    UNSURE,
    Schedule,
    ScheduleSettings,
    Turn,
    Waiting,
    Work,
)

SETTINGS = ScheduleSettings()


def schedule(*calls: str) -> Schedule[str]:
    made: Schedule[str] = Schedule(SETTINGS)
    for call in calls:
        made.add(call, 0.0)
    return made


def scored_in_order(made: Schedule[str], now_s: float) -> list[str]:
    order = []
    while (turn := made.next(now_s)) is not None:
        assert turn.work is Work.SCORE
        order.append(turn.call)
    return order


def test_nothing_is_due_where_nothing_waits() -> None:
    made = schedule("a")
    assert made.next(5.0) is None
    assert made.due_in_s(5.0) is None
    assert made.take_idle() == ["a"]


def test_media_is_gathered_for_a_moment_unless_it_is_hurried() -> None:
    made = schedule("a", "b")
    made.media_waits("a", 1.0)
    made.media_waits("a", 1.05)
    assert made.next(1.02) is None
    assert made.due_in_s(1.02) == 1.0 + SETTINGS.gather_s - 1.02
    made.media_waits("b", 1.02, hurry=True)
    assert made.next(1.02) == Turn("b", Work.HEAR, 1.02)
    assert made.next(1.09) == Turn("a", Work.HEAR, 1.0)


def test_unsure_calls_go_first_and_then_who_was_looked_at_longest_ago() -> None:
    made = schedule("old", "calm", "unsure")
    for call, looked_s in (("old", 1.0), ("calm", 7.0), ("unsure", 7.5)):
        made.window_waits(call, Waiting(looked_s, CALM))
        turn = Turn(call, Work.SCORE, looked_s)
        made.done(turn, looked_s, 0.05)
    weights = {"old": CALM, "calm": CALM, "unsure": UNSURE}
    for call, weight in weights.items():
        made.window_waits(call, Waiting(9.5, weight))
    assert scored_in_order(made, 10.0) == ["old", "unsure", "calm"]


def test_a_stale_window_is_not_scored() -> None:
    made = schedule("a")
    made.window_waits("a", Waiting(1.0))
    now_s = 1.01 + SETTINGS.fresh_s
    assert made.next(now_s) == Turn("a", Work.SKIP, 1.0)
    assert made.next(now_s) is None


def test_where_scores_take_long_a_window_is_stale_sooner() -> None:
    made = schedule("a")
    for _ in range(50):
        made.done(Turn("a", Work.SCORE, 0.0), 1.0, 0.5)
    made.window_waits("a", Waiting(1.0))
    turn = made.next(1.1 + SETTINGS.fresh_s - 0.4)
    assert turn is not None
    assert turn.work is Work.SKIP


def test_it_is_busy_where_another_window_has_waited_for_long() -> None:
    made = schedule("a", "b")
    made.window_waits("a", Waiting(1.4, UNSURE))
    made.window_waits("b", Waiting(1.9, CALM))
    first, second = made.next(2.0), made.next(2.0)
    assert first == Turn("a", Work.SCORE, 1.4, busy=True)
    assert second == Turn("b", Work.SCORE, 1.9, busy=False)


def test_media_that_waited_long_goes_before_scores_but_not_for_ever() -> None:
    made = schedule("a", "b")
    made.media_waits("a", 0.0)
    made.window_waits("b", Waiting(0.2))
    scored = made.next(0.2)
    assert scored == Turn("b", Work.SCORE, 0.2)
    made.done(scored, 0.2, 0.0)
    made.window_waits("b", Waiting(0.3))
    heard = made.next(0.3)
    assert heard == Turn("a", Work.HEAR, 0.0)
    made.done(heard, 0.9, 0.6)
    made.media_waits("a", 0.3)
    after = made.next(0.9)
    assert after is not None
    assert after.work is Work.SCORE


def test_media_that_would_be_dropped_soon_goes_before_scores_for_longer() -> None:
    made = schedule("a", "b")
    made.done(Turn("a", Work.HEAR, 0.0), 1.0, 0.7)
    made.done(Turn("b", Work.SCORE, 0.0), 1.0, 0.3)
    made.window_waits("b", Waiting(1.0))
    made.media_waits("a", 1.0)
    waits_s = SETTINGS.heard_within_s + 0.01
    first = made.next(1.0 + waits_s)
    assert first is not None
    assert first.work is Work.SCORE
    made.done(first, 1.0 + waits_s, 0.0)
    made.window_waits("b", Waiting(1.0))
    assert made.next(1.0 + SETTINGS.dropped_soon_s + 0.01) == Turn("a", Work.HEAR, 1.0)


def test_a_window_that_says_nothing_new_waits_until_there_is_nothing_to_hear() -> None:
    made = schedule("a", "b", "c")
    for weight, first in ((CALM, Work.SCORE), (SPARE, Work.HEAR)):
        made.media_waits("a", 0.0)
        made.window_waits("b", Waiting(0.0, weight))
        turn = made.next(0.1)
        assert turn is not None
        assert turn.work is first
        made.done(turn, 0.1, 0.0)
    assert made.next(0.1) == Turn("b", Work.SCORE, 0.0)


def test_it_never_goes_before_one_that_does() -> None:
    made = schedule("a", "b")
    made.window_waits("a", Waiting(0.0, SPARE))
    made.window_waits("b", Waiting(0.0, CALM))
    assert scored_in_order(made, 0.1) == ["b", "a"]


def test_who_took_more_time_to_be_heard_waits_for_others() -> None:
    made = schedule("dear", "cheap")
    order = []
    for _ in range(6):
        for call in ("dear", "cheap"):
            made.media_waits(call, 0.0)
        turn = made.next(1.0)
        assert turn is not None
        order.append(turn.call)
        made.done(turn, 1.0, 0.5 if turn.call == "dear" else 0.1)
    assert order == ["dear", "cheap", "cheap", "cheap", "cheap", "cheap"]


def test_whose_scores_cost_more_has_fewer() -> None:
    made = schedule("dear", "cheap")
    for _ in range(20):
        for call, cost_s in (("dear", 0.3), ("cheap", 0.05)):
            made.done(Turn(call, Work.SCORE, 0.0), 1.0, cost_s)
    for call in ("dear", "cheap"):
        made.window_waits(call, Waiting(1.5))
    assert scored_in_order(made, 2.0) == ["cheap", "dear"]


def test_a_call_that_is_gone_has_no_turn() -> None:
    made = schedule("a")
    made.media_waits("a", 0.0)
    made.remove("a")
    made.remove("a")
    assert "a" not in made
    made.media_waits("a", 0.0)
    made.window_waits("a", Waiting(0.0))
    made.done(Turn("a", Work.SCORE, 0.0), 1.0, 0.1)
    assert made.next(1.0) is None


def test_a_call_at_work_has_no_turn_on_another_worker() -> None:
    made = schedule("a", "b")
    made.media_waits("a", 0.0)
    turn = made.next(1.0)
    assert turn == Turn("a", Work.HEAR, 0.0)
    made.media_waits("a", 1.0)
    made.window_waits("a", Waiting(1.4))
    assert made.next(2.0) is None
    assert made.due_in_s(2.0) is None
    assert made.take_idle() == ["b"]
    made.media_waits("b", 1.0)
    assert made.next(2.0) is None
    made.rest("b")
    assert made.next(2.0) == Turn("b", Work.HEAR, 1.0)
    made.done(turn, 2.0, 0.1)
    assert made.due_in_s(2.0) == 0.0
    after = made.next(2.0)
    assert after is not None
    assert (after.call, after.work) == ("a", Work.SCORE)
