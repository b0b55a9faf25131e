"""The page reads events exactly as `verify --plot` does, and with the same words."""

from __future__ import annotations

import random
import re
from dataclasses import asdict
from typing import Any

import pytest
from playwright.sync_api import Page

from stream_verifier.console import timeline
from stream_verifier.events.schema import Reason, State
from tests.support.timeline_media import (
    Event,
    challenge_asked,
    challenge_result,
    change,
    failed,
    gap,
    minute,
    read,
    score,
    started,
)

pytestmark = pytest.mark.browser

READ = """async sessions => {
  const { inWords } = await import("./js/words.js");
  const { readTimeline, runs, SERIES, stretches } = await import("./js/timeline.js");
  return sessions.map((events) => {
    const read = readTimeline(events);
    return {
      read,
      words: inWords(read),
      runs: Object.keys(SERIES).map((name) => runs(read.points, name)),
      stretches: ["face", "voice"].map((side) => stretches(read.points, side)),
    };
  });
}"""


def random_session(seed: int) -> list[Event]:
    """Any order of anything, as far as media time lets it."""
    draw = random.Random(seed)
    events = [
        started(operating_point=draw.choice([None, {"name": "a", "accept": 1, "reject": -1}]))
    ]
    at_s = 0.0
    for _ in range(draw.randrange(60)):
        at_s += draw.choice([0.0, 0.5, 1.0, 1.25, 4.0, 70.0])
        evidence = draw.choice([None, 9.25, -3.5]), draw.choice([None, 2.0, -8.0])
        missing = draw.choice([(), ("face",), ("voice",), ("face", "voice")])
        spared = draw.random() < 0.3
        begun_s = max(0.0, at_s - draw.choice([0.5, 1.0, 3.0]))
        reasons = draw.sample([*Reason, "not_known_yet"], draw.randrange(3))
        events.append(
            draw.choice(
                [
                    score(at_s, *evidence, missing=missing, start_s=begun_s, spared=spared),
                    change(at_s, draw.choice([*State, "new_state"]), *reasons),
                    challenge_asked(at_s, draw.choice(["a", "b"])),
                    challenge_result(at_s, draw.choice(["a", "b"])),
                    gap(begun_s, at_s, draw.choice(["audio", "video"])),
                ]
            )
        )
    return events + draw.choice([[], [failed(at_s)], [{"type": "error", "message": "Lost."}]])


def with_their_names(value: Any) -> Any:
    """Python's names as JavaScript writes them."""
    if isinstance(value, dict):
        return {camel(key): with_their_names(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [with_their_names(item) for item in value]
    return value


def camel(name: str) -> str:
    return re.sub("_([a-z])", lambda found: found[1].upper(), name)


def read_here(events: list[Event]) -> Any:
    told = read(events)
    return {
        "read": with_their_names(asdict(told)),
        "words": timeline.in_words(told),
        "runs": with_their_names([timeline.runs(told.points, name) for name in timeline.SERIES]),
        "stretches": with_their_names(
            [timeline.stretches(told.points, side) for side in ("face", "voice")]
        ),
    }


def test_both_read_the_same_from_the_same_events(page: Page) -> None:
    sessions = [[], minute(), *(random_session(seed) for seed in range(200))]
    for there, events in zip(page.evaluate(READ, sessions), sessions, strict=True):
        assert there == read_here(events)


def test_both_use_the_same_words_in_the_same_order(page: Page) -> None:
    for name in ("SERIES", "STATES", "REASONS"):
        pairs = page.evaluate(
            "async name => Object.entries((await import('./js/timeline.js'))[name])", name
        )
        assert pairs == [list(pair) for pair in getattr(timeline, name).items()]


def test_every_state_and_reason_of_the_contract_has_words(page: Page) -> None:
    assert set(timeline.STATES) == set(State)
    assert set(timeline.REASONS) == set(Reason)
    names, sentences = page.evaluate(
        """async ([states, reasons]) => {
          const { sayReason, sayState } = await import("./js/words.js");
          return [states.map((state) => sayState(state, "ada")), reasons.map(sayReason)];
        }""",
        [list(State), list(Reason)],
    )
    assert [said["name"] for said in names] == [timeline.STATES[state] for state in State]
    assert all(said["text"] for said in names)
    assert len(set(sentences)) == len(sentences)
    unknown = [f"{reason.replace('_', ' ').capitalize()}." for reason in Reason]
    assert not set(sentences) & set(unknown)
