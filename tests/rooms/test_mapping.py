"""Whom a publisher claims to be."""

from __future__ import annotations

import time

import pytest

from stream_verifier.errors import SettingsError
from stream_verifier.rooms.host import Publisher
from stream_verifier.rooms.mapping import ByDisplay, ByFeed, ByTable


def named(display: str | None, feed: str = "5") -> Publisher:
    return Publisher(feed=feed, display=display)


@pytest.mark.parametrize(
    ("pattern", "display", "name"),
    [
        ("(.+)", "Ada", "Ada"),
        ("(.+)", "  Ada ", "Ada"),
        (r"(.+) \(guest\)", "Ada (guest)", "Ada"),
        (r"(.+) \(guest\)", "Ada", None),
        (r"client-([0-9]{4})", "client-0042", "0042"),
        (r"client-([0-9]{4})", "client-00421", None),
        (r"client-([0-9]{4})", "a client-0042", None),
        ("(.+)", None, None),
        ("(.+)", "", None),
        ("(.+)", "x" * 65, None),
        ("(.+)", "../etc", None),
        ("(.+)", "a\nb", None),
        ("a(b?)", "a", None),
        (r"\+(.+)", "+Ada", "Ada"),
    ],
)
async def test_the_display_name_is_matched_as_a_whole(
    pattern: str, display: str | None, name: str | None
) -> None:
    assert await ByDisplay(pattern).who(named(display)) == name


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("(a+)+", "no groups"),
        ("((a|b)*)c", "no groups"),
        ("(a){2,}", "no groups"),
        ("(a*)(b*)", "one group"),
        ("(.*)(?=x)", "lookaround"),
        ("(?i)(.*)", "lookaround"),
        (r"(.)\1", "references"),
        ("(.*.*.*.*)", "three times"),
        ("(" + "a?" * 30 + "a" * 30 + ")", "three times"),
        ("(" + "a??" * 30 + "a" * 30 + ")", "three times"),
        ("(" + "a{,1}" * 4 + ")", "three times"),
        (r"(\d+\d+\d+\d+)", "three times"),
        (".+", "one group"),
        ("(.+", "no regular expression"),
        ("(" + "a" * 300 + ")", "characters at most"),
    ],
)
def test_patterns_that_could_take_long_are_refused(pattern: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        ByDisplay(pattern)


async def test_the_worst_pattern_that_is_taken_is_quick() -> None:
    rule = ByDisplay("(a*a*a*)b")
    began_s = time.process_time()
    for _ in range(20):
        assert await rule.who(named("a" * 64)) is None
    assert time.process_time() - began_s < 5


@pytest.mark.parametrize(
    ("pattern", "feed", "name"),
    [
        ("(.+)", "ada", "ada"),
        ("user-(.+)", "user-ada", "ada"),
        ("user-(.+)", "ada", None),
        ("(.+)", "x" * 65, None),
        ("(.+)", "../etc", None),
    ],
)
async def test_an_id_is_matched_as_a_whole_whatever_the_name_is(
    pattern: str, feed: str, name: str | None
) -> None:
    assert await ByFeed(pattern).who(named("Grace", feed)) == name


def test_patterns_of_ids_are_bounded_likewise() -> None:
    with pytest.raises(SettingsError, match="no groups"):
        ByFeed("(a+)+")


async def test_a_feed_counts_more_than_a_name() -> None:
    rule = ByTable({"feed:5": "ada", "display:Bob": "bob"})
    assert await rule.who(named("Bob", "5")) == "ada"
    assert await rule.who(named("Bob", "6")) == "bob"
    assert await rule.who(named(None, "6")) is None
    assert await rule.who(named("bob", "6")) is None


def test_a_table_names_people_who_could_be_enrolled() -> None:
    with pytest.raises(SettingsError, match="cannot be enrolled"):
        ByTable({"feed:5": "../ada"})
