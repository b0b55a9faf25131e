"""Tokens: from the address's fragment or from a person, and never where they would be kept."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from benchmarks.feed_stub import FeedStub
from benchmarks.made_up_calls import MadeUpCall, Script

pytestmark = pytest.mark.browser
TOKEN = "eyJ.right-one.sig"


@pytest.fixture
def stub(port: int) -> Iterator[FeedStub]:
    """A server with a key."""
    call = MadeUpCall(Script("s-ada", "ada"), began=datetime.now(UTC))
    call.play(5)
    stub = FeedStub([call], token=TOKEN)
    stub.open(port)
    yield stub
    stub.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


def test_a_token_in_the_fragment_is_used_and_taken_off_the_address(
    page: Page, stub: FeedStub
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{stub.address}monitor.html#token={TOKEN}")
    expect(page.get_by_test_id("call")).to_have_count(1)
    assert page.url == f"{stub.address}monitor.html"
    assert [url for url in asked if "right-one" in url.split("#")[0]] == []
    assert stub.subscriptions[0]["token"] == TOKEN
    page.reload()
    expect(page.get_by_test_id("call")).to_have_count(1)
    expect(page.get_by_test_id("token-dialog")).to_have_count(0)


def test_a_token_is_asked_for_and_asked_for_again_when_it_is_wrong(
    page: Page, stub: FeedStub
) -> None:
    page.goto(f"{stub.address}monitor.html")
    dialog = page.get_by_test_id("token-dialog")
    expect(dialog).to_contain_text("only serves who has a token")
    page.get_by_test_id("token").fill("wrong")
    page.get_by_test_id("token").press("Enter")
    expect(dialog).to_contain_text("does not accept this token")
    page.get_by_test_id("token").fill(f" {TOKEN}\n")
    page.get_by_test_id("token").press("Enter")
    expect(page.get_by_test_id("call")).to_have_count(1)
    expect(page.get_by_test_id("error")).to_be_empty()
    assert [one.get("token") for one in stub.subscriptions] == [None, "wrong", TOKEN]


def test_who_has_none_is_told_and_not_asked_without_end(page: Page, stub: FeedStub) -> None:
    page.goto(f"{stub.address}monitor.html")
    page.get_by_test_id("token-dialog").get_by_role("button", name="Cancel").click()
    expect(page.get_by_test_id("error")).to_contain_text("No access to the events")
    expect(page.get_by_test_id("connection")).to_have_text("No access")
    expect(page.get_by_test_id("token-dialog")).to_have_count(0)


def test_the_call_page_lists_with_the_token_and_takes_a_name_along(
    page: Page, stub: FeedStub
) -> None:
    page.goto(f"{stub.address}#token={TOKEN}&identity=ada&mode=enrol")
    expect(page.get_by_test_id("identity-name")).to_have_value("ada")
    expect(page.get_by_test_id("mode-enrol")).to_be_checked()
    expect(page.locator("#people-empty")).to_contain_text("Nobody yet")
    assert "right-one" not in page.url


def test_the_call_page_asks_once_for_all_that_needs_it(page: Page, stub: FeedStub) -> None:
    page.goto(stub.address)
    expect(page.get_by_test_id("token-dialog")).to_have_count(1)
    page.get_by_test_id("token").fill(TOKEN)
    page.get_by_test_id("token").press("Enter")
    expect(page.locator("#people-empty")).to_contain_text("Nobody yet")
    kept = page.evaluate("Object.values(sessionStorage)")
    assert kept == [TOKEN]
    assert page.evaluate("Object.values(localStorage).join()") == ""
