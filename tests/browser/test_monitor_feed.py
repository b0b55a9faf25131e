"""The monitor's connection: resumed, lost, stale, refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from benchmarks.feed_stub import FeedStub
from benchmarks.made_up_calls import MadeUpCall, Script, Who
from tests.support.page_fake import until

pytestmark = pytest.mark.browser
ADA = Script("s-ada", "ada", ((20.0, Who.GENUINE), (60.0, Who.STRANGER)))


@pytest.fixture
def stub(port: int) -> Iterator[FeedStub]:
    """One call, ten seconds old."""
    call = MadeUpCall(ADA, began=datetime.now(UTC))
    call.play(10)
    stub = FeedStub([call])
    stub.open(port)
    yield stub
    stub.close()


@pytest.fixture
def page(context: BrowserContext, stub: FeedStub) -> Page:
    """The monitor, live, keeping the events that its feed hands on."""
    page = context.new_page()
    page.add_init_script(
        """
        window.fed = [];
        const dispatch = EventTarget.prototype.dispatchEvent;
        EventTarget.prototype.dispatchEvent = function (event) {
          if (event.type === "event") fed.push(event.detail.seq);
          return dispatch.call(this, event);
        };
        """
    )
    page.goto(f"{stub.address}monitor.html")
    expect(page.get_by_test_id("connection")).to_have_text("Live")
    expect(page.get_by_test_id("call")).to_have_attribute("data-state", "verified")
    return page


def test_it_goes_on_where_it_was_without_loss_or_doubles(page: Page, stub: FeedStub) -> None:
    stub.play("s-ada", 2)
    until(page, "fed.length === 2")
    stub.mute = True  # These are missed, and come when it resumes.
    stub.play("s-ada", 3)
    stub.mute = False
    stub.cut()
    until(page, "fed.length === 5")
    stub.play("s-ada", 1)
    until(page, "fed.length === 6")
    seqs = page.evaluate("fed")
    assert seqs == list(range(seqs[0], seqs[0] + 6))
    first, second = stub.subscriptions
    assert "after" not in first
    assert second["after"]["epoch"] == stub.epoch
    expect(page.get_by_test_id("lost")).to_be_hidden()


def test_what_is_old_looks_old(page: Page, stub: FeedStub) -> None:
    expect(page.get_by_test_id("stale")).to_be_hidden()
    page.context.set_offline(True)
    stub.close()
    expect(page.get_by_test_id("stale")).to_contain_text("The server was last heard")
    expect(page.get_by_test_id("connection")).not_to_have_text("Live")
    assert page.evaluate("getComputedStyle(document.getElementById('board')).filter") != "none"


def test_silence_counts_as_a_lost_connection(own_context: BrowserContext, stub: FeedStub) -> None:
    page = own_context.new_page()
    page.clock.install()
    with page.expect_websocket() as opened:
        page.goto(f"{stub.address}monitor.html")
    expect(page.get_by_test_id("connection")).to_have_text("Live")
    page.clock.run_for(8_000)
    with opened.value.expect_event("framereceived", lambda frame: "heartbeat" in str(frame)):
        stub.say({"type": "heartbeat", "cursor": 0})
    page.clock.run_for(8_000)
    assert len(stub.subscriptions) == 1
    with page.expect_websocket():
        page.clock.run_for(14_000)
    expect(page.get_by_test_id("connection")).to_have_text("Live")
    assert stub.subscriptions[1]["after"]["epoch"] == stub.epoch


def test_losses_are_told_and_mended(page: Page, stub: FeedStub) -> None:
    stub.mute = True
    stub.play("s-ada", 25)
    stub.mute = False
    stub.forget()
    stub.cut()
    expect(page.get_by_test_id("lost")).to_contain_text("events did not reach this page")
    expect(page.get_by_test_id("call")).to_have_attribute("data-state", "rejected")
    page.locator("#lost-ok").click()
    expect(page.get_by_test_id("lost")).to_be_hidden()
    stub.say({"type": "dropped", "scores": 7})
    expect(page.get_by_test_id("lost")).to_contain_text("7 scores were skipped")


def test_calls_of_a_server_that_restarted_are_over(page: Page, stub: FeedStub) -> None:
    stub.calls.clear()
    stub.restart()
    expect(page.get_by_test_id("lost")).to_contain_text("Some events did not reach this page")
    expect(page.get_by_test_id("call")).to_have_count(0)
    page.get_by_test_id("view-ended").check()
    expect(page.get_by_test_id("ended-call")).to_contain_text("end not seen")


def test_messages_of_a_newer_server_are_passed_over(page: Page, stub: FeedStub) -> None:
    stub.say({"type": "something_newer", "v": 2})
    stub.play("s-ada", 1)
    until(page, "fed.length === 1")
    assert len(stub.subscriptions) == 1
