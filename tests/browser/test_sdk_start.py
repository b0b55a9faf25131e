"""How a call begins: address, token, relay servers."""

from __future__ import annotations

import pytest

from tests.support.page_fake import until
from tests.support.sdk_fake import SdkPage, SdkServer, connected

pytestmark = pytest.mark.browser
ADDRESSES = """async urls => {
  const { callUrl, iceServersUrl } = await import("./js/sdk/addresses.js");
  return urls.map(url => [callUrl(url ?? undefined), iceServersUrl(url ?? undefined)]);
}"""


def test_the_token_goes_into_the_first_message_and_a_header_only(
    sdk: SdkPage, sdk_server: SdkServer
) -> None:
    asked: list[str] = []
    sdk.page.on("request", lambda request: asked.append(request.url))
    sdk.page.on("websocket", lambda socket: asked.append(socket.url))
    sdk.start(token="a.b.c")
    call = connected(sdk, sdk_server)
    assert call.start["token"] == "a.b.c"
    assert sdk_server.asked_with == ["Bearer a.b.c"]
    assert asked
    assert not any("a.b.c" in url for url in asked)


def test_without_a_token_none_is_sent(sdk: SdkPage, sdk_server: SdkServer) -> None:
    sdk.start()
    assert "token" not in connected(sdk, sdk_server).start
    assert sdk_server.asked_with == [None]


def test_the_secret_of_a_session_stays_inside(sdk: SdkPage, sdk_server: SdkServer) -> None:
    sdk.start()
    connected(sdk, sdk_server)
    answer = sdk.wait_for("answer")
    assert answer["session"] == "s1"
    assert "resume_key" not in answer


def test_a_token_that_cannot_be_had_is_told(sdk: SdkPage, sdk_server: SdkServer) -> None:
    sdk.start(token="noToken")
    assert sdk.wait_for("closed")["reason"] == "error"
    assert [event["code"] for event in sdk.told("error")] == ["token_failed"]
    assert sdk_server.nobody_calls()


def test_a_refused_start_is_told_as_the_server_says_it(sdk: SdkPage, sdk_server: SdkServer) -> None:
    sdk.start()
    sdk_server.take("start").refuse("missing_token", "This server needs a token.")
    sdk.wait_for("closed")
    (error,) = sdk.told("error")
    assert (error["code"], error["message"]) == ("missing_token", "This server needs a token.")
    assert sdk.told("reconnecting") == []


def test_the_servers_relays_are_used(sdk: SdkPage, sdk_server: SdkServer) -> None:
    relay = {"urls": ["turn:127.0.0.1:9"], "username": "1:ada", "credential": "c"}
    sdk_server.ice_servers = [relay]
    sdk.start()
    sdk_server.take("start")
    used = sdk.page.evaluate("peers[0].getConfiguration().iceServers")
    assert used == [relay]


def test_relays_of_the_host_take_their_place(sdk: SdkPage, sdk_server: SdkServer) -> None:
    sdk.start(iceServers=[{"urls": ["stun:127.0.0.1:9"]}])
    sdk_server.take("start")
    assert sdk.page.evaluate("peers[0].getConfiguration().iceServers[0].urls") == [
        "stun:127.0.0.1:9"
    ]
    assert sdk_server.asked_with == []


def test_a_call_goes_on_without_the_list_of_relays(sdk: SdkPage, sdk_server: SdkServer) -> None:
    sdk_server.ice_status = 503
    sdk.start()
    connected(sdk, sdk_server)
    assert [event["code"] for event in sdk.told("warning")] == ["ice_unavailable"]


def test_a_proxy_that_stops_websockets_is_told_from_a_server_that_is_away(
    sdk: SdkPage, sdk_server: SdkServer
) -> None:
    sdk_server.reachable = False
    sdk.start()
    sdk.wait_for("closed")
    assert [event["code"] for event in sdk.told("error")] == ["no_websocket"]


@pytest.mark.slow
def test_an_address_that_nobody_answers_is_told(sdk: SdkPage) -> None:
    sdk.start(url="http://127.0.0.1:9", iceServers=[])
    sdk.wait_for("closed")
    assert [event["code"] for event in sdk.told("error")] == ["unreachable"]


def test_servers_and_their_calls_are_both_addresses(sdk: SdkPage, sdk_server: SdkServer) -> None:
    given = [
        "https://verifier.example",
        "https://verifier.example/under/a/prefix",
        "wss://verifier.example/under/api/v1/call",
        "/prefix/",
        None,
    ]
    host = sdk_server.address.split("/")[2]
    assert sdk.page.evaluate(ADDRESSES, given) == [
        ["wss://verifier.example/api/v1/call", "https://verifier.example/api/v1/ice-servers"],
        [
            "wss://verifier.example/under/a/prefix/api/v1/call",
            "https://verifier.example/under/a/prefix/api/v1/ice-servers",
        ],
        [
            "wss://verifier.example/under/api/v1/call",
            "https://verifier.example/under/api/v1/ice-servers",
        ],
        [f"ws://{host}/prefix/api/v1/call", f"http://{host}/prefix/api/v1/ice-servers"],
        [f"ws://{host}/verifier/api/v1/call", f"http://{host}/verifier/api/v1/ice-servers"],
    ]


def test_a_verifier_makes_one_call(sdk: SdkPage, sdk_server: SdkServer) -> None:
    sdk.start()
    connected(sdk, sdk_server)
    again = "verifier.start().then(() => 'started', error => error.message)"
    assert "makes one call" in sdk.page.evaluate(again)
    sdk.page.evaluate("void verifier.stop()")
    until(sdk.page, "told.some(e => e.event === 'ending')")
    attach = "() => { try { verifier.attach(media); } catch (error) { return error.message; } }"
    assert "makes one call" in sdk.page.evaluate(attach)


def test_a_page_that_is_left_says_goodbye(sdk: SdkPage, sdk_server: SdkServer) -> None:
    sdk.start()
    call = connected(sdk, sdk_server)
    sdk.page.reload()
    assert call.left.wait(20)
    assert call.said == [{"type": "stop"}]
