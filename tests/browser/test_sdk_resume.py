"""A call that loses its connection, as the SDK lives through it."""

from __future__ import annotations

import pytest

from stream_verifier.client.call_socket import _TRY_AGAIN
from tests.support.page_fake import until
from tests.support.sdk_fake import KEY, SdkPage, SdkServer, connected

pytestmark = pytest.mark.browser


def test_a_lost_socket_is_resumed_after_the_last_event(sdk: SdkPage, sdk_server: SdkServer) -> None:
    sdk.start(token="freshToken")
    first = connected(sdk, sdk_server)
    first.state("verified")
    sdk.wait_for("state_changed")
    first.drop()
    again = sdk_server.take("resume")
    assert {key: value for key, value in again.start.items() if key != "sdp"} == {
        "type": "resume",
        "session": "s1",
        "resume_key": KEY,
        "after": 2,
        "untold": 0,
        "token": "token 2",
    }
    again.accept(after=2)
    resumed = sdk.wait_for("resumed")
    assert (resumed["session"], resumed["attempts"]) == ("s1", 1)
    assert sorted(again.tracks) == ["audio", "video"]
    assert sdk.told("reconnecting")[0]["reason"] == "connection_lost"
    assert sdk.told("error", "closed", "restarted") == []


def test_events_that_come_again_are_told_once(sdk: SdkPage, sdk_server: SdkServer) -> None:
    sdk.start()
    first = connected(sdk, sdk_server)
    first.state("verified")
    sdk.wait_for("state_changed")
    first.drop()
    again = sdk_server.take("resume")
    again.accept(after=1)
    again.state("verified")
    again.state("uncertain", "media_gap")
    sdk.wait_for("state_changed", "e.state === 'uncertain'")
    assert [event["seq"] for event in sdk.told("session_started", "state_changed")] == [1, 2, 3]
    assert sdk.told("events_lost") == []


def test_events_that_never_came_are_counted(sdk: SdkPage, sdk_server: SdkServer) -> None:
    sdk.start()
    connected(sdk, sdk_server).drop()
    again = sdk_server.take("resume")
    again.accept(after=4)
    again.state("rejected", "face_mismatch")
    sdk.wait_for("state_changed")
    (lost,) = sdk.told("events_lost")
    assert (lost["count"], lost["after"], lost["before"]) == (3, 1, 5)


def test_the_key_of_the_last_answer_counts(sdk: SdkPage, sdk_server: SdkServer) -> None:
    sdk.start()
    connected(sdk, sdk_server).drop()
    second = sdk_server.take("resume")
    second.accept(after=1, key="another")
    sdk.wait_for("resumed")
    second.drop()
    assert sdk_server.take("resume").start["resume_key"] == "another"


def test_a_server_that_forgot_the_session_gets_a_new_one(
    sdk: SdkPage, sdk_server: SdkServer
) -> None:
    sdk.start(operatingPoint="alarm_2h")
    first = connected(sdk, sdk_server)
    first.state("verified")
    sdk.wait_for("state_changed")
    first.drop()
    sdk_server.take("resume").refuse("unknown_session", "This session has ended.")
    anew = sdk_server.take("start")
    assert anew.start["operating_point"] == "alarm_2h"
    anew.accept(session="s2")
    anew.push("session_started")
    restarted = sdk.wait_for("restarted")
    assert (restarted["session"], restarted["previous"]) == ("s2", "s1")
    sdk.wait_for("resumed", "e.session === 's2'")
    sdk.wait_for("session_started", "e.session === 's2'")
    assert sdk.told("error", "events_lost") == []


def test_a_server_that_restarts_politely_is_waited_for(sdk: SdkPage, sdk_server: SdkServer) -> None:
    sdk.start()
    first = connected(sdk, sdk_server, key=None)
    sdk_server.reachable = False
    first.end("server_stopping")
    sdk.wait_for("reconnecting", "e.attempt === 3 && e.reason === 'unreachable'")
    sdk_server.reachable = True
    sdk_server.take("start").accept(session="s2")
    assert sdk.wait_for("restarted")["previous"] == "s1"
    assert sdk.told("session_ended")[0]["reason"] == "server_stopping"
    assert sdk.told("closed") == []


def test_a_call_moves_when_its_server_is_about_to_stop(sdk: SdkPage, sdk_server: SdkServer) -> None:
    sdk.start()
    first = connected(sdk, sdk_server)
    first.push_text('{"type": "going_away", "ends_in_s": 30, "come_back_within_s": 0.1}')
    again = sdk_server.take("resume")
    assert (again.start["session"], again.start["after"]) == ("s1", 1)
    again.accept(after=1)
    again.state("verified")
    assert sdk.wait_for("state_changed")["seq"] == 2
    assert sdk.wait_for("resumed")["session"] == "s1"
    assert sdk.told("going_away") == [{"event": "going_away", "endsInMs": 30_000, "moves": True}]
    assert sdk.told("reconnecting")[0]["reason"] == "going_away"
    assert sdk.told("error", "closed", "restarted", "events_lost") == []


def test_a_call_stays_where_no_other_server_would_take_it(
    sdk: SdkPage, sdk_server: SdkServer
) -> None:
    sdk.start()
    first = connected(sdk, sdk_server)
    first.push_text('{"type": "going_away", "ends_in_s": 30, "come_back_within_s": null}')
    assert sdk.wait_for("going_away")["moves"] is False
    first.state("verified")
    sdk.wait_for("state_changed")
    assert sdk.told("reconnecting", "error", "closed") == []


def test_an_enrolment_is_not_begun_again_unasked(sdk: SdkPage, sdk_server: SdkServer) -> None:
    sdk.start(mode="enrol", consent={"subject": "ada", "purpose": "p", "text": "t"})
    connected(sdk, sdk_server).drop()
    sdk_server.take("resume").refuse("unknown_session", "This session has ended.")
    sdk.wait_for("closed")
    assert [event["code"] for event in sdk.told("error")] == ["session_lost"]
    assert sdk_server.nobody_calls()


def test_it_gives_up_when_the_session_is_over(sdk: SdkPage, sdk_server: SdkServer) -> None:
    sdk.start()
    first = connected(sdk, sdk_server, within_s=0.7)
    sdk_server.reachable = False
    first.drop()
    assert sdk.wait_for("closed")["reason"] == "error"
    assert [event["code"] for event in sdk.told("error")] == ["connection_lost"]
    assert sdk.page.evaluate("peers.every(peer => peer.connectionState === 'closed')")
    assert sdk.page.evaluate("media.getTracks().every(track => track.readyState === 'live')")


def test_a_refusal_that_will_not_pass_ends_the_call(sdk: SdkPage, sdk_server: SdkServer) -> None:
    sdk.start(token="stale")
    connected(sdk, sdk_server).drop()
    sdk_server.take("resume").refuse("expired_token", "The token has expired: get another.")
    sdk.wait_for("closed")
    assert [event["code"] for event in sdk.told("error")] == ["expired_token"]


def test_a_refusal_that_may_pass_is_tried_again(sdk: SdkPage, sdk_server: SdkServer) -> None:
    sdk.start()
    connected(sdk, sdk_server).drop()
    passing = sorted(_TRY_AGAIN)  # the same as from Python
    for code in passing:
        sdk_server.take("resume").refuse(code, "Not now.")
    sdk_server.take("resume").accept(after=1)
    sdk.wait_for("resumed")
    assert [event["reason"] for event in sdk.told("reconnecting")] == ["connection_lost", *passing]
    assert sdk.told("error") == []


def test_stop_while_away_ends_the_call(sdk: SdkPage, sdk_server: SdkServer) -> None:
    sdk.start()
    first = connected(sdk, sdk_server)
    sdk_server.reachable = False
    first.drop()
    sdk.wait_for("reconnecting")
    sdk.page.evaluate("void verifier.stop()")
    assert sdk.wait_for("closed")["reason"] == "stopped"
    assert sdk.told("error") == []


def test_media_that_stays_away_makes_a_new_connection(sdk: SdkPage, sdk_server: SdkServer) -> None:
    sdk.start()
    first = connected(sdk, sdk_server)
    sdk.page.evaluate("""() => {
      const [peer] = window.peers;
      Object.defineProperty(peer, "connectionState", { value: "disconnected" });
      peer.dispatchEvent(new Event("connectionstatechange"));
    }""")
    again = sdk_server.take("resume")
    assert first.left.wait(20)
    again.accept(after=1)
    sdk.wait_for("resumed")
    assert sdk.told("reconnecting")[0]["reason"] == "media_failed"


def test_a_page_that_is_online_again_does_not_wait(sdk: SdkPage, sdk_server: SdkServer) -> None:
    sdk.start()
    first = connected(sdk, sdk_server)
    sdk_server.reachable = False
    # Only a page that is told to hurry gets past the second attempt.
    sdk.page.evaluate("""() => {
      const later = window.setTimeout;
      window.setTimeout = (action, ms) => later(action, ms > 100 && ms < 1500 ? 1e8 : ms);
    }""")
    first.drop()
    sdk.wait_for("reconnecting", "e.attempt === 2")
    sdk_server.reachable = True
    sdk.page.evaluate("dispatchEvent(new Event('offline')); dispatchEvent(new Event('online'))")
    sdk_server.take("resume").accept(after=1)
    sdk.wait_for("resumed")
    assert [event["online"] for event in sdk.told("network")] == [False, True]


def test_a_hidden_page_is_told_and_goes_on(sdk: SdkPage, sdk_server: SdkServer) -> None:
    sdk.start()
    call = connected(sdk, sdk_server)
    for hidden in ("true", "false"):
        sdk.page.evaluate(f"""() => {{
          Object.defineProperty(document, "hidden", {{ value: {hidden}, configurable: true }});
          document.dispatchEvent(new Event("visibilitychange"));
        }}""")
    assert [event["hidden"] for event in sdk.told("visibility")] == [True, False]
    call.state("verified")
    sdk.wait_for("state_changed")
    assert sdk.told("reconnecting") == []


def test_a_token_that_cannot_be_had_on_the_way_back_is_asked_for_again(
    sdk: SdkPage, sdk_server: SdkServer
) -> None:
    sdk.page.evaluate("""() => {
      window.answers = ["first", null, "third"];
      window.nextToken = async () => window.answers.shift() ?? Promise.reject(new Error("offline"));
    }""")
    sdk.start(token="nextToken")
    connected(sdk, sdk_server).drop()
    assert sdk_server.take("resume").start["token"] == "third"
    until(sdk.page, "told.some(e => e.reason === 'token_failed')")


def test_a_start_that_meets_a_server_about_to_stop_is_tried_again(
    sdk: SdkPage, sdk_server: SdkServer
) -> None:
    sdk.start()
    sdk_server.take("start").refuse("server_stopping", "The server is stopping.")
    again = sdk_server.take("start")
    again.accept()
    again.push("session_started")
    sdk.wait_for("connection", "e.state === 'connected'")
    assert sdk.told("error", "closed", "restarted") == []
