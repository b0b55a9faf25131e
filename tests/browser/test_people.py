"""The list of people in a real browser, beside the real server and its store."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from stream_verifier.audit.receipt import Receipt
from stream_verifier.audit.seal import read_public_key
from stream_verifier.identities.opening import open_store
from tests.support.axe import read_axe, violations
from tests.support.calls import make_settings
from tests.support.real_browser import RealServer
from tests.support.stores import CONSENT, change, made_reference, rows

pytestmark = pytest.mark.browser
COUNT = 112
HOSTILE = "<img src=x onerror=alert(1)>"
NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of 112 people: one took the consent back, one's has expired, one's ends soon."""
    folder = tmp_path_factory.mktemp("people")

    async def fill() -> None:
        store = open_store(make_settings(folder))
        for number in range(COUNT - 4):
            until = NOW + timedelta(days=400 + number)
            consent = replace(CONSENT, given_at=NOW, expires_at=until)
            await store.add(f"person {number}", made_reference(number), consent)
        past = replace(
            CONSENT, given_at=NOW - timedelta(days=30), expires_at=NOW - timedelta(days=2)
        )
        soon = replace(CONSENT, given_at=NOW, expires_at=NOW + timedelta(days=12, hours=1))
        await store.add("expired", made_reference(1), past)
        await store.add("soon", made_reference(2), soon)
        await store.add("withdrawn", made_reference(3), CONSENT)
        await store.add(HOSTILE, made_reference(4), CONSENT)
        await store.withdraw_consent("withdrawn")
        await store.close()

    # Playwright's own loop runs in this thread.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(fill())).result()
    return folder


@pytest.fixture(scope="module")
def server(data: Path) -> Iterator[RealServer]:
    with RealServer(make_settings(data)) as server:
        yield server


@pytest.fixture(
    scope="module",
    params=[
        pytest.param((1280, "light"), id="desk-light"),
        pytest.param((390, "dark"), id="phone-dark"),
    ],
)
def window(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    width, theme = request.param
    context = chromium.new_context(
        viewport={"width": width, "height": 900}, color_scheme=theme, reduced_motion="reduce"
    )
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, server: RealServer) -> Page:
    page = context.new_page()
    page.goto(f"{server.address}/people.html")
    expect(page.get_by_test_id("person").first).to_be_visible()
    return page


def test_a_reference_that_was_moved_says_from_which_model(
    context: BrowserContext, server: RealServer
) -> None:
    def moved(route: Route) -> None:
        answer = route.fetch()
        listed = answer.json()
        listed["identities"][1]["adapted_from"] = ["sface-campplus-34cbce9f"]
        route.fulfill(response=answer, json=listed)

    page = context.new_page()
    page.route("**/api/v1/identities*", moved)
    page.goto(f"{server.address}/people.html")
    expect(page.get_by_test_id("moved")).to_have_count(1)
    second = page.get_by_test_id("person").nth(1)
    expect(second).to_contain_text("moved from sface-campplus-34cbce9f")


def test_consents_end_by_the_servers_clock(context: BrowserContext, server: RealServer) -> None:
    page = context.new_page()
    page.clock.set_system_time(NOW + timedelta(days=100))
    page.goto(f"{server.address}/people.html")
    page.get_by_test_id("search").fill("soon")
    soon = page.get_by_test_id("person").filter(has_text="soon")
    expect(soon).to_have_count(1)
    expect(soon).to_contain_text("in 12 days")


def test_people_are_listed_page_by_page_and_found(page: Page, server: RealServer) -> None:
    axe = read_axe()
    people, status = page.get_by_test_id("person"), page.get_by_test_id("status")
    enrolled = server.get("identities?limit=1")["enrolled"]
    expect(people).to_have_count(50)
    expect(status).to_have_text(f"1 to 50 of {enrolled} people")
    assert violations(page, axe) == []
    first = people.first.inner_text()
    page.get_by_test_id("next").click()
    expect(status).to_have_text(f"51 to 100 of {enrolled} people")
    page.get_by_test_id("next").click()
    expect(people).to_have_count(enrolled - 100)
    expect(page.get_by_test_id("next")).to_be_disabled()
    page.get_by_test_id("previous").click()
    page.get_by_test_id("previous").click()
    expect(status).to_have_text(f"1 to 50 of {enrolled} people")
    assert people.first.inner_text() == first
    for consent, name, word in (("withdrawn", "withdrawn", "Withdrawn"),
                                ("expired", "expired", "Expired")):  # fmt: skip
        page.get_by_test_id(f"consent-{consent}").check()
        expect(people.filter(has_text=name).filter(has_text=word)).to_have_count(1)
        expect(people).to_have_count(1)
        assert violations(page, axe) == []
    page.get_by_test_id("consent-all").check()
    page.get_by_test_id("search").fill("soon")
    expect(people.filter(has_text="in 12 days")).to_have_count(1)
    expect(people).to_have_count(1)
    page.get_by_test_id("search").fill("soo")
    expect(page.get_by_test_id("empty")).to_contain_text("only if all of it is typed")
    assert violations(page, axe) == []
    page.get_by_test_id("clear").click()
    expect(people).to_have_count(50)
    expect(page.get_by_test_id("search")).to_be_focused()


def test_a_name_is_text_and_nothing_else(page: Page) -> None:
    page.get_by_test_id("search").fill(HOSTILE)
    expect(page.get_by_test_id("person")).to_have_count(1)
    expect(page.get_by_role("rowheader")).to_have_text(HOSTILE)
    assert page.locator("img").count() == 0


def test_one_is_deleted_by_the_keyboard_and_a_receipt_is_saved(
    page: Page, server: RealServer, data: Path, tmp_path: Path
) -> None:
    axe = read_axe()
    people = page.get_by_test_id("person")
    enrolled = server.get("identities?limit=1")["enrolled"]
    names = page.get_by_role("rowheader").all_inner_texts()
    # Any but those whom other tests look for.
    at = next(n for n, one in enumerate(names) if n >= 2 and one.startswith("person "))
    name, following = names[at], names[at + 1]
    people.nth(at).get_by_test_id("delete").focus()
    page.keyboard.press("Enter")
    confirm = page.get_by_test_id("confirm")
    expect(confirm).to_contain_text(f"Delete {name}?")
    assert violations(page, axe) == []
    page.keyboard.press("Escape")
    expect(confirm).to_be_hidden()
    assert server.get("identities?limit=1")["enrolled"] == enrolled
    expect(people.nth(at).get_by_test_id("delete")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_test_id("confirm-yes")).to_be_focused()
    page.keyboard.press("Enter")
    receipt = page.get_by_test_id("receipt")
    expect(receipt).to_contain_text(f"{name} was deleted")
    expect(page.get_by_test_id("receipt-save")).to_be_focused()
    assert violations(page, axe) == []
    with page.expect_download() as saving:
        page.keyboard.press("Enter")
    file = tmp_path / "receipt.json"
    saving.value.save_as(file)
    given = Receipt.parse(file.read_text())
    store = open_store(make_settings(data))
    given.check(read_public_key(store.audit.public_pem().encode()))
    assert (given.name, given.entry.fields["kind"]) == (name, "deleted")
    page.keyboard.press("Escape")
    expect(receipt).to_be_hidden()
    expect(page.get_by_test_id("status")).to_contain_text(f"of {enrolled - 1} people")
    expect(people.nth(at).get_by_role("rowheader")).to_have_text(following)
    expect(people.nth(at).get_by_test_id("delete")).to_be_focused()


def test_a_question_asked_again_at_once_waits_for_its_own_answer(page: Page) -> None:
    answers = page.evaluate(
        """async () => {
          const { confirmed } = await import("./js/confirm.js");
          const ask = (title) => confirmed({ title, text: "", yes: "Yes", no: "No" });
          const dialog = document.getElementById("confirm");
          const first = ask("First?");
          dialog.close("cancel");
          const second = ask("Second?");  // before anybody was told that the first is closed
          await new Promise((resolve) => setTimeout(resolve, 200));
          dialog.close("yes");
          return [await first, await second];
        }"""
    )
    assert answers == [False, True]


def test_records_that_are_refused_are_told(page: Page, server: RealServer, data: Path) -> None:
    page.get_by_test_id("search").fill("person 50")
    expect(page.get_by_test_id("person")).to_have_count(1)
    record_id = page.locator(".people-table .mono").first.get_attribute("title")
    sql = "UPDATE identities SET sealed_profile = ? WHERE id = ?"
    (row,) = (one for one in rows(data / "identities.db") if one["id"] == record_id)
    change(data / "identities.db", sql, b"changed", record_id)
    try:
        page.get_by_test_id("search").fill(str(record_id))
        expect(page.get_by_test_id("refused")).to_contain_text("1 record here is refused")
    finally:
        change(data / "identities.db", sql, row["sealed_profile"], record_id)


def test_a_server_that_fails_is_told(page: Page) -> None:
    problem = {"status": 503, "code": "store_failed", "detail": "The disk is full", "type": "x"}
    page.route(
        "**/api/v1/identities?*",
        lambda route: route.fulfill(status=503, body=json.dumps(problem)),
    )
    page.get_by_test_id("next").click()
    expect(page.get_by_test_id("error")).to_contain_text("The disk is full. Try again.")
    page.unroute("**/api/v1/identities?*")
    page.get_by_test_id("search").fill("soon")
    expect(page.get_by_test_id("person")).to_have_count(1)
    expect(page.get_by_test_id("error")).to_be_empty()
