"""Which host a request names."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pydantic import SecretStr, TypeAdapter, ValidationError

from stream_verifier.access.grant import ANYBODY
from stream_verifier.errors import SettingsError
from stream_verifier.rooms.finding import host_of
from stream_verifier.rooms.janus.room import JanusHost
from stream_verifier.rooms.livekit.host import LiveKitHost
from stream_verifier.rooms.requests import LiveKitRoomRequest, RoomRequest
from stream_verifier.rooms.sealing import RoomRecord, RoomSeal
from stream_verifier.settings import Settings

ASKED: TypeAdapter[RoomRequest] = TypeAdapter(RoomRequest)
LIVEKIT = {"host": "livekit", "url": "wss://livekit.example", "room": "meeting"}


def test_janus_and_livekit_are_told_apart() -> None:
    janus = ASKED.validate_python({"host": "janus", "url": "ws://janus:8188", "room": "1"})
    assert isinstance(host_of(janus, Settings()), JanusHost)
    found = host_of(ASKED.validate_python({**LIVEKIT, "tells": True}), Settings())
    assert isinstance(found, LiveKitHost)
    assert (found.url, found.room, found.tells) == ("wss://livekit.example", "meeting", True)
    assert found.keys is None


def test_livekit_is_entered_with_the_key_of_the_settings_and_their_bounds() -> None:
    settings = Settings(
        livekit_api_key="APIkey",
        livekit_api_secret=SecretStr("secret of the key, which is long"),
        face_rate_hz=3.0,
        max_frame_side_px=1280,
    )
    found = host_of(ASKED.validate_python(LIVEKIT), settings)
    assert isinstance(found, LiveKitHost)
    assert found.keys is not None
    assert found.keys.key == "APIkey"
    assert (found.video_rate_hz, found.limits.side_px) == (3.0, 1280)
    assert "secret" not in repr(found)


def test_who_is_who_in_livekit_is_by_its_identities_unless_said() -> None:
    request = LiveKitRoomRequest.model_validate(LIVEKIT)
    assert (request.map.by, request.tells) == ("feed", False)


def test_another_server_of_a_fleet_can_enter_it_with_its_own_key() -> None:
    record = RoomRecord.of(ASKED.validate_python(LIVEKIT), ANYBODY, "192.0.2.1", "2026-01-02")
    seal = RoomSeal(bytes(32))
    assert seal.open("a1", seal.seal("a1", record)).request == record.request


def test_whoever_attached_a_room_is_the_same_holder_at_every_server() -> None:
    grant = replace(ANYBODY, subject="oidc-sub-1", operating_point="alarm_2h")
    record = RoomRecord.of(ASKED.validate_python(LIVEKIT), grant, "192.0.2.1", "2026-01-02")
    seal = RoomSeal(bytes(32))
    assert seal.open("a1", seal.seal("a1", record)).grant == grant


@pytest.mark.parametrize("more", [{"pin": "x"}, {"api_secret": "x"}, {"host": "zoom"}])
def test_what_livekit_has_not_is_refused(more: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        ASKED.validate_python({**LIVEKIT, **more})


@pytest.mark.parametrize("half", ["livekit_api_key", "livekit_api_secret"])
def test_half_a_key_is_none(half: str) -> None:
    with pytest.raises((SettingsError, ValidationError), match="go together"):
        Settings.model_validate({half: "half a key of LiveKit, which is long"})
