"""The monitor against a server that speaks the feed's contract."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from benchmarks.feed_stub import FeedStub
from benchmarks.made_up_calls import MadeUpCall, Script, Who
from tests.support.page_fake import until, without_complaints

pytestmark = pytest.mark.browser
GENUINE = ((30.0, Who.GENUINE),)
# ada is well; bea is not, from the 12th second on; cyn has been unclear for long.
SCRIPTS = (
    Script("s-ada", "ada", GENUINE),
    Script("s-bea", "bea", ((12.0, Who.GENUINE), (60.0, Who.WRONG_VOICE))),
    Script("s-cyn", "cyn", ((60.0, Who.UNCLEAR),)),
    Script("s-dot", "dot", ((20.0, Who.GENUINE), (10.0, Who.STRANGER)), ends="peer_closed"),
)


@pytest.fixture
def stub(port: int) -> Iterator[FeedStub]:
    """Three calls that run and one that is over."""
    calls = [MadeUpCall(script, began=datetime.now(UTC)) for script in SCRIPTS]
    for call in calls:
        call.play(40 if call.script.ends else 10)
    stub = FeedStub(calls)
    stub.open(port)
    yield stub
    stub.close()


@pytest.fixture
def page(context: BrowserContext, stub: FeedStub) -> Iterator[Page]:
    """The monitor, live; an error in its console fails the test."""
    page = context.new_page()
    # What a refused request leaves in the console is the browser's own remark, as is what a socket
    # leaves there that comes back to a server which a test has closed.
    with without_complaints(page, but=("Failed to load resource", "net::ERR_CONNECTION_REFUSED")):
        page.goto(f"{stub.address}monitor.html")
        expect(page.get_by_test_id("call")).to_have_count(3)
        until(page, "document.querySelectorAll('.strip[aria-label*=Waiting]').length === 3")
        yield page


def names(page: Page, test_id: str = "call") -> list[str]:
    return page.get_by_test_id(test_id).locator(".who").all_text_contents()


def card(page: Page, name: str):  # type: ignore[no-untyped-def]
    return page.get_by_test_id("call").filter(has_text=name)


def open_detail(page: Page, name: str) -> None:
    card(page, name).get_by_role("button").press("Enter")
    expect(page.get_by_test_id("detail")).to_be_visible()


def test_the_most_worrying_call_comes_first(page: Page, stub: FeedStub) -> None:
    assert names(page) == ["cyn", "ada", "bea"]
    stub.play("s-bea", 15)
    expect(card(page, "bea")).to_have_attribute("data-state", "rejected")
    expect(card(page, "bea")).to_contain_text("wrong voice")
    assert names(page) == ["bea", "cyn", "ada"]
    expect(page).to_have_title("(1 rejected) Monitor – Stream Verifier")
    expect(page.locator("#announcement")).to_have_text("bea: rejected, wrong voice")


def test_it_says_how_full_the_server_is(page: Page) -> None:
    expect(page.get_by_test_id("load")).to_have_text("3 of at most 8 calls, scored within 0.2 s")


def test_only_what_an_event_concerns_is_touched(page: Page, stub: FeedStub) -> None:
    page.evaluate(
        """() => {
          window.touched = new Set();
          window.tiles = [...document.querySelectorAll('.tile')];
          new MutationObserver((changes) => {
            for (const { target } of changes) {
              const element = target.nodeType === 1 ? target : target.parentElement;
              const tile = element.closest('.tile');
              if (tile && !element.closest('.since, .ages')) touched.add(tile.dataset.session);
              if (element.id === 'board') touched.add('board');
            }
          }).observe(document.getElementById('board'),
            { subtree: true, childList: true, characterData: true, attributes: true });
        }"""
    )
    stub.play("s-cyn", 3)
    stub.play("s-bea", 15)
    expect(card(page, "bea")).to_have_attribute("data-state", "rejected")
    assert "s-ada" not in page.evaluate("[...touched]")
    assert page.evaluate("tiles.every(tile => tile.isConnected)")


def test_a_new_call_appears_and_an_ended_one_moves_over(page: Page, stub: FeedStub) -> None:
    new = MadeUpCall(Script("s-eve", "eve", GENUINE), began=datetime.now(UTC))
    stub.calls["s-eve"] = new
    stub.play("s-eve", 2)
    expect(page.get_by_test_id("call")).to_have_count(4)
    stub.publish(new.say(new.end("client_gone")))
    expect(page.get_by_test_id("call")).to_have_count(3)
    page.get_by_test_id("view-ended").check()
    expect(page.get_by_test_id("ended-call")).to_have_count(2)
    expect(page.get_by_test_id("ended-call").filter(has_text="eve")).to_contain_text("caller lost")


def test_filter_and_search(page: Page, stub: FeedStub) -> None:
    page.get_by_test_id("filter-uncertain").check()
    expect(page.get_by_test_id("call")).to_have_count(1)
    assert names(page) == ["cyn"]
    page.get_by_test_id("search").fill("nobody")
    expect(page.get_by_test_id("empty")).to_contain_text("None of 3 running calls fits the filter.")
    page.locator("#clear").click()
    expect(page.get_by_test_id("call")).to_have_count(3)
    page.get_by_test_id("search").fill("S-AD")
    expect(page.get_by_test_id("call")).to_have_count(1)
    assert names(page) == ["ada"]
    expect(page.locator("[data-state=uncertain] .number")).to_have_text("1")


def test_a_call_in_full_goes_on_while_it_is_looked_at(page: Page, stub: FeedStub) -> None:
    open_detail(page, "bea")
    detail = page.get_by_test_id("detail")
    expect(detail).to_contain_text("alarm_8h")
    expect(page.get_by_test_id("events").locator("li")).to_have_count(4)
    stub.play("s-bea", 15)
    expect(detail).to_contain_text("The voice does not match.")
    expect(page.get_by_test_id("events").locator("li").first).to_contain_text("rejected")
    page.keyboard.press("Escape")
    expect(detail).to_be_hidden()
    expect(card(page, "bea").get_by_role("button")).to_be_focused()


def test_the_history_of_an_ended_call(page: Page, stub: FeedStub) -> None:
    page.get_by_test_id("view-ended").check()
    row = page.get_by_test_id("ended-call")
    expect(row).to_contain_text("caller left")
    expect(row).to_contain_text("0:30 long")
    row.get_by_role("button").click()
    expect(page.get_by_test_id("detail")).to_contain_text("Ended, last rejected")
    expect(page.get_by_test_id("detail-end")).to_be_hidden()
    expect(page.get_by_test_id("events").locator("li").first).to_contain_text("session_ended")
    told = page.get_by_test_id("chart").get_attribute("aria-label")
    assert told is not None
    assert "Rejected: wrong face, wrong voice" in told


def test_ending_a_call_asks_first_and_needs_the_right(page: Page, stub: FeedStub) -> None:
    open_detail(page, "ada")
    page.get_by_test_id("detail-end").click()
    expect(page.get_by_test_id("confirm")).to_contain_text("End the call of ada?")
    page.get_by_test_id("confirm-no").click()
    assert not stub.calls["s-ada"].over
    stub.may_end = False
    page.get_by_test_id("detail-end").click()
    page.get_by_test_id("confirm-yes").click()
    expect(page.get_by_test_id("error")).to_contain_text("scope admin")
    stub.may_end = True
    open_detail(page, "ada")
    page.get_by_test_id("detail-end").click()
    page.get_by_test_id("confirm-yes").click()
    expect(page.get_by_test_id("call")).to_have_count(2)
    assert stub.calls["s-ada"].over


def test_the_keyboard_alone_is_enough(page: Page) -> None:
    card(page, "cyn").get_by_role("button").focus()
    page.keyboard.press("ArrowRight")
    expect(card(page, "ada").get_by_role("button")).to_be_focused()
    page.keyboard.press("End")
    expect(card(page, "bea").get_by_role("button")).to_be_focused()
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("detail")).to_contain_text("cyn")
    page.keyboard.press("Escape")
    expect(card(page, "cyn").get_by_role("button")).to_be_focused()


def test_the_focus_stays_on_a_card_that_moves(page: Page, stub: FeedStub) -> None:
    card(page, "bea").get_by_role("button").focus()
    stub.play("s-bea", 15)
    expect(page.get_by_test_id("call").first).to_contain_text("bea")
    expect(card(page, "bea").get_by_role("button")).to_be_focused()


def test_a_rejection_is_heard_by_who_wants_to(page: Page, stub: FeedStub) -> None:
    page.evaluate(
        """() => {
          window.tones = 0;
          const start = OscillatorNode.prototype.start;
          OscillatorNode.prototype.start = function (at) { tones += 1; start.call(this, at); };
        }"""
    )
    page.locator(".alerts summary").click()
    page.get_by_test_id("alert-sound").check()
    until(page, "tones === 2")
    page.evaluate("tones = 0")
    stub.play("s-bea", 15)
    until(page, "tones === 2")
    page.reload()
    page.locator(".alerts summary").click()
    expect(page.get_by_test_id("alert-sound")).to_be_checked()


def test_a_hundred_calls_are_each_shown_once_and_few_are_asked_about(
    context: BrowserContext, port: int
) -> None:
    began = datetime.now(UTC)
    calls = [MadeUpCall(Script(f"s{n:03}", f"n{n:03}", GENUINE), began=began) for n in range(100)]
    for call in calls:
        call.play(5)
    stub = FeedStub(calls)
    stub.open(port)
    page = context.new_page()
    page.goto(f"{stub.address}monitor.html")
    expect(page.get_by_test_id("call")).to_have_count(100)
    until(page, "document.querySelectorAll('.strip[aria-label*=Verified]').length > 0")
    assert 0 < len(set(stub.asked)) < 60
    for _ in range(3):
        stub.publish(*(event for call in calls for event in call.play(call.media_s + 5)))
    expect(page.locator(".tile[data-state=verified]")).to_have_count(100)
    assert sorted(names(page)) == [f"n{n:03}" for n in range(100)]
    stub.close()


LONG_NAMES = (
    "Donaudampfschifffahrtsgesellschaftskapitän-Müller-Lüdenscheidt",
    "عبد الرحمن بن محمد بن موسى الخوارزمي",
    "x" * 64,
)
CUT_OFF = """() => {
  const inside = ({ left, right }) => left >= -1 && right <= innerWidth + 1;
  const shown = [...document.querySelectorAll("header *, main *, dialog[open] *")]
    .filter((one) => one.checkVisibility() && !one.closest(".unseen, svg, .alerts-box"));
  const cut = shown.filter((one) => !inside(one.getBoundingClientRect()));
  return cut.map((one) => one.outerHTML.slice(0, 80));
}"""


@pytest.fixture
def named(context: BrowserContext, port: int) -> Iterator[Page]:
    """The monitor on a phone; people have long names, and some are written from the right."""
    calls = [
        MadeUpCall(Script(f"s-{number}", name, GENUINE), began=datetime.now(UTC))
        for number, name in enumerate(LONG_NAMES)
    ]
    for call in calls:
        call.play(10)
    stub = FeedStub(calls)
    stub.open(port)
    page = context.new_page()
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"{stub.address}monitor.html")
    expect(page.get_by_test_id("call")).to_have_count(len(LONG_NAMES))
    yield page
    stub.close()


def test_on_a_phone_nothing_is_cut_off_however_long_a_name_is(named: Page) -> None:
    expect(named.get_by_test_id("connection")).to_contain_text("Live")
    assert named.evaluate(CUT_OFF) == []
    for name in LONG_NAMES:
        open_detail(named, name)
        assert named.evaluate(CUT_OFF) == []
        expect(named.get_by_test_id("detail-end")).to_be_in_viewport(ratio=1)
        named.get_by_test_id("detail-end").click()
        assert named.evaluate(CUT_OFF) == []
        expect(named.get_by_test_id("confirm-yes")).to_be_in_viewport(ratio=1)
        named.get_by_test_id("confirm-no").click()
        named.get_by_test_id("detail-close").focus()
        named.keyboard.press("Enter")
        expect(named.get_by_test_id("detail")).to_be_hidden()


def test_who_opens_a_call_by_keyboard_does_not_come_to_its_end_first(named: Page) -> None:
    open_detail(named, LONG_NAMES[0])
    expect(named.get_by_test_id("detail-close")).to_be_focused()


def test_a_name_that_is_written_from_the_right_begins_there(named: Page) -> None:
    for name, direction in zip(LONG_NAMES, ("ltr", "rtl", "ltr"), strict=True):
        written = card(named, name).locator(".who-name")
        expect(written).to_have_css("direction", direction)


def test_cards_that_come_into_view_again_have_the_pages_colours(page: Page, stub: FeedStub) -> None:
    page.get_by_test_id("view-ended").check()
    stub.close()
    expect(page.get_by_test_id("stale")).to_be_visible()
    page.emulate_media(color_scheme="dark")
    page.get_by_test_id("view-running").check()
    corner = (
        "() => document.querySelector('.strip').getContext('2d').getImageData(2, 2, 1, 1).data[0]"
    )
    until(page, f"({corner})() < 80")
