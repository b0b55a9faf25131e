from __future__ import annotations

from typing import Any

from stream_verifier.events.recent import RecentEvents


def event(seq: int, kind: str) -> dict[str, Any]:
    return {"seq": seq, "type": kind}


def test_events_after_a_number_come_in_order() -> None:
    recent = RecentEvents()
    for seq in range(1, 6):
        recent.put(event(seq, "score"))
    assert [e["seq"] for e in recent.after(3)] == [4, 5]
    assert recent.after(9) == []


def test_scores_go_first_then_what_is_oldest() -> None:
    recent = RecentEvents(max_events=3)
    for seq, kind in enumerate(("state_changed", "score", "gap", "state_changed"), 1):
        recent.put(event(seq, kind))
    assert [e["seq"] for e in recent.after(0)] == [1, 3, 4]
    recent.put(event(5, "gap"))
    assert [e["seq"] for e in recent.after(0)] == [3, 4, 5]
