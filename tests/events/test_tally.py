"""What a hub was told is counted, by fixed sets, whoever follows."""

from __future__ import annotations

from stream_verifier.errors import error_codes
from stream_verifier.events.hub import Hub
from stream_verifier.events.schema import ErrorRaised, State, StateChanged
from tests.support.feed_media import PAYLOAD_EXAMPLES, Call, changed, ended, score


async def test_a_call_is_counted_as_it_goes() -> None:
    hub = Hub()
    call = Call(hub, "s1")
    call.say(score(), changed(), changed(State.REJECTED), ended())
    Call(hub, "s2").say(ErrorRaised(media_s=1.0, code="no_connection", message="Nothing came."))
    assert hub.tally.begun == {"verify": 2}
    assert hub.tally.states == {State.VERIFIED: 1, State.REJECTED: 1}
    assert hub.tally.ended == {"stopped": 1}
    assert hub.tally.errors == {"no_connection": 1}
    await hub.close()


async def test_other_reasons_for_one_state_are_no_change_of_it() -> None:
    hub = Hub()
    again = StateChanged(
        media_s=1.0, state=State.WAITING, previous=State.WAITING, reasons=[], llr=None
    )
    Call(hub, "s1").say(again)
    assert not hub.tally.states
    await hub.close()


async def test_every_kind_of_event_can_be_counted() -> None:
    hub = Hub()
    Call(hub, "s1").say(*PAYLOAD_EXAMPLES)
    assert hub.tally.enrolled == sum(one.type == "enrolled" for one in PAYLOAD_EXAMPLES) > 0
    assert hub.tally.connections_lost > 0
    await hub.close()


def test_codes_are_of_all_kinds_of_error() -> None:
    assert {"internal_error", "store_failed", "no_connection", "identity_locked"} <= error_codes()
