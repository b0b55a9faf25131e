"""Signing in at an identity provider, in a real browser beside the real server."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import uvicorn
from playwright.sync_api import BrowserContext, Page, expect

from stream_verifier.access.scopes import Scope
from tests.support.axe import read_axe, violations
from tests.support.calls import make_settings
from tests.support.provider import FakeProvider
from tests.support.real_browser import WAIT_S, RealServer
from tests.support.rest_app import KEY

pytestmark = pytest.mark.browser
ROLES = {"heads": (Scope.ADMIN,), "guards": (Scope.READ,)}


@pytest.fixture(scope="module")
def serving() -> Iterator[FakeProvider]:
    """A provider on a port of its own, in a thread of its own."""
    provider = FakeProvider()
    config = uvicorn.Config(provider.app(), port=0, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    ready, startup = threading.Event(), server.startup

    async def tell(*args: object, **more: object) -> None:
        await startup(*args, **more)  # type: ignore[arg-type]
        ready.set()

    server.startup = tell  # type: ignore[method-assign]
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    assert ready.wait(WAIT_S)
    port = server.servers[0].sockets[0].getsockname()[1]
    provider.issuer = f"http://127.0.0.1:{port}"
    yield provider
    server.should_exit = True
    thread.join(WAIT_S)


@pytest.fixture(scope="module")
def server(serving: FakeProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    settings = make_settings(
        tmp_path_factory.mktemp("data"),
        token_key=KEY,
        oidc_issuer=serving.issuer,
        oidc_roles=ROLES,
        oidc_client_id="pages",
    )
    with RealServer(settings) as server:
        yield server


@pytest.fixture
def provider(serving: FakeProvider) -> FakeProvider:
    """As it should be; each test breaks what it likes."""
    serving.roles, serving.nonce = ("heads",), None
    serving.ttl_s = serving.id_ttl_s = 300
    serving.answers, serving.reuses, serving.down = {}, False, False
    serving.redeemed.clear()
    return serving


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """What the policy forbids, or fails in a script, fails the test; refusals are expected."""
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda entry: complaints.append(entry.text))
    yield page
    assert [one for one in complaints if "the server responded with a status" not in one] == []


def opened(page: Page, server: RealServer, name: str = "people.html") -> Page:
    page.goto(f"{server.address}/{name}")
    expect(page.get_by_test_id("sign-in")).to_be_visible()
    return page


def sign_in(page: Page) -> None:
    with page.expect_popup():
        page.get_by_test_id("sign-in").click()


def test_who_signs_in_sees_the_page_and_may_sign_out(
    page: Page, server: RealServer, provider: FakeProvider
) -> None:
    asked: list[str] = []
    page.context.on("request", lambda request: asked.append(request.url))
    opened(page, server)
    expect(page.get_by_test_id("token-dialog")).to_contain_text("Sign in at 127.0.0.1")
    assert violations(page, read_axe()) == []
    sign_in(page)
    expect(page.get_by_test_id("token-dialog")).to_have_count(0)
    expect(page.locator("#empty-text")).to_contain_text("Nobody is enrolled yet")
    expect(page.get_by_test_id("sign-out")).to_have_attribute("title", "Signed in as Ada Guard")
    (sent,) = provider.redeemed
    assert sent["redirect_uri"] == f"{server.address}/signed-in.html"
    assert len(sent["code_verifier"]) >= 43
    # Neither the token nor what makes the code worth anything is in any address.
    assert [url for url in asked if sent["code_verifier"] in url or "eyJ" in url] == []
    assert page.evaluate("Object.values(localStorage).join()") == ""
    assert sent["code_verifier"] not in page.evaluate("Object.values(sessionStorage).join()")
    page.reload()
    expect(page.locator("#empty-text")).to_contain_text("Nobody is enrolled yet")
    page.get_by_test_id("sign-out").click()
    expect(page.get_by_test_id("sign-in")).to_be_visible()
    assert page.evaluate("sessionStorage.length") == 0


def test_who_has_no_role_is_told_so(page: Page, server: RealServer, provider: FakeProvider) -> None:
    provider.roles = ("cooks",)
    sign_in(opened(page, server, "monitor.html"))
    expect(page.get_by_test_id("error")).to_contain_text("none of your roles allows this")
    expect(page.get_by_test_id("sign-out")).to_be_visible()
    provider.roles = ("guards",)
    sign_in_anew(page)
    expect(page.get_by_test_id("connection")).to_have_text("Live")


def sign_in_anew(page: Page) -> None:
    page.get_by_test_id("sign-out").click()
    sign_in(page)


def test_who_runs_out_of_time_signs_in_again_and_loses_nothing(
    page: Page, server: RealServer, provider: FakeProvider
) -> None:
    provider.ttl_s = -20  # within the leeway that clocks have: over in ten seconds
    sign_in(opened(page, server))
    expect(page.locator("#empty-text")).to_contain_text("Nobody is enrolled yet")
    page.evaluate("window.stays = true")
    provider.ttl_s = 300
    page.wait_for_timeout(11_000)
    page.get_by_test_id("search").fill("somebody")
    expect(page.get_by_test_id("token-dialog")).to_contain_text("the page stays as it is")
    sign_in(page)
    expect(page.locator("#empty-text")).to_contain_text("Nobody fits")
    expect(page.get_by_test_id("search")).to_have_value("somebody")
    assert page.evaluate("window.stays") is True


def test_an_answer_to_another_sign_in_is_none(
    page: Page, server: RealServer, provider: FakeProvider
) -> None:
    provider.answers = {"state": "of-another"}
    sign_in(opened(page, server))
    expect(page.get_by_test_id("sign-in-status")).to_contain_text("Go on in the window")
    page.wait_for_timeout(1000)
    assert provider.redeemed == []
    assert page.evaluate("sessionStorage.length") == 0
    provider.answers = {}
    sign_in(page)  # and it may be tried again at once
    expect(page.locator("#empty-text")).to_contain_text("Nobody is enrolled yet")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"nonce": "of-another"}, "not to this sign-in"),
        ({"id_ttl_s": -3600}, "expired by this computer's clock"),
        ({"answers": {"iss": "https://evil.example"}}, "Another identity provider"),
        ({"answers": {"error": "access_denied"}}, "refused: access_denied"),
        ({"answers": {"code": ""}}, "holds no code"),
        ({"reuses": True}, "gave no token (invalid_grant)"),
        ({"down": True}, "gave no token (temporarily_unavailable)"),
    ],
)
def test_what_goes_wrong_is_said_and_signs_nobody_in(
    page: Page, server: RealServer, provider: FakeProvider, changes: dict[str, object], why: str
) -> None:
    for name, value in changes.items():
        setattr(provider, name, value)
    sign_in(opened(page, server))
    expect(page.get_by_test_id("sign-in-status")).to_contain_text(why)
    assert page.evaluate("sessionStorage.length") == 0
    expect(page.get_by_test_id("token-dialog")).to_be_visible()


def test_a_token_may_be_given_all_the_same(
    page: Page, server: RealServer, provider: FakeProvider
) -> None:
    opened(page, server)
    page.get_by_text("Use a token instead").click()
    page.get_by_test_id("token").fill(provider.token("heads"))
    page.get_by_test_id("token").press("Enter")
    expect(page.locator("#empty-text")).to_contain_text("Nobody is enrolled yet")
    expect(page.get_by_test_id("sign-out")).to_have_count(0)
